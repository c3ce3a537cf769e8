"""Finding out which messages a read receipt is about."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

_MOST_PEOPLE = 10_000
_MOST_EACH = 50


@dataclass(frozen=True, slots=True)
class _Sent:
    at: float
    message_id: str


class UnreadMessages:
    """The messages that were sent from this process and not read yet, as far as is known.

    Messenger reports a moment up to which everything was read. The newest fifty messages to each
    of ten thousand people are remembered.
    """

    def __init__(self) -> None:
        self._people: OrderedDict[str, deque[_Sent]] = OrderedDict()

    def note(self, person: str, message_ids: Iterable[str], at: float) -> None:
        """Messages were sent.

        Args:
            at: when the sending began, in seconds since 1970: Messenger's own time of a message
                is a little later, so that no receipt is missed.
        """
        sent = self._people.setdefault(person, deque(maxlen=_MOST_EACH))
        sent.extend(_Sent(at, message_id) for message_id in message_ids)
        self._people.move_to_end(person)
        if len(self._people) > _MOST_PEOPLE:
            self._people.popitem(last=False)

    def read_up_to(self, person: str, moment: float) -> list[str]:
        """The ids of the messages that somebody has now read, which are then forgotten."""
        sent = self._people.get(person)
        if sent is None:
            return []
        read = [one.message_id for one in sent if one.at <= moment]
        left = [one for one in sent if one.at > moment]
        if left:
            self._people[person] = deque(left, maxlen=_MOST_EACH)
        else:
            del self._people[person]
        return read
