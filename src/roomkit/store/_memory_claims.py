"""Who has used which idempotency key, in whatever room."""

from __future__ import annotations

from roomkit.models.event import RoomEvent
from roomkit.store.rules import sender_of

type _Key = tuple[str, str, str]


class Claims:
    """Events by source channel, idempotency key and sender; nearly always one for each."""

    def __init__(self) -> None:
        self._events: dict[_Key, tuple[str, ...]] = {}

    def add(self, event: RoomEvent) -> None:
        key = _key(event)
        if key is not None:
            self._events[key] = (*self._events.get(key, ()), event.id)

    def remove(self, event: RoomEvent) -> None:
        key = _key(event)
        if key is None or key not in self._events:
            return
        left = tuple(event_id for event_id in self._events[key] if event_id != event.id)
        if left:
            self._events[key] = left
        else:
            del self._events[key]

    def newest(self, channel_id: str, key: str, sender: str) -> str | None:
        """The id of the event that was stored last."""
        found = self._events.get((channel_id, key, sender))
        return None if found is None else found[-1]


def _key(event: RoomEvent) -> _Key | None:
    key, sender = event.idempotency_key, sender_of(event)
    return None if key is None or sender is None else (event.source.channel_id, key, sender)
