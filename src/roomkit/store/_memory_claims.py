"""Who has used which idempotency key, in whatever room."""

from __future__ import annotations

from roomkit.models.event import RoomEvent
from roomkit.store.rules import sender_of


class Claims:
    """Events by source channel, idempotency key and sender.

    There is nearly always one for each, which then stands for itself: this is written for every
    message.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, str, str | None], str | list[str]] = {}

    def add(self, event: RoomEvent) -> None:
        key = event.idempotency_key
        if key is None:
            return
        claim = (event.source.channel_id, key, sender_of(event))
        known = self._events.setdefault(claim, event.id)
        if known is not event.id:
            if isinstance(known, str):
                known = self._events[claim] = [known]
            known.append(event.id)

    def remove(self, event: RoomEvent) -> None:
        key = event.idempotency_key
        if key is None:
            return
        claim = (event.source.channel_id, key, sender_of(event))
        known = self._events.get(claim)
        if known == event.id:
            del self._events[claim]
        elif isinstance(known, list) and event.id in known:
            known.remove(event.id)
            if not known:
                del self._events[claim]

    def newest(self, channel_id: str, key: str, sender: str) -> str | None:
        """The id of the event that was stored last."""
        known = self._events.get((channel_id, key, sender))
        return known[-1] if isinstance(known, list) else known
