"""What comes from MCP servers, put into RoomKit's words."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import anyio
import httpx2
import mcp
import mcp_types as types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from roomkit.errors import ProviderError
from roomkit.providers.ai.base import AIImagePart, AITextPart
from roomkit.tools._mcp.content import read_result
from roomkit.tools._mcp.failures import CallLostError, Code, Failures
from roomkit.tools._mcp.names import usable_name, usable_names
from roomkit.tools._mcp.sdk import SDK
from roomkit.tools.base import ToolError
from roomkit.tools.functions import assert_tool_name

SECRET = "hunter2"
OPENING_CODES = {
    "bad_answer",
    "connection_lost",
    "rejected",
    "timeout",
    "unauthorized",
    "unavailable",
    "unreachable",
}


@given(st.lists(st.text(max_size=150)))
def test_every_name_becomes_one_that_models_can_use(names: list[str]) -> None:
    usable = usable_names(names)
    assert usable.keys() == set(names)
    assert len(set(usable.values())) == len(usable)
    for name, changed in usable.items():
        assert_tool_name(changed)
        if usable_name(name) == name:
            assert changed == name


@given(st.lists(st.text("ab._-/", min_size=1, max_size=4), unique=True), st.data())
def test_a_name_that_had_to_be_marked_keeps_its_mark(names: list[str], data: Any) -> None:
    usable = usable_names(names)
    fewer = usable_names(name for name in names if data.draw(st.booleans()))
    for name, changed in fewer.items():
        assert usable[name] == changed or usable_name(name) in (changed, usable[name])


def text(*words: str) -> list[types.ContentBlock]:
    return [types.TextContent(text=word) for word in words]


@pytest.mark.parametrize(
    ("content", "structured", "expected"),
    [
        ([], None, ""),
        (text("one", "two"), None, "one\ntwo"),
        (text("sunny"), {"result": "sunny"}, "sunny"),
        (text("3"), {"result": 3}, '{"result": 3}'),
        (text("1", "2"), {"result": [1, 2]}, '{"result": [1, 2]}'),
        (text("a", "b"), {"result": ["a", "b"]}, '{"result": ["a", "b"]}'),
        (text('{"a": 1}'), {"a": 1}, '{"a": 1}'),
        (text("It is warm."), {"degrees": 20}, '{"degrees": 20}\nIt is warm.'),
        ([], {"city": "Zürich"}, '{"city": "Zürich"}'),
        ([], [1], "[1]"),
    ],
)
def test_structured_content_comes_first_and_once(
    content: list[types.ContentBlock], structured: Any, expected: str
) -> None:
    result = types.CallToolResult(content=content, structured_content=structured)
    assert read_result(result) == expected


def test_pictures_keep_their_place() -> None:
    picture = types.ImageContent(data="AAAA", mime_type="image/png")
    content = [*text("before"), picture, *text("after")]
    assert read_result(types.CallToolResult(content=content)) == [
        AITextPart(text="before"),
        AIImagePart(url="data:image/png;base64,AAAA", mime_type="image/png"),
        AITextPart(text="after"),
    ]


def test_a_made_up_type_of_picture_does_not_reach_the_url() -> None:
    picture = types.ImageContent(data="AAAA", mime_type="image/png;x=\n1,")
    result = read_result(types.CallToolResult(content=[picture]))
    assert result == "[application/octet-stream, 3 bytes, not shown]"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (text("no", "seats"), "no\nseats"),
        ([], "the tool failed and does not say why"),
        (text("x" * 10_000), "x" * 4000),
    ],
)
def test_a_failed_tool_has_its_words(content: list[types.ContentBlock], words: str) -> None:
    with pytest.raises(ToolError) as failed:
        read_result(types.CallToolResult(content=content, is_error=True))
    assert str(failed.value) == words


def _exceptions_of(module: Any) -> Iterator[type[Exception]]:
    for _, value in inspect.getmembers(module, inspect.isclass):
        if issubclass(value, Exception) and not issubclass(value, Warning):
            yield value


def _client_modules() -> Iterator[Any]:
    import mcp.client
    import mcp.shared

    for package in (mcp.client, mcp.shared):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _made(cls: type[Exception]) -> Exception:
    """An exception of the class, however it is made."""
    request = httpx2.Request("POST", f"http://x/{SECRET}")
    response = httpx2.Response(500, request=request)
    candidates: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((SECRET,), {"request": request, "response": response}),
        (([], SECRET), {}),
        ((-32603, SECRET), {}),
        ((SECRET,), {}),
        ((), {}),
    ]
    for args, kwargs in candidates:
        try:
            return cls(*args, **kwargs)
        except Exception:
            continue  # not how this one is made
    made = cls.__new__(cls)
    made.args = (SECRET,)
    return made


def foreign_exceptions() -> list[Exception]:
    classes = {cls for module in (httpx2, *_client_modules()) for cls in _exceptions_of(module)}
    classes |= set(_exceptions_of(anyio)) | {OSError, FileNotFoundError, TimeoutError, ValueError}
    classes -= {ValidationError}
    made = [_made(cls) for cls in sorted(classes, key=lambda cls: f"{cls.__module__}.{cls}")]
    with pytest.raises(ValidationError) as invalid:
        TypeAdapter(int).validate_python(SECRET)
    return [*made, invalid.value]


FAILURES = Failures(SDK(), "files")


@pytest.mark.parametrize("error", foreign_exceptions(), ids=lambda error: type(error).__name__)
def test_whatever_the_sdk_raises_has_its_place(error: Exception) -> None:
    of_call = FAILURES.of_call(error)
    assert isinstance(of_call, ToolError | CallLostError)
    # A server's own words about the arguments are for the model to read.
    assert SECRET not in str(of_call) or isinstance(error, mcp.MCPError)
    for raised in (error, ExceptionGroup("tasks", [ExceptionGroup("tasks", [error])])):
        of_opening = FAILURES.of_opening(raised)
        assert isinstance(of_opening, ProviderError)
        assert of_opening.code in OPENING_CODES
        assert SECRET not in str(of_opening)


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        (Code.NOT_SENT, False),
        (Code.SESSION_GONE, False),
        (Code.LOST, True),
        (types.CONNECTION_CLOSED, True),
    ],
)
def test_whether_a_lost_call_was_sent(code: int, sent: bool) -> None:
    lost = FAILURES.of_call(mcp.MCPError(code, SECRET))
    assert isinstance(lost, CallLostError)
    assert lost.sent is sent


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (types.INVALID_PARAMS, "the MCP server files refused the call: no such city"),
        (types.METHOD_NOT_FOUND, "the MCP server files refused the call: no such city"),
        (types.INTERNAL_ERROR, "the MCP server files failed (error -32603)"),
        (Code.UNAUTHORIZED, "the MCP server files does not accept the credentials"),
        (-32042, "the MCP server files failed (error -32042)"),
    ],
)
def test_what_a_server_s_refusal_comes_to(code: int, words: str) -> None:
    assert str(FAILURES.of_call(mcp.MCPError(code, "no such city"))) == words


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (mcp.MCPError(Code.NOT_SENT, ""), "unreachable", True),
        (mcp.MCPError(Code.UNAUTHORIZED, ""), "unauthorized", False),
        (mcp.MCPError(types.CONNECTION_CLOSED, ""), "connection_lost", True),
        (mcp.MCPError(types.INVALID_REQUEST, ""), "rejected", False),
        (httpx2.ConnectError("x"), "unreachable", True),
        (httpx2.SSEError("x"), "bad_answer", False),
        (httpx2.InvalidURL("x"), "rejected", False),
        (TimeoutError(), "timeout", True),
        (PermissionError(), "unreachable", False),
        (KeyError("x"), "bad_answer", False),
    ],
    ids=repr,
)
def test_what_a_failed_connection_comes_to(error: Exception, code: str, retryable: bool) -> None:
    failed = FAILURES.of_opening(error)
    assert (failed.code, failed.retryable) == (code, retryable)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [(401, "unauthorized", False), (404, "rejected", False), (503, "unavailable", True)],
)
def test_what_a_status_comes_to(status: int, code: str, retryable: bool) -> None:
    request = httpx2.Request("GET", "http://x")
    error = httpx2.HTTPStatusError(
        "x", request=request, response=httpx2.Response(status, request=request)
    )
    failed = FAILURES.of_opening(error)
    assert (failed.code, failed.retryable, failed.status_code) == (code, retryable, status)
