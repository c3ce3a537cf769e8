"""Telling whether two spellings are the same address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.models.address import canonical_address, canonical_phone, same_address
from roomkit.models.enums import ChannelType

PHONES = [
    ChannelType.SMS,
    ChannelType.MMS,
    ChannelType.RCS,
    ChannelType.WHATSAPP,
    ChannelType.WHATSAPP_PERSONAL,
    ChannelType.VOICE,
]
channel_types = st.none() | st.sampled_from(ChannelType)
addresses = st.text(max_size=20) | st.from_regex(r"\+?[0-9 ().-]{3,18}", fullmatch=True)


@pytest.mark.parametrize("channel_type", PHONES)
@pytest.mark.parametrize(
    "spelling",
    ["+15551234567", "15551234567", "+1 (555) 123-4567", "0015551234567", " +1.555.123.4567 "],
)
def test_spellings_of_a_number_are_one_address(channel_type: ChannelType, spelling: str) -> None:
    assert canonical_address(channel_type, spelling) == "+15551234567"


@pytest.mark.parametrize(
    ("number", "canonical"),
    [
        ("12345", "12345"),
        ("5551234567", "5551234567"),
        ("+33 1 23 45 67 89", "+33123456789"),
        ("ACME", "ACME"),
        (" ACME 24 ", "ACME 24"),
        ("ada@example.com", "ada@example.com"),
        ("", ""),
    ],
    ids=["short code", "national", "foreign", "sender name", "name with digits", "mail", "empty"],
)
def test_what_has_no_country_code_is_not_given_one(number: str, canonical: str) -> None:
    assert canonical_phone(number) == canonical


def test_mail_is_compared_without_case() -> None:
    assert same_address(ChannelType.EMAIL, "Ada@Example.com ", "ada@example.COM")
    assert not same_address(ChannelType.EMAIL, "ada@example.com", "bob@example.com")


@pytest.mark.parametrize("channel_type", [ChannelType.WEBSOCKET, ChannelType.TELEGRAM, None])
def test_ids_are_compared_as_they_are(channel_type: ChannelType | None) -> None:
    assert not same_address(channel_type, "+1 555", "+1555")
    assert not same_address(channel_type, "Ada", "ada")
    assert same_address(channel_type, "Ada", "Ada")


@given(channel_types, addresses)
def test_the_canonical_form_is_canonical(channel_type: ChannelType | None, address: str) -> None:
    once = canonical_address(channel_type, address)
    assert canonical_address(channel_type, once) == once
    assert same_address(channel_type, address, once)


@given(channel_types, addresses, addresses)
def test_comparing_does_not_depend_on_the_order(
    channel_type: ChannelType | None, one: str, other: str
) -> None:
    assert same_address(channel_type, one, other) == same_address(channel_type, other, one)
