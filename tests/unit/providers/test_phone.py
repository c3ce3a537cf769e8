"""Phone numbers: what a person types, and the one form that is compared."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.errors import MissingDependencyError
from roomkit.providers.sms import canonical_phone, is_valid_phone, normalize_phone


@pytest.fixture
def without_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)


@pytest.mark.parametrize(
    ("typed", "region", "expected"),
    [
        ("555-123-4567", "US", "+15551234567"),
        ("418-555-1234", "CA", "+14185551234"),
        ("(418) 555-1234", "ca", "+14185551234"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
    ],
)
def test_a_number_becomes_e164(typed: str, region: str, expected: str) -> None:
    assert normalize_phone(typed, region) == expected


def test_the_region_is_the_united_states_unless_told() -> None:
    assert normalize_phone("555-123-4567") == "+15551234567"


GARBAGE: list[Any] = ["", " ", "hello", "12", "+", "+1234567890", "1" * 40, "\ud800", None, 7, []]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused(garbage: Any) -> None:
    assert not is_valid_phone(garbage)
    with pytest.raises(ValueError, match="phone number"):
        normalize_phone(garbage)


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    if is_valid_phone(text):
        number = normalize_phone(text)
        assert number.startswith("+")
        assert normalize_phone(number) == number


def test_a_possible_number_is_valid_though_nobody_has_it() -> None:
    assert is_valid_phone("+15551234567")
    assert is_valid_phone("555-123-4567")
    assert not is_valid_phone("555-123-4567", "XX")


@pytest.mark.usefixtures("without_phonenumbers")
class TestWithoutTheLibrary:
    def test_international_numbers_need_no_library(self) -> None:
        assert normalize_phone("+1 (555) 123-4567") == "+15551234567"
        assert normalize_phone("0044 20 7946 0958") == "+442079460958"
        assert is_valid_phone("+15551234567")

    def test_national_numbers_say_what_to_install(self) -> None:
        with pytest.raises(MissingDependencyError, match=r"pip install 'roomkit\[phonenumbers\]'"):
            normalize_phone("418-555-1234", "CA")
        assert not is_valid_phone("418-555-1234")

    @pytest.mark.parametrize("garbage", ["", "hello", "12", "+", "1" * 40, None])
    def test_garbage_is_refused(self, garbage: Any) -> None:
        assert not is_valid_phone(garbage)
        with pytest.raises(ValueError, match="phone number"):
            normalize_phone(garbage)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+1 (555) 123-4567", "15551234567"),
        ("001.555.123.4567", "+15551234567"),
        (" +15551234567 ", "1 555 123 4567"),
    ],
)
def test_two_spellings_of_a_number_are_equal(one: str, other: str) -> None:
    assert canonical_phone(one) == canonical_phone(other) == "+15551234567"


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("12345", "12345"),
        ("555-123-4567", "5551234567"),
        ("whatsapp:+15551234567", "whatsapp:+15551234567"),
        (" ACME Corp ", "ACME Corp"),
    ],
)
def test_what_is_no_full_number_stays_bare(address: str, canonical: str) -> None:
    assert canonical_phone(address) == canonical


@given(st.text())
def test_canonical_is_stable(text: str) -> None:
    assert canonical_phone(canonical_phone(text)) == canonical_phone(text)
