"""What the product's documents print about AI runs as printed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from roomkit.testing.wire import Reply, ScriptedServer
from tests.architecture.source import ROOT
from tests.docs.snippets import Fence, programs, read_fences, run_program
from tests.integrations.mcp_server import demo_server
from tests.integrations.serving import serving

CHAPTERS = programs(read_fences(ROOT / "tests" / "docs" / "documented" / "ai.md"))

PRINTED_ADDRESS = "localhost:8000"

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


@pytest.fixture(scope="module")
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


@pytest.mark.usefixtures("uvx")
@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_what_is_printed_runs(
    chapter: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = Fence(
        page=chapter, path=Path(__file__), line=1, info="python", code=f"MODEL = {servers.model!r}"
    )
    printed = [
        replace(fence, code=fence.code.replace(PRINTED_ADDRESS, servers.mcp))
        for fence in CHAPTERS[chapter]
    ]
    run_program([here, *printed])
