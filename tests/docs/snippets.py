"""Finding the code in pages of documentation, and running it.

The rules for a page:

- Every fence that begins with ```` ```python ```` is run. The fences of a page run in their order
  and share one namespace; ``await`` outside of a function is allowed, as in ``python -m asyncio``.
- What a fence prints is compared with the ```` ```text ```` fence that follows it directly, or
  that is the next fence after it and marked ```` ```text output ````.
- Or with the comments ``# prints: ...`` inside of the fence, line by line.
- ```` ```python skip="reason" ```` is not run.
- A line ``<!-- page: name -->`` begins a page within a page, with a namespace of its own.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.architecture.source import ROOT, Module, modules

DOCSTRINGS = ROOT / "tests" / "docs" / "documented" / "docstrings.md"

_FENCE = re.compile(r"^(?P<indent> *)(?P<mark>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_SKIP = re.compile(r'\bskip="(?P<reason>[^"]*)"')
_PAGE = re.compile(r"^<!-- page: (?P<name>\S+) -->$")
_PRINTS = re.compile(r"# prints: ?(?P<line>.*)$")
_TEST = re.compile(r"^(class Test\w+|(async )?def test_\w+)", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A block of code in a page.

    Attributes:
        line: the number of its first line of code.
        follows: whether nothing but empty lines is between the block before it and this one.
        output: what it is expected to print; None if the page does not say.
    """

    page: str
    path: Path
    line: int
    info: str
    code: str
    follows: bool = False
    output: str | None = None

    @property
    def words(self) -> list[str]:
        return self.info.split()

    @property
    def is_python(self) -> bool:
        return self.words[:1] == ["python"]

    @property
    def skip_reason(self) -> str | None:
        """Why it is not to be run; None if it is."""
        found = _SKIP.search(self.info)
        return found["reason"].strip() if found else None

    @property
    def defines_tests(self) -> bool:
        return _TEST.search(self.code) is not None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


class SnippetError(AssertionError):
    """A fence does not do what its page says."""


def pages() -> dict[str, Path]:
    """Every page with code for users, by its name.

    docs/llms-full.txt is not among them: it is made of these, which `test_llms.py` sees to.
    """
    found = [ROOT / name for name in ("README.md", "AGENTS.md", "llms.txt", "CONTRIBUTING.md")]
    found += [ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path for path in found}


def read_fences(path: Path, *, text: str | None = None) -> list[Fence]:
    """All fences of a page, of whatever language."""
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
    text = path.read_text(encoding="utf-8") if text is None else text
    return list(_fences(text.splitlines(), name, path, first_line=1))


def docstring_fences(sources: Iterable[Module] | None = None) -> dict[str, list[Fence]]:
    """The fences in the docstrings of the package, by the name of what they document."""
    return {
        name: list(_fences(text.splitlines(), name, path, first_line=first_line))
        for name, text, first_line, path in docstrings(sources)
        if "```" in text
    }


@cache
def docstring_programs() -> dict[str, list[Fence]]:
    """The code in docstrings, by what it documents, with what it takes for granted before it."""
    given = programs(read_fences(DOCSTRINGS))
    found: dict[str, list[Fence]] = {}
    for name, fences in docstring_fences().items():
        before, after = given.get(name, [])[:1], given.get(name, [])[1:]
        for printed in programs(fences).values():
            found[name] = [*before, *printed, *after]
    return found


def unmarked_code(docstring: str) -> list[str]:
    """The lines of a docstring with which code begins that is in no fence."""
    found, inside, before = [], False, "-"
    for line in docstring.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif not inside and ((line.startswith("    ") and not before.strip()) or ">>>" in line):
            found.append(line.strip())
        before = line
    return found


def docstrings(sources: Iterable[Module] | None = None) -> Iterator[tuple[str, str, int, Path]]:
    """Every docstring: what it documents, its text, and where it begins."""
    for module in modules().values() if sources is None else sources:
        for node in ast.walk(module.tree):
            if isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ):
                text = ast.get_docstring(node)
                if text is not None:
                    name = f"{module.name}.{getattr(node, 'name', '')}".rstrip(".")
                    yield name, text, node.body[0].lineno, module.path


def _fences(lines: Sequence[str], page: str, path: Path, *, first_line: int) -> Iterator[Fence]:
    inside: re.Match[str] | None = None
    start, follows = 0, False
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if inside is None:
            if chapter := _PAGE.match(line):
                page, follows = chapter["name"], False
            elif match is not None:
                inside, start = match, number + 1
            elif line.strip():
                follows = False
        elif match and not match["info"].strip() and match["mark"].startswith(inside["mark"]):
            yield Fence(
                page=page,
                path=path,
                line=first_line + start,
                info=inside["info"].strip(),
                code="".join(
                    f"{line.removeprefix(inside['indent'])}\n" for line in lines[start:number]
                ),
                follows=follows,
            )
            inside, follows = None, True
    if inside is not None:
        raise SnippetError(f"{page}:{first_line + start - 1}: this fence is never closed")


def programs(fences: Sequence[Fence]) -> dict[str, list[Fence]]:
    """The Python fences by page, each with the output that the page promises."""
    found: dict[str, list[Fence]] = {}
    code: Fence | None = None
    for fence in fences:
        if fence.is_python:
            found.setdefault(fence.page, []).append(fence)
            code = fence
            continue
        marked = "output" in fence.words[1:]
        if code is not None and code.page == fence.page and fence.words[:1] == ["text"]:
            if marked or fence.follows:
                found[fence.page][-1] = replace(code, output=fence.code)
        elif marked:
            raise SnippetError(f"{fence}: this output follows no code")
        code = None
    return found


def expected_output(fence: Fence) -> str | None:
    """What a fence is expected to print, if its page says so."""
    comments = [match["line"] for line in fence.code.splitlines() if (match := _prints(line))]
    if comments and fence.output is not None:
        raise SnippetError(f"{fence}: its output is given twice")
    return "".join(f"{line}\n" for line in comments) if comments else fence.output


def _prints(line: str) -> re.Match[str] | None:
    return _PRINTS.search(line)


def run_program(fences: Sequence[Fence]) -> None:
    """Run the fences of one page in one namespace and compare what they print.

    Raises:
        SnippetError: the output differs, or a fence raised something, which is the cause.
    """
    with _as_main() as namespace, asyncio.Runner() as runner:
        for fence in fences:
            if fence.skip_reason is None:
                _run(fence, namespace, runner)


@contextmanager
def _as_main() -> Iterator[dict[str, object]]:
    """The namespace of a new ``__main__``, where annotations of models are looked up, too."""
    module = ModuleType("__main__")
    original = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield module.__dict__
    finally:
        sys.modules["__main__"] = original


def _run(fence: Fence, namespace: dict[str, object], runner: asyncio.Runner) -> None:
    printed = io.StringIO()
    # Empty lines before the code make the line numbers of a traceback those of the page.
    source = "\n" * (fence.line - 1) + fence.code
    try:
        code = compile(source, fence.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(printed):
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(_evaluate(code, namespace))
            else:
                exec(code, namespace)
    except Exception as error:
        raise SnippetError(f"{fence}: {type(error).__name__}: {error}") from error
    expected = expected_output(fence)
    if expected is not None and printed.getvalue() != expected:
        raise SnippetError(
            f"{fence}: printed\n{textwrap.indent(printed.getvalue(), '    ')}"
            f"instead of\n{textwrap.indent(expected, '    ')}"
        )


async def _evaluate(code: object, namespace: dict[str, object]) -> None:
    await eval(code, namespace)  # type: ignore[arg-type]  # a code object that is a coroutine


def as_test_module(fences: Sequence[Fence]) -> str:
    """The fences of a page that defines tests as a module for pytest.

    Left out is what runs at the top level of the page and awaits something.
    """
    parts = []
    for fence in fences:
        if fence.skip_reason is None:
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            code = compile(fence.code, str(fence), "exec", flags=flags)
            if not code.co_flags & inspect.CO_COROUTINE:
                parts.append(f"# {fence}\n{fence.code}")
    return "\n\n".join(parts)
