"""Message ids of our own.

The id of a mail follows from the event and the recipient, so that

* a mail that is sent again after its answer got lost is the same mail to the receiving server;
* an answer names the event that it answers, whoever sent the mail and wherever it is stored;
* a mail that comes back to us is recognised.

In front of what a mail refers to stands an id that stands for the room and belongs to no mail:
mail programs keep what refers to it together, also where no mail from the other side is known.
"""

from __future__ import annotations

import hashlib
import re

_MARK = "roomkit"
_ROOM = "room"
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OWN = re.compile(rf"<(~?[A-Za-z0-9_-]{{1,64}})\.([0-9a-f]{{10}}|{_ROOM})\.{_MARK}@([^<>@\s]+)>")


def mint_message_id(event_id: str, to: str, domain: str) -> str:
    """The ``Message-ID`` of the mail that carries an event to a recipient."""
    name = event_id if _SAFE.fullmatch(event_id) else "~" + _digest(event_id, 32)
    return f"<{name}.{_digest(to.lower(), 10)}.{_MARK}@{domain}>"


def room_reference(room_id: str, domain: str) -> str:
    """The id that every mail of a room refers to."""
    return f"<{_digest(room_id, 32)}.{_ROOM}.{_MARK}@{domain}>"


def is_own(message_id: str, domain: str | None) -> bool:
    """Whether a mail with this id was sent from here, `domain` being ours."""
    found = _OWN.fullmatch(message_id)
    return found is not None and domain is not None and found[3].lower() == domain.lower()


def event_id_of(message_id: str, domain: str | None) -> str | None:
    """The event that a mail of ours carried, where its id says so."""
    found = _OWN.fullmatch(message_id) if is_own(message_id, domain) else None
    if found is None or found[2] == _ROOM or found[1].startswith("~"):
        return None
    return found[1]


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:length]
