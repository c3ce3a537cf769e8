"""For stories in which a webhook certainly carries a message."""

from __future__ import annotations

from roomkit.models.delivery import InboundMessage


def carried(message: InboundMessage | None) -> InboundMessage:
    """What a parser gave, which is a message."""
    assert message is not None
    return message
