"""How many messages a text becomes on the air, which is what a vendor charges for.

A text whose characters are all in the GSM 7-bit alphabet travels in that alphabet: 160 to a single
message, 153 to each part of a longer one, and the few characters of its extension table take two
places. Any other character makes the whole text UCS-2: 70 and 67 units of 16 bits, of which an
emoji takes two or more. No character is torn apart: what takes two places and finds one left goes
to the next part. (3GPP TS 23.038, sections 6.1 and 6.2; TS 23.040, section 9.2.3.24.1.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

type Encoding = Literal["GSM-7", "UCS-2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENSION
_WIDEST_SINGLE_UNIT = "\uffff"

# Encoding → places in a message that stands alone, and in one part of several.
_PLACES: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentCount:
    """What a text takes.

    Attributes:
        encoding: the alphabet that it travels in.
        units: places taken: septets of GSM-7 or 16-bit units of UCS-2.
        segments: how many messages that is; 0 for an empty text.
    """

    encoding: Encoding
    units: int
    segments: int


def count_segments(text: str) -> SegmentCount:
    """Count the messages that a text becomes.

    Vendors may count differently where they replace characters before they send ("smart
    encoding"); what they answer takes precedence over this.
    """
    characters = set(text)
    gsm = characters <= _GSM
    encoding: Encoding = "GSM-7" if gsm else "UCS-2"
    wide = [_is_wide(character, gsm) for character in text] if _any_wide(characters, gsm) else []
    units = len(text) + sum(wide)
    single, part = _PLACES[encoding]
    if units <= single:
        segments = min(units, 1)
    elif not wide:
        segments = math.ceil(units / part)
    else:
        segments = _packed(wide, part)
    return SegmentCount(encoding=encoding, units=units, segments=segments)


def _is_wide(character: str, gsm: bool) -> bool:
    return character in _EXTENSION if gsm else character > _WIDEST_SINGLE_UNIT


def _any_wide(characters: set[str], gsm: bool) -> bool:
    return any(_is_wide(character, gsm) for character in characters)


def _packed(wide: list[bool], places: int) -> int:
    """The parts that the characters fill, one after another."""
    segments, free = 1, places
    for takes_two in wide:
        width = 1 + takes_two
        if width > free:
            segments, free = segments + 1, places
        free -= width
    return segments
