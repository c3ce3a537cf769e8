"""How many messages a text becomes, against the tables of 3GPP TS 23.038 and a slow count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.sms import SegmentCount, count_segments

# The default alphabet and its extension, as the standard prints them: row by row.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
EMOJI = "👋"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("Hello", "GSM-7", 5, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # 76 pairs fill 152 of 153 places: the pair does not go into the last one.
        ("€" * 153, "GSM-7", 306, 3),
        ("a" * 152 + "€" + "a" * 8, "GSM-7", 162, 2),
        ("ы" * 70, "UCS-2", 70, 1),
        ("ы" * 71, "UCS-2", 71, 2),
        ("ы" * 134, "UCS-2", 134, 2),
        ("ы" * 135, "UCS-2", 135, 3),
        (EMOJI * 35, "UCS-2", 70, 1),
        (EMOJI * 36, "UCS-2", 72, 2),
        (EMOJI * 67, "UCS-2", 134, 3),
        ("a" * 69 + "ы", "UCS-2", 70, 1),
        ("`", "UCS-2", 1, 1),
        ("ç", "UCS-2", 1, 1),
    ],
)
def test_known_texts(text: str, encoding: str, units: int, segments: int) -> None:
    assert count_segments(text) == SegmentCount(
        encoding=encoding,  # type: ignore[arg-type]
        units=units,
        segments=segments,
    )


def test_the_alphabet_is_complete() -> None:
    assert len(set(BASIC)) == 127  # 128 places, one of which is the escape to the extension
    for character in BASIC:
        assert count_segments(character) == SegmentCount(encoding="GSM-7", units=1, segments=1)
    for character in EXTENSION:
        assert count_segments(character) == SegmentCount(encoding="GSM-7", units=2, segments=1)


def by_hand(text: str) -> int:
    """Fill the parts character by character."""
    gsm = all(character in BASIC + EXTENSION for character in text)
    widths = [
        (2 if character in EXTENSION else 1) if gsm else len(character.encode("utf-16-le")) // 2
        for character in text
    ]
    single, part = (160, 153) if gsm else (70, 67)
    if sum(widths) <= single:
        return bool(text)
    parts = [0]
    for width in widths:
        if parts[-1] + width > part:
            parts.append(0)
        parts[-1] += width
    return len(parts)


MIXED = st.text(st.sampled_from("ab€{\nы" + EMOJI), max_size=400)
GSM_ONLY = st.text(st.sampled_from("ab€{"), max_size=500)


@given(st.text(max_size=300) | MIXED | GSM_ONLY)
def test_any_text(text: str) -> None:
    assert count_segments(text).segments == by_hand(text)


@given(MIXED | GSM_ONLY, st.sampled_from("aы€" + EMOJI))
def test_more_text_never_takes_less(text: str, more: str) -> None:
    assert count_segments(text + more).segments >= count_segments(text).segments
