"""Telling whether two spellings are the same address."""

from __future__ import annotations

import re

from roomkit.models.enums import ChannelType

_PHONE_TYPES = frozenset(
    {
        ChannelType.SMS,
        ChannelType.MMS,
        ChannelType.RCS,
        ChannelType.WHATSAPP,
        ChannelType.WHATSAPP_PERSONAL,
        ChannelType.VOICE,
    }
)
_PUNCTUATION = re.compile(r"[\s().\-\u00a0\u2010-\u2015]")
_INTERNATIONAL_DIGITS = range(11, 16)


def canonical_phone(number: str) -> str:
    """The one form in which telephone numbers are compared.

    Punctuation goes, ``00`` becomes ``+``, and bare digits that are long enough to begin with a
    country code get their ``+`` (none begins with 0). Short codes and national numbers stay bare,
    and what has letters in it is no number and stays as it is.
    """
    digits = number
    if not digits.lstrip("+").isdigit():
        digits = _PUNCTUATION.sub("", number)
        if not digits.lstrip("+").isdigit():
            return number.strip()
    if digits.startswith("+"):
        return digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    international = len(digits) in _INTERNATIONAL_DIGITS and not digits.startswith("0")
    return "+" + digits if international else digits


def canonical_address(channel_type: ChannelType | str | None, address: str) -> str:
    """The form in which addresses of a channel type are compared: numbers as digits, e-mail in
    lower case."""
    if channel_type in _PHONE_TYPES:
        return canonical_phone(address)
    if channel_type == ChannelType.EMAIL:
        return address.strip().lower()
    return address


def same_address(channel_type: ChannelType | str | None, one: str, other: str) -> bool:
    """Whether two spellings reach the same person."""
    return one == other or canonical_address(channel_type, one) == canonical_address(
        channel_type, other
    )
