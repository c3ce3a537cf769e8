"""A store of your own, made from one that exists: it writes down everything that is stored.

Everything that goes into a timeline passes `commit`, so the journal misses nothing: notices,
answers and edits are in it, and a message that comes twice is in it once. A store over a database
of your own is written in docs/how-to/write-a-store.md.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from roomkit import (
    AIChannel,
    Channel,
    InboundMessage,
    InMemoryStore,
    RoomKit,
    TextContent,
    WebSocketChannel,
)
from roomkit.providers.ai.mock import MockAIProvider
from roomkit.store.records import CommitOutcome, TimelineCommit


class JournalStore(InMemoryStore):
    """Keeps rooms in memory, and a line for each stored event in a file."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self._journal = journal

    async def commit(self, commit: TimelineCommit) -> CommitOutcome:
        outcome = await super().commit(commit)
        if outcome.status == "stored":
            event = outcome.event
            line = {"room": event.room_id, "index": event.index, "by": event.source.channel_id}
            await asyncio.to_thread(self._write, {**line, "text": Channel.extract_text(event)})
        return outcome

    def _write(self, line: dict[str, object]) -> None:
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")


async def main(journal: Path) -> None:
    async with RoomKit(store=JournalStore(journal)) as kit:
        kit.register_channel(WebSocketChannel("web"))
        kit.register_channel(AIChannel("ai", MockAIProvider(["Good morning, Ada."])))
        await kit.create_room("lobby")
        await kit.attach_channel("lobby", "web")
        await kit.attach_channel("lobby", "ai")
        message = InboundMessage(
            channel_id="web",
            sender_id="ada",
            content=TextContent(body="Good morning"),
            provider_message_id="m1",
        )
        first = await kit.process_inbound(message)
        again = await kit.process_inbound(message)
        print(f"stored at {first.event.index}, then: {again.reason}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "journal.jsonl")
        asyncio.run(main(file))
        print(file.read_text(encoding="utf-8"), end="")
