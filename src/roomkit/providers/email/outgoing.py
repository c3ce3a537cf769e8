"""The mail that an event becomes, before any vendor's way of writing it down."""

from __future__ import annotations

import binascii
import html
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_to_bytes, urlsplit

from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    MediaContent,
    RichContent,
)
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent
from roomkit.providers._content import File, files_of
from roomkit.providers.email._message_ids import mint_message_id, room_reference
from roomkit.providers.email._reports import OWN_ID_HEADER
from roomkit.providers.email.config import EmailConfig
from roomkit.providers.email.headers import ascii_address, chain, one_line, read_addresses
from roomkit.providers.email.html_text import html_to_text

_LONGEST_SUBJECT = 250
_LONGEST_NAME = 100
_MIME_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_DOCUMENT = re.compile(r"\s*<(?:!doctype|html)\b", re.IGNORECASE)
# "Re:" in the languages of the larger mail programs, with or without a number.
_REPLY_PREFIX = re.compile(
    r"(?:(?:re|aw|antw|sv|vs|ref|rif|res|odp|bls|ynt|ответ|回复|回覆)(?:\s?\[\d{1,3}\])?\s?[:：]\s*)+",
    re.IGNORECASE,
)
_PROGRAMS = frozenset({ChannelType.AI, ChannelType.SYSTEM, ChannelType.REALTIME_VOICE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """An address and the name that goes with it, "" for none. Both are on one line."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class MailFile:
    """A file that is sent along."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class MailThread:
    """Where a mail belongs: what the channel passed to ``send``."""

    subject: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMail:
    """A mail that is ready to be sent. No value that becomes a header has a line break in it.

    Attributes:
        headers: the fields beyond sender, recipient, subject and date.
        html: the formatted form of `text`, None if there is none.
    """

    message_id: str
    sender: Mailbox
    to: str
    reply_to: str | None
    subject: str
    date: datetime
    text: str
    html: str | None
    files: Sequence[MailFile]
    headers: dict[str, str]


def compose(
    event: RoomEvent,
    *,
    to: str,
    from_: str | None,
    thread: MailThread,
    config: EmailConfig,
    vendor: str,
    now: datetime,
) -> OutgoingMail:
    """The mail for an event.

    Raises:
        ProviderError: there is nothing to send, or nobody to send it to or from; its ``code`` is
            ``empty_message``, ``invalid_recipient``, ``invalid_sender``, ``invalid_media`` or
            ``too_large``.
    """
    recipient = ascii_address(to)
    if recipient is None:
        raise _refusal(vendor, "the recipient is not an e-mail address", "invalid_recipient")
    sender = _sender(from_, config)
    if sender is None:
        raise _refusal(vendor, "the sender is not an e-mail address", "invalid_sender")
    files = files_of(event.content)
    text, formatted = _bodies(event.content, [file for file in files if _is_link(file.url)])
    attached = _attachments(files, config.max_attachment_bytes, vendor)
    if not text.strip() and not attached:
        kind = event.content.type
        raise _refusal(vendor, f"nothing in {kind} content can be sent", "empty_message")
    domain = config.id_domain
    message_id = mint_message_id(event.id, recipient, domain)
    answered = chain([thread.in_reply_to or ""])
    references = chain([room_reference(event.room_id, domain), *thread.references, *answered])
    headers = {
        "Message-ID": message_id,
        OWN_ID_HEADER: message_id,
        "In-Reply-To": " ".join(answered),
        "References": " ".join(references),
    }
    if event.source.channel_type in _PROGRAMS:
        headers["Auto-Submitted"] = "auto-replied" if answered else "auto-generated"
        # What the standard's field is to others, this is to Exchange.
        headers["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    return OutgoingMail(
        message_id=message_id,
        sender=sender,
        to=recipient,
        reply_to=None if config.reply_to is None else ascii_address(config.reply_to),
        subject=_subject(thread.subject or config.default_subject, is_reply=bool(answered)),
        date=now,
        text=text,
        html=formatted,
        files=attached,
        headers={name: value for name, value in headers.items() if value},
    )


def _refusal(vendor: str, reason: str, code: str) -> ProviderError:
    return ProviderError(f"{vendor}: {reason}", provider=vendor, code=code)


def _sender(from_: str | None, config: EmailConfig) -> Mailbox | None:
    if not from_:
        name, address = config.from_name or "", config.from_email
    else:
        found = read_addresses(from_)
        if len(found) != 1:
            return None
        name, address = found[0]
    plain = ascii_address(address)
    return None if plain is None else Mailbox(address=plain, name=one_line(name)[:_LONGEST_NAME])


def _subject(subject: str, *, is_reply: bool) -> str:
    plain = one_line(subject)[:_LONGEST_SUBJECT]
    if not is_reply:
        return plain
    prefix = _REPLY_PREFIX.match(plain)
    return "Re: " + (plain if prefix is None else plain[prefix.end() :])


def _bodies(content: EventContent, links: Sequence[File]) -> tuple[str, str | None]:
    """The text of a content, and its HTML if any part of it is that."""
    plain: list[str] = []
    formatted: list[str] = []
    is_formatted = False
    for part in _flat(content):
        if isinstance(part, RichContent) and part.format == "html":
            is_formatted = True
            plain.append(part.plain_text or html_to_text(part.body))
            formatted.append(part.body)
            continue
        words = text_of(part).strip()
        if words:
            plain.append(words)
            formatted.append(_paragraphs(words))
    for file in links:
        plain.append(f"{_label(file)}: {file.url}")
        formatted.append(
            f'<p><a href="{html.escape(file.url)}">{html.escape(_label(file))}</a></p>'
        )
    text = "\n\n".join(plain).replace("\r\n", "\n")
    if not is_formatted:
        return text, None
    if len(formatted) == 1 and _DOCUMENT.match(formatted[0]):
        return text, formatted[0]
    inside = "\n".join(formatted)
    return text, f"<!DOCTYPE html>\n<html><body>\n{inside}\n</body></html>"


def _flat(content: EventContent) -> list[EventContent]:
    match content:
        case CompositeContent():
            return [part for inner in content.parts for part in _flat(inner)]
        case EditContent():
            return _flat(content.new_content)
    return [content]


def _paragraphs(words: str) -> str:
    blocks = re.split(r"\n{2,}", html.escape(words))
    return "\n".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks)


def _label(file: File) -> str:
    if isinstance(file, MediaContent) and file.filename:
        return one_line(file.filename)
    return one_line(urlsplit(file.url).path.rpartition("/")[2]) or file.type


def _is_link(url: str) -> bool:
    if not url.lower().startswith(("https://", "http://")):
        return False
    try:
        return bool(urlsplit(url).hostname) and one_line(url) == url and " " not in url
    except ValueError:
        return False


def _attachments(files: Sequence[File], most: int, vendor: str) -> list[MailFile]:
    """The files that are in the event itself, as ``data:`` URLs. Nothing is fetched."""
    attached: list[MailFile] = []
    room = most
    for file in files:
        if _is_link(file.url):
            continue
        head, comma, data = file.url.partition(",")
        if not comma or not head.lower().startswith("data:"):
            raise _refusal(vendor, "a file has no usable URL", "invalid_media")
        if len(data) > 3 * room + 8:  # as long as it can get, written as percent signs
            raise _refusal(vendor, "the files are too large", "too_large")
        try:
            content = _decoded(head, data)
        except (binascii.Error, ValueError):
            raise _refusal(vendor, "a file cannot be read", "invalid_media") from None
        room -= len(content)
        if room < 0:
            raise _refusal(vendor, "the files are too large", "too_large")
        attached.append(_mail_file(file, content))
    return attached


def _decoded(head: str, data: str) -> bytes:
    plain = unquote_to_bytes(data)
    if head.lower().rstrip().endswith(";base64"):
        return binascii.a2b_base64(plain, strict_mode=True)
    return plain


def _mail_file(file: File, content: bytes) -> MailFile:
    kind = file.mime_type.partition(";")[0].strip().lower()
    # Containers of other parts would be taken apart by whoever reads the mail.
    if not _MIME_TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    given = file.filename if isinstance(file, MediaContent) else None
    name = re.split(r"[/\\]", one_line(given or ""))[-1].strip()[:_LONGEST_NAME]
    if not name:
        name = f"{file.type}{mimetypes.guess_extension(kind) or ''}"
    return MailFile(name=name, mime_type=kind, content=content)
