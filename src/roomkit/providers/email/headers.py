"""What stands at the head of a mail, and how it is written: RFC 5322, 2047 and 2231.

Everything here takes what anybody may send: nothing raises, and the work grows with the length of
the input, not with its square. Header fields and their values are cut at a generous length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from roomkit.models._frozen import clean_text

MAX_HEADER_BYTES = 262_144
_MAX_VALUE = 20_000
_MAX_WORDS = 4_000
_MAX_PARAMETERS = 2_000
_MAX_REFERENCES = 30

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"""[^\s@<>(),:;"\[\]\\]{1,64}@[^\s@<>(),:;"\[\]\\]{1,255}""")
_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ADDRESS_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>|[,;]|[^"(<,;]++|.', re.DOTALL
)
# Python knows these under the name of a character set, but they are none, and some are slow.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicodeescape", "rawunicodeescape"})


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of a header, in their order, by name in lower case."""

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """The value of the first field of a name as it was written, "" if there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    def text(self, name: str) -> str:
        """The same in readable form: one line, encoded words decoded."""
        return decode_words(self.first(name))

    def all(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    @property
    def content(self) -> Message:
        """The fields that describe a part's content, for their parameters."""
        described = Message()
        for name in ("content-type", "content-disposition"):
            if name in self.fields:
                described[name] = one_line(self.first(name)[:_MAX_PARAMETERS])
        return described


def read_headers(block: bytes | str) -> Headers:
    """Read a header. Lines that are no fields are left out."""
    data = block.encode("utf-8", "replace") if isinstance(block, str) else block
    fields: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in data[:MAX_HEADER_BYTES].splitlines():
        if line[:1] in (b" ", b"\t"):
            if current is not None and len(current[-1]) < _MAX_VALUE:
                current[-1] += " " + decode_bytes(line).strip()
            continue
        name, colon, value = line.partition(b":")
        key = name.strip().lower()
        if not colon or _FIELD_NAME.fullmatch(key) is None:
            current = None
            continue
        current = fields.setdefault(key.decode("ascii"), [])
        current.append(decode_bytes(value).strip())
    return Headers({name: tuple(values) for name, values in fields.items()})


def decode_bytes(data: bytes, charset: str | None = None) -> str:
    """Text in the character set that it is said to be in, or else in the likeliest one."""
    for name in (charset, "utf-8"):
        if not name or re.sub(r"[\W_]", "", name.lower()) in _NO_CHARSETS:
            continue
        try:
            return _stored(data.decode(name))
        except (LookupError, ValueError):
            continue
    return _stored(data.decode("cp1252", "replace"))


def _stored(text: str) -> str:
    """Text as it can be stored."""
    cleaned: str = clean_text(text)
    return cleaned


def decode_words(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) decoded, on one line."""
    if "=?" in value:
        try:
            chunks = decode_header(value[:_MAX_WORDS])
        except (HeaderParseError, ValueError):
            chunks = [(value, None)]
        value = "".join(_decode_chunk(data, charset) for data, charset in chunks)
    return one_line(value)


def _decode_chunk(data: bytes | str, charset: str | None) -> str:
    if isinstance(data, str):
        return data
    if charset is None:
        # What was not encoded comes back in this encoding, whatever was in it.
        charset = "raw-unicode-escape"
        try:
            return data.decode(charset)
        except ValueError:
            return data.decode("latin-1")
    return decode_bytes(data, charset)


def one_line(text: str) -> str:
    """Text without control characters: nothing in it can begin another header field."""
    return _CONTROL.sub(" ", _stored(text)).strip()


def read_addresses(value: str) -> list[tuple[str, str]]:
    """The names and addresses in a field such as ``To``; what has no address is left out."""
    found: list[tuple[str, str]] = []
    words: list[str] = []
    angle = ""
    for token in [*_ADDRESS_TOKEN.findall(value[:_MAX_WORDS]), ","]:
        if token in (",", ";"):
            bare = "".join(words).strip()
            group, _, alone = bare.rpartition(":")
            address = angle or ("" if "@" in group else alone.strip())
            if is_address(address):
                found.append((decode_words(_unquoted(bare)) if angle else "", address))
            words, angle = [], ""
        elif token.startswith("<"):
            angle = token[1:-1].strip()
        elif not token.startswith("("):
            words.append(token)
    return found


def _unquoted(name: str) -> str:
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def is_address(text: str) -> bool:
    """Whether a text is one plain address and nothing else."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None and not _CONTROL.search(text)


def ascii_address(text: str) -> str | None:
    """An address as the network writes it, for mail that goes out; None if it is none.

    A domain in another script is encoded. In front of the ``@`` only ASCII is taken, since few
    servers take more.
    """
    address = text.strip()
    if not is_address(address):
        return None
    local, _, domain = address.rpartition("@")
    if not _LOCAL_PART.fullmatch(local):
        return None
    try:
        plain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    return f"{local}@{plain}" if _DOMAIN.fullmatch(plain) else None


def read_message_ids(value: str) -> list[str]:
    """The message ids in a field such as ``References``, angle brackets included."""
    return list(dict.fromkeys(_MESSAGE_ID.findall(value)))


def chain(ids: Iterable[str]) -> list[str]:
    """A thread's ids without repetition; of a long one, the first and the latest.

    A message id that is none is left out.
    """
    known = list(dict.fromkeys(one for one in ids if _MESSAGE_ID.fullmatch(one)))
    return known if len(known) <= _MAX_REFERENCES else [known[0], *known[1 - _MAX_REFERENCES :]]
