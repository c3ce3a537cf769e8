"""A conversation in a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncIterator

import pytest

from roomkit import CLIChannel, HookResult, HookTrigger, RoomContext, RoomKit
from roomkit.channels.cli import read_lines
from roomkit.models.enums import ChannelCategory, ChannelType
from roomkit.models.event import RichContent, RoomEvent
from tests.helpers import Inbox, join_room, say


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


class Screen:
    """What is printed."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


async def terminal(
    kit: RoomKit, *lines: str, **options: str
) -> tuple[CLIChannel, Screen, dict[str, Inbox]]:
    """A room, ``r``, with a terminal in which somebody types, and the other side, ``web``."""
    screen = Screen()
    cli = CLIChannel("cli", lines=typed(*lines), write=screen.write, prompt="", **options)
    kit.register_channel(cli)
    inboxes = await join_room(kit, "r", "web")
    await kit.attach_channel("r", "cli")
    return cli, screen, inboxes


async def test_what_is_typed_is_said(kit: RoomKit) -> None:
    cli, _, inboxes = await terminal(kit, "hello\n", "  \n", " world \n", sender_id="ada")
    await cli.run()
    assert inboxes["web"].texts == ["hello", "world"]
    assert {event.source.participant_id for event in inboxes["web"].events} == {"ada"}


async def test_what_others_say_is_printed(kit: RoomKit) -> None:
    _, screen, _ = await terminal(kit)
    await say(kit, "web", "hello", sender="bob")
    await say(kit, "web", RichContent(body="**bold**", plain_text="bold"), sender="bob")
    assert screen.text == "bob: hello\nbob: bold\n"


async def test_quitting_ends_it(kit: RoomKit) -> None:
    cli, _, inboxes = await terminal(kit, "one", "/quit", "two")
    await cli.run("r")
    assert inboxes["web"].texts == ["one"]


async def test_what_was_not_sent_is_said(kit: RoomKit) -> None:
    cli, screen, inboxes = await terminal(kit, "rude")

    @kit.hook(HookTrigger.BEFORE_BROADCAST)
    def moderate(_event: RoomEvent, _context: RoomContext) -> HookResult:
        return HookResult.block("be polite")

    await cli.run()
    assert screen.text == "[not sent: be polite]\n"
    assert inboxes["web"].events == []


async def test_a_prompt_stands_before_every_line(kit: RoomKit) -> None:
    screen = Screen()
    cli = CLIChannel("cli", lines=typed("one", ""), write=screen.write)
    kit.register_channel(cli)
    await cli.run()
    assert screen.text == "> > > "


async def test_nobody_takes_command_of_the_terminal(kit: RoomKit) -> None:
    _, screen, _ = await terminal(kit)
    await say(kit, "web", "\x1b]0;owned\x07\x1b[2J\r hello\tyou\x9b", sender="eve")
    assert screen.text == "eve: \ufffd]0;owned\ufffd\ufffd[2J\ufffd hello\tyou\ufffd\n"


async def test_it_belongs_to_a_kit() -> None:
    with pytest.raises(RuntimeError, match="register the channel"):
        await CLIChannel("cli", lines=typed()).run()


async def test_it_reads_and_prints_where_programs_do(
    kit: RoomKit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n/quit\n"))
    cli = CLIChannel("cli")
    kit.register_channel(cli)
    inboxes = await join_room(kit, "r", "web")
    await kit.attach_channel("r", "cli")
    await cli.run()
    assert inboxes["web"].texts == ["hello"]
    assert capsys.readouterr().out == "> > "


async def test_lines_of_a_file_come_one_by_one() -> None:
    assert [line async for line in read_lines(io.StringIO("a\nb\n"))] == ["a\n", "b\n"]
    assert [line async for line in read_lines(io.StringIO(""))] == []


async def test_a_long_file_is_read_no_faster_than_it_is_used() -> None:
    lines = read_lines(io.StringIO("line\n" * 5000))
    assert len([line async for line in lines]) == 5000


def test_what_it_is() -> None:
    cli = CLIChannel("cli")
    assert cli.channel_type is ChannelType.CLI
    assert cli.category is ChannelCategory.TRANSPORT
    assert cli.capabilities().media_types == ["text"]
