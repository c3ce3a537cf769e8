"""How files in WhatsApp messages are named."""

from __future__ import annotations

import re

MAX_MEDIA_BYTES = 100_000_000
"""The size of the largest file that WhatsApp carries, a document."""

_GRAPH = "https://graph.facebook.com/"
_REFERENCE = re.compile(r"https://graph\.facebook\.com/(?:v[0-9.]{1,8}/)?([0-9]{1,32})")


def media_reference(media_id: str) -> str:
    """The URL that stands for a file at the Cloud API.

    Only the number's own access token opens it. In a message that is sent it means the file that
    was uploaded under this id.
    """
    return _GRAPH + media_id


def media_id_of(url: str) -> str | None:
    """The id in a `media_reference`; None for any other URL."""
    found = _REFERENCE.fullmatch(url)
    return found[1] if found else None
