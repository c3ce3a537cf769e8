"""Rules that are about single statements: logs, the environment, blocking calls, install hints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, extras, imports, listing, modules

# What people said, or a model was told. Logs carry ids.
CONTENT = {
    "arguments",
    "body",
    "content",
    "contents",
    "payload",
    "prompt",
    "raw",
    "text",
    "transcript",
    "transcription",
}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# These say something about a value and do not show it.
SAFE_CALLS = {"bool", "id", "len", "type"}

# A traceback ends with the exception's text, which may quote what it was raised for. That of a
# tool is what whoever runs it has to go by: the model is told no more than the class.
SHOWS_TRACEBACKS = {"roomkit.channels._ai.tool_round"}

# In prose about extras in general, `extra` stands for any of them.
PLACEHOLDER = "extra"
EXTRA_IN_TEXT = re.compile(r"roomkit\[([a-z0-9,-]+)\]")


def log_calls(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if (
                method in LOG_METHODS and "log" in ast.unparse(receiver).split(".")[-1].lower()
            ):
                yield node


def shown(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The names whose values an expression would print."""
    match node:
        case ast.Call(func=ast.Name(id=function)) if function in SAFE_CALLS:
            return
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield node, name
        case ast.Call(func=ast.Attribute(value=receiver)):
            yield from shown(receiver)
    # Only the last attribute is printed: `message.id` shows an id, not a message.
    if isinstance(node, ast.Attribute):
        return
    for child in ast.iter_child_nodes(node):
        yield from shown(child)


@pytest.mark.parametrize("name", sorted(modules()))
def test_logs_carry_no_content(name: str) -> None:
    module = modules()[name]
    problems = [
        f"{module.at(call)}: {ast.unparse(value)}"
        for call in log_calls(module)
        for argument in [*call.args, *call.keywords]
        for value, label in shown(argument)
        if label.rsplit("_", 1)[-1] in CONTENT
    ]
    assert not problems, listing(problems)


@pytest.mark.parametrize("name", sorted(modules()))
def test_logs_carry_no_traceback(name: str) -> None:
    module = modules()[name]
    problems = [
        module.at(call)
        for call in log_calls(module)
        if any(keyword.arg == "exc_info" for keyword in call.keywords)
        or ast.unparse(call.func).endswith(".exception")
    ]
    assert bool(problems) == (name in SHOWS_TRACEBACKS), listing(problems)


@pytest.mark.parametrize("name", sorted(modules()))
def test_no_environment_variables(name: str) -> None:
    module = modules()[name]
    problems = [
        f"{module.at(node)}: {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
    ]
    problems += [
        f"{module.at(item.node)}: {item.target}.{item.name}"
        for item in imports(name)
        if item.target == "os" and item.name in {"environ", "environb", "getenv", "getenvb"}
    ]
    assert not problems, listing(problems)


@pytest.mark.parametrize("name", sorted(modules()))
def test_nothing_blocks_the_loop(name: str) -> None:
    blocking = {"requests", "urllib.request", "http.client", "subprocess"}
    module = modules()[name]
    problems = [
        f"{module.at(item.node)}: {item.target}"
        for item in imports(name)
        if item.target in blocking or (item.target, item.name) == ("time", "sleep")
    ]
    problems += [
        f"{module.at(node)}: time.sleep"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"
    ]
    assert not problems, listing(problems)


def named_extras(module: Module) -> Iterator[tuple[ast.expr, str]]:
    """The extras that a module tells people to install."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str(text)):
                for found in EXTRA_IN_TEXT.findall(text):
                    for extra in found.split(","):
                        yield node, extra
            case ast.Call(func=ast.Name(id="require" | "MissingDependencyError")):
                values = [keyword.value for keyword in node.keywords if keyword.arg == "extra"]
                for value in values or node.args[1:2]:
                    if isinstance(value, ast.Constant):
                        yield value, str(value.value)


@pytest.mark.parametrize("name", sorted(modules()))
def test_named_extras_exist(name: str) -> None:
    module = modules()[name]
    problems = [
        f"{module.at(node)}: there is no extra {extra!r}"
        for node, extra in named_extras(module)
        if extra not in extras() and extra != PLACEHOLDER
    ]
    assert not problems, listing(problems)
