"""Header fields as they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.providers.email.headers import (
    ascii_address,
    chain,
    decode_bytes,
    decode_words,
    read_addresses,
    read_headers,
    read_message_ids,
)


def test_fields_may_be_folded_repeated_and_in_raw_utf8() -> None:
    headers = read_headers(
        b"Subject: a very\r\n long one\r\nReceived: 1\r\nRECEIVED: 2\n"
        b"X-Name: Gr\xc3\xbc\xc3\x9fe\r\n"
        b"X-Old: Gr\xfc\xdfe\r\nthis is no field\r\n and neither is this\r\nTo:\r\n"
    )
    assert headers.first("subject") == "a very long one"
    assert headers.all("received") == ("1", "2")
    assert headers.first("x-name") == headers.first("x-old") == "Grüße"
    assert headers.first("to") == ""
    assert "this is no field" not in headers.fields


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ==?= und mehr", "Grüße und mehr"),
        ("=?iso-8859-1?q?Gr=FC?= =?iso-8859-1?q?=DFe?=", "Grüße"),
        # A character that is spread over two words.
        ("=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=", "Grüße"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?no-such-charset?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?a=0D=0ABcc:_evil@example.com?=", "a Bcc: evil@example.com"),
        ("=?utf-8?B?A?=", "=?utf-8?B?A?="),
        ("=?utf-8?q?no end", "=?utf-8?q?no end"),
        ("=?utf-8?q?x?= \\U99999999", "x \\U99999999"),
        ("plain", "plain"),
        ("Grüße", "Grüße"),
    ],
)
def test_encoded_words(written: str, read: str) -> None:
    assert decode_words(written) == read


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("ada@example.com", [("", "ada@example.com")]),
        ("Ada Lovelace <ada@example.com>", [("Ada Lovelace", "ada@example.com")]),
        (
            '"Lovelace, Ada" <ada@example.com>, b@example.com',
            [("Lovelace, Ada", "ada@example.com"), ("", "b@example.com")],
        ),
        ("=?utf-8?q?J=C3=BCrgen?= <j@example.com>", [("Jürgen", "j@example.com")]),
        ("(a comment) ada@example.com (another)", [("", "ada@example.com")]),
        ("friends: a@example.com, b@example.com;", [("", "a@example.com"), ("", "b@example.com")]),
        ('"ada@example.com" <eve@example.net>', [("ada@example.com", "eve@example.net")]),
        ("ada@example.com <eve@example.net>", [("ada@example.com", "eve@example.net")]),
        ("ada@example.com\r\nBcc: eve@example.net", []),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("Ada", []),
        ("", []),
    ],
)
def test_addresses(field: str, expected: list[tuple[str, str]]) -> None:
    assert read_addresses(field) == expected


@pytest.mark.parametrize(
    ("given_as", "sent_to"),
    [
        (" ada@example.com ", "ada@example.com"),
        ("o'hara+news@example.com", "o'hara+news@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada", None),
        ("ada@", None),
        ("a..b@example.com", None),
        ("ada@example.com, eve@example.com", None),
        ("ada@example.com\r\nRCPT TO:<eve@example.com>", None),
        ("Ada <ada@example.com>", None),
        ("jürgen@example.com", None),
        ("ada@exa mple.com", None),
        ("ada@" + "ü" * 64 + ".example", None),
        ("x" * 65 + "@example.com", None),
        ("ada@" + "x" * 300, None),
        ("", None),
    ],
)
def test_whom_mail_is_sent_to(given_as: str, sent_to: str | None) -> None:
    assert ascii_address(given_as) == sent_to


def test_message_ids() -> None:
    assert read_message_ids("<a@x> <b@y>\r\n\t<a@x> junk <> <no brackets") == ["<a@x>", "<b@y>"]
    long = [f"<{number}@x>" for number in range(100)]
    assert chain([*long, "<0@x>", "junk", "<in jected\r\n@x>"]) == [long[0], *long[-29:]]


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "rot13", "base64", "\0", "unicode_escape"]
)
def test_names_that_are_no_character_set(charset: str) -> None:
    assert decode_bytes("Grüße".encode(), charset) == "Grüße"


@given(st.binary(), st.text())
def test_anything_may_come(block: bytes, charset: str) -> None:
    for name, values in read_headers(block).fields.items():
        for value in values:
            assert "\n" not in decode_words(value)
            read_addresses(value)
        assert name == name.lower()
    decode_bytes(block, charset)
    decode_words(f"=?{charset}?b?{charset}?=")
