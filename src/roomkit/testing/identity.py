"""What an identity resolver has to get right, as tests that its author inherits.

```python
class TestMyResolver(IdentityResolverContract):
    @pytest.fixture
    async def directory(self) -> Directory:
        return Directory(
            resolver=MyResolver(...), known=message_from("+15551234567"), identity_id="ada"
        )
```

The tests are coroutines: set pytest-asyncio's ``asyncio_mode = "auto"``, or mark the class with
``pytest.mark.asyncio``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from roomkit.identity.base import IdentityResolver
from roomkit.models.content import TextContent
from roomkit.models.context import RoomContext
from roomkit.models.delivery import InboundMessage
from roomkit.models.enums import IdentificationStatus
from roomkit.models.identity import IdentityResult
from roomkit.models.room import Room

__all__ = ["Directory", "IdentityResolverContract", "message_from"]


def message_from(sender_id: str, *, channel_id: str = "sms") -> InboundMessage:
    """Some message of a sender."""
    return InboundMessage(
        channel_id=channel_id, sender_id=sender_id, content=TextContent(body="Hello")
    )


@dataclass(kw_only=True)
class Directory:
    """A resolver and whom it knows.

    Attributes:
        resolver: what is tested.
        known: a message of somebody it can place.
        identity_id: the id of that somebody.
        stranger: a message of somebody it cannot place.
        context: the room that the messages are for.
    """

    resolver: IdentityResolver
    known: InboundMessage
    identity_id: str
    stranger: InboundMessage = field(default_factory=lambda: message_from("a perfect stranger"))
    context: RoomContext = field(default_factory=lambda: RoomContext(room=Room(id="room-1")))

    async def ask(self, message: InboundMessage) -> IdentityResult:
        """Resolve a message in `context`."""
        return await self.resolver.resolve(message, self.context)


class IdentityResolverContract:
    """Inherit, and define a fixture ``directory`` that gives a `Directory`."""

    async def test_somebody_known_is_identified(self, directory: Directory) -> None:
        result = await directory.ask(directory.known)
        assert result.status is IdentificationStatus.IDENTIFIED
        assert result.identity is not None
        assert result.identity.id == directory.identity_id

    async def test_a_stranger_is_not(self, directory: Directory) -> None:
        result = await directory.ask(directory.stranger)
        assert result.status is not IdentificationStatus.IDENTIFIED
        assert result.identity is None

    async def test_asking_changes_nothing(self, directory: Directory) -> None:
        first = await directory.ask(directory.known)
        await directory.ask(directory.stranger)
        assert await directory.ask(directory.known) == first

    async def test_many_ask_at_once(self, directory: Directory) -> None:
        messages = [directory.known, directory.stranger] * 10
        results = await asyncio.gather(*(directory.ask(message) for message in messages))
        ids = [result.identity.id if result.identity else None for result in results]
        assert ids == [directory.identity_id, None] * 10

    async def test_any_sender_id_has_an_answer(self, directory: Directory) -> None:
        for sender_id in ("", " ", "'; --", "☎", "9" * 500):
            result = await directory.ask(message_from(sender_id))
            assert isinstance(result, IdentityResult)
            assert result.status is not IdentificationStatus.IDENTIFIED
