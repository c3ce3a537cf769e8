"""Files that a message carries in itself, as ``data:`` URLs."""

from __future__ import annotations

import binascii
from base64 import b64decode

from roomkit.providers._ai_codec import read_data_url


def is_inline(url: str) -> bool:
    """Whether a URL is itself the file."""
    return url[:5].lower() == "data:"


def inline_file(url: str) -> bytes | None:
    """What a ``data:`` URL holds; None if it cannot be read."""
    data = read_data_url(url)
    try:
        return None if data is None else b64decode(data.base64, validate=True)
    except (binascii.Error, ValueError):
        return None
