"""For how long WhatsApp lets a business answer freely.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
calls it the customer service window: 24 hours from the last thing that the person wrote.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from roomkit._clock import Clock
from roomkit.models.address import canonical_phone

WINDOW_SECONDS = 24 * 3600
_MOST_PEOPLE = 50_000


class ServiceWindows:
    """Remembers when people last wrote, as far as this process has heard.

    Only the newest fifty thousand are kept. Somebody who is not among them may or may not have
    written: only WhatsApp knows.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def open(self, person: str, wrote_at: datetime | None = None) -> None:
        """Somebody wrote.

        Args:
            wrote_at: when; None means now. Webhooks may come late, and in any order.
        """
        now = self._clock.now()
        moment = now if wrote_at is None else min(wrote_at, now)
        end = moment.timestamp() + WINDOW_SECONDS
        key = canonical_phone(person)
        self._set(key, max(end, self._ends.get(key, end)))

    def close(self, person: str) -> None:
        """WhatsApp has said that the window is closed."""
        self._set(canonical_phone(person), self._clock.now().timestamp())

    def is_closed(self, person: str) -> bool:
        """Whether the window is known to be closed."""
        end = self._ends.get(canonical_phone(person))
        return end is not None and end <= self._clock.now().timestamp()

    def _set(self, key: str, end: float) -> None:
        self._ends[key] = end
        self._ends.move_to_end(key)
        if len(self._ends) > _MOST_PEOPLE:
            self._ends.popitem(last=False)
