"""Mail that came in, in one form whoever took it apart, and the message that it becomes."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from roomkit.models.address import canonical_address
from roomkit.models.content import AudioContent, MediaContent, VideoContent
from roomkit.models.delivery import DeliveryStatus, InboundMessage, WebhookMeta
from roomkit.models.enums import ChannelType
from roomkit.providers._config import ProviderConfig
from roomkit.providers._content import File
from roomkit.providers._webhook_items import content_of, unknown_meta
from roomkit.providers.email._automatic import automatic_reason
from roomkit.providers.email._message_ids import event_id_of, is_own
from roomkit.providers.email._reports import OWN_ID_HEADER
from roomkit.providers.email.headers import Headers, chain, read_addresses, read_message_ids
from roomkit.providers.email.reply import trim_reply

_LONGEST_NAME = 255
_MOST_LISTED = 100
_MIME_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}", re.ASCII)
_UNKNOWN_TYPE = "application/octet-stream"


class InboundLimits(ProviderConfig):
    """How much of a mail becomes part of a message.

    Files that are small enough are kept in the message itself, as ``data:`` URLs; the others are
    named in its metadata. Everything that is kept here is stored with the timeline and read with
    it: keep larger files elsewhere (see `ReceivedEmail.files`).

    Attributes:
        max_files: how many files are kept.
        max_file_bytes: how large each may be; 0 keeps none.
        max_total_bytes: how large all of them together may be.
        max_text_chars: how long the text may be; what is longer is cut.
    """

    max_files: int = Field(default=20, ge=0)
    max_file_bytes: int = Field(default=1_000_000, ge=0)
    max_total_bytes: int = Field(default=5_000_000, ge=0)
    max_text_chars: int = Field(default=200_000, ge=1)


DEFAULT_LIMITS = InboundLimits.constant()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedFile:
    """A file in a mail.

    Attributes:
        content: its bytes.
        url: where the application has put it. Without one a small file becomes a ``data:`` URL.
    """

    name: str | None = None
    mime_type: str = _UNKNOWN_TYPE
    content: bytes = b""
    url: str | None = None

    def facts(self) -> dict[str, Any]:
        """The file without its content."""
        return {
            "filename": self.name,
            "mime_type": self.mime_type,
            "size_bytes": len(self.content),
        }

    def as_content(self) -> File:
        """The content that shows the file."""
        url = self.url
        if url is None:
            encoded = base64.b64encode(self.content).decode()
            url = f"data:{self.mime_type};base64,{encoded}"
        if self.mime_type.startswith("audio/"):
            return AudioContent(url=url, mime_type=self.mime_type)
        if self.mime_type.startswith("video/"):
            return VideoContent(url=url, mime_type=self.mime_type)
        return MediaContent(
            url=url,
            mime_type=self.mime_type,
            filename=self.name,
            size_bytes=len(self.content),
        )


def received_file(name: str | None, mime_type: str, content: bytes) -> ReceivedFile:
    """A file with a name and a type that anybody may have written."""
    plain = (name or "").strip()[:_LONGEST_NAME]
    kind = mime_type.partition(";")[0].strip().lower()
    if not _MIME_TYPE.fullmatch(kind) or kind == _UNKNOWN_TYPE:
        kind = mimetypes.guess_type(plain)[0] or _UNKNOWN_TYPE
    return ReceivedFile(name=plain or None, mime_type=kind, content=content)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedEmail:
    """A mail as its sender sees it. Nothing in it is proven: anybody can write any address.

    Attributes:
        headers: the fields of its header.
        text: the whole text, quotations and signature included; made from the HTML if the mail has
            nothing else.
        files: what is attached to it or shown in it.
        envelope_from: the return path if it is known, "" for that of a bounce.
        report: what the mail says about another one, if it is a bounce or a receipt.
        facts: what the receiving service found out, such as ``spf``; goes into the metadata.
    """

    headers: Headers
    text: str = ""
    files: Sequence[ReceivedFile] = ()
    envelope_from: str | None = None
    report: DeliveryStatus | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sender(self) -> tuple[str, str] | None:
        """The name ("" if there is none) and the address of who says to have written it."""
        for name in ("from", "sender", "reply-to"):
            found = read_addresses(self.headers.first(name))
            if found:
                return found[0]
        return None

    @property
    def subject(self) -> str:
        return self.headers.text("subject")[:_LONGEST_NAME]

    @property
    def message_id(self) -> str:
        """The mail's own id; where it has none, one that follows from the rest of it."""
        ids = read_message_ids(self.headers.first("message-id"))
        if ids:
            return ids[0]
        known = [self.headers.first(name) for name in ("from", "to", "date", "subject")]
        text = "\0".join([*known, self.text])
        return f"<{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:32]}@unnamed>"

    @property
    def in_reply_to(self) -> str | None:
        """The id of the mail that this one answers."""
        ids = read_message_ids(self.headers.first("in-reply-to")) or self._referred()
        return ids[-1] if ids else None

    @property
    def references(self) -> list[str]:
        """The ids of the earlier mails of the thread, the oldest first."""
        answered = read_message_ids(self.headers.first("in-reply-to"))
        return chain([*self._referred(), *answered[:1]])

    def _referred(self) -> list[str]:
        return read_message_ids(self.headers.first("references"))

    def is_own(self, own_domain: str | None) -> bool:
        """Whether the mail was sent from here and has come back."""
        ids = [*read_message_ids(self.headers.first(OWN_ID_HEADER.lower())), self.message_id]
        return any(is_own(one, own_domain) for one in ids)

    def to_meta(
        self,
        *,
        vendor: str = "email",
        own_domain: str | None = None,
        limits: InboundLimits = DEFAULT_LIMITS,
    ) -> WebhookMeta:
        """The mail in the form of any webhook: a message, a report, or something to ignore.

        Args:
            own_domain: the domain of our message ids, see `parse_email`.
        """
        if self.report is not None:
            return WebhookMeta(
                provider=vendor,
                event_type="status",
                external_id=self.report.message_id,
                recipient=self.report.recipient,
                status=self.report,
            )
        sender = self.sender
        if sender is None or self.is_own(own_domain):
            return unknown_meta(vendor, external_id=self.message_id, raw={})
        whole = self.text[: limits.max_text_chars].strip()
        words = trim_reply(whole)
        message = self._message(*sender, whole, words, own_domain, limits)
        return WebhookMeta(
            provider=vendor,
            sender=message.sender_id,
            recipient=message.metadata.get("recipient", ""),
            body=words,
            external_id=message.provider_message_id,
            message=message,
        )

    def _message(
        self,
        name: str,
        address: str,
        whole: str,
        words: str,
        own_domain: str | None,
        limits: InboundLimits,
    ) -> InboundMessage:
        recipients = self._addresses("to")
        kept, left = _kept_files(self.files, limits)
        facts = {
            "subject": self.subject,
            "sender_name": name,
            "recipient": next(iter(recipients), ""),
            "recipients": recipients,
            "cc": self._addresses("cc"),
            "reply_to": next(iter(self._addresses("reply-to")), ""),
            "full_text": whole if whole != words else "",
            "truncated": len(self.text) > limits.max_text_chars,
            "files_left_out": [file.facts() for file in left[:_MOST_LISTED]],
            **self._thread(own_domain),
            **self._automatic(address),
            **self.facts,
        }
        return InboundMessage(
            channel_id="",
            sender_id=canonical_address(ChannelType.EMAIL, address),
            content=content_of(words, [file.as_content() for file in kept]),
            provider_message_id=self.message_id,
            metadata={key: value for key, value in facts.items() if value},
        )

    def _thread(self, own_domain: str | None) -> dict[str, Any]:
        references = self.references
        known = [one for one in references if is_own(one, own_domain)]
        theirs = [one for one in references if one not in known]
        answered = [event_id_of(one, own_domain) for one in reversed(known)]
        return {
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": references,
            "thread_id": next(iter(theirs or known), self.message_id),
            "reply_to_event_id": next(filter(None, answered), None),
        }

    def _automatic(self, address: str) -> dict[str, Any]:
        reason = automatic_reason(self.headers, address, self.envelope_from)
        if reason is None:
            return {}
        return {"auto_generated": True, "no_reply": True, "auto_reason": reason}

    def _addresses(self, name: str) -> list[str]:
        return [address for _, address in read_addresses(self.headers.first(name))]


def _kept_files(
    files: Sequence[ReceivedFile], limits: InboundLimits
) -> tuple[list[ReceivedFile], list[ReceivedFile]]:
    """The files that become part of the message, and the others."""
    kept: list[ReceivedFile] = []
    left: list[ReceivedFile] = []
    room = limits.max_total_bytes
    for file in files:
        size = 0 if file.url is not None else len(file.content)
        if len(kept) < limits.max_files and size <= min(limits.max_file_bytes, room):
            kept.append(file)
            room -= size
        else:
            left.append(file)
    return kept, left
