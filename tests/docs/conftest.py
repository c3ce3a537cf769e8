"""The servers that printed code speaks to, on this machine."""

from __future__ import annotations

import asyncio
import importlib
import io
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from roomkit.testing.wire import Reply, ScriptedServer
from tests.architecture.source import ROOT
from tests.docs.snippets import Fence
from tests.integrations.mcp_server import demo_server
from tests.integrations.serving import serving

PRINTED_ADDRESS = "localhost:8000"

type Moved = Callable[[Sequence[Fence]], list[Fence]]

ANSWER = [
    ("message_start", {"type": "message_start", "message": {"usage": {"input_tokens": 1}}}),
    (
        "content_block_start",
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "Hello from the model"},
        },
    ),
    (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 4},
        },
    ),
    ("message_stop", {"type": "message_stop"}),
]


class Servers:
    """A model and an MCP server, in a loop of their own: the printed code runs in another."""

    def __init__(self) -> None:
        self.model = self.mcp = ""
        self._ready = Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> Servers:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        async with (
            ScriptedServer() as model,
            serving(demo_server().streamable_http_app(), graceful_seconds=1) as mcp,
        ):
            model.reply(Reply.of_events(ANSWER))
            self.model, self.mcp = model.url, mcp
            self._ready.set()
            await self._stop.wait()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with Servers() as running:
        yield running


@pytest.fixture
def uvx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name that starts the MCP server of the tests, whatever it is asked."""
    program = tmp_path / "bin" / "uvx"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\ncd {ROOT}\nexec {sys.executable} -m tests.integrations.mcp_server\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


@pytest.fixture(scope="session", autouse=True)
def neonize_is_loaded() -> None:
    """Loads neonize, which leaves a pipe open if it may ask a shell where it runs; that is not the
    fault of the page or the example that needs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "popen", lambda _command: io.StringIO(" ".join(platform.uname())))
        importlib.import_module("neonize.client")


@pytest.fixture
def on_this_machine(request: pytest.FixtureRequest) -> Moved:
    """Puts the address of the MCP server into code that names one, and a program in place of
    ``uvx``; starts them if there is need."""

    def moved(fences: Sequence[Fence]) -> list[Fence]:
        if any('"uvx"' in fence.code for fence in fences):
            request.getfixturevalue("uvx")
        if not any(PRINTED_ADDRESS in fence.code for fence in fences):
            return list(fences)
        servers: Servers = request.getfixturevalue("servers")
        return [
            replace(fence, code=fence.code.replace(PRINTED_ADDRESS, servers.mcp))
            for fence in fences
        ]

    return moved
