"""Reading mail as it travels: RFC 5322 and MIME, from a mailbox, a pipe or a webhook."""

from __future__ import annotations

from collections.abc import Iterable

from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.email._flowed import unflow
from roomkit.providers.email._mime_parts import Part, split_head, walk_parts
from roomkit.providers.email._reports import read_report
from roomkit.providers.email.headers import decode_words
from roomkit.providers.email.html_text import html_to_text
from roomkit.providers.email.received import (
    DEFAULT_LIMITS,
    InboundLimits,
    ReceivedEmail,
    ReceivedFile,
    received_file,
)

VENDOR = "email"

# Signatures are about a mail, they are no part of it.
_NO_FILES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_REPORTS = ("message/delivery-status", "message/disposition-notification")


def parse_email(
    raw: bytes,
    channel_id: str,
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
) -> InboundMessage | None:
    """The message in a mail. Never raises; bytes that are no mail give None.

    The message's text is what its sender wrote, without quotations and signature; files come along
    as far as `limits` allow. The sender's address, in lower case, is ``sender_id``, and the mail's
    ``Message-ID`` is ``provider_message_id``, so that a mail that is handed in twice does no harm.
    ``metadata`` holds, where there is something to say:

    * ``subject``, ``sender_name``, ``recipient``, ``recipients``, ``cc``, ``reply_to``;
    * ``full_text``: all of the text if part of it was trimmed; ``truncated`` if it was cut;
    * ``message_id``, ``in_reply_to``, ``references`` and ``thread_id``, the id of the first mail
      of the thread; ``reply_to_event_id``, the event that the mail answers. A sender can name any
      mail there: do not let somebody into a room because of it;
    * ``auto_generated`` and ``no_reply``, both True, and ``auto_reason``, if a program wrote the
      mail: an out-of-office reply, a newsletter, a bounce. Nothing should answer these by itself;
    * ``files_left_out``: name, type and size of files that are too large to come along.

    Args:
        own_domain: the domain of our own message ids, which is that of the sender's address unless
            the provider is configured otherwise (``provider.message_id_domain``). Mail that comes
            back to us is ignored then, and answers name the event that they answer.

    Returns:
        None also for our own mail, and for bounces and receipts; `read_email` tells those apart.
    """
    meta = read_email(raw, own_domain=own_domain, limits=limits)
    return None if meta.message is None else meta.to_inbound(channel_id)


def read_email(
    raw: bytes,
    *,
    own_domain: str | None = None,
    limits: InboundLimits = DEFAULT_LIMITS,
    vendor: str = VENDOR,
) -> WebhookMeta:
    """A mail in normal form, for `RoomKit.process_webhook`: a message; a report, if it is a bounce
    or a read receipt; or something to ignore. Never raises."""
    mail = open_email(raw, own_domain=own_domain, vendor=vendor)
    return mail.to_meta(vendor=vendor, own_domain=own_domain, limits=limits)


def open_email(
    raw: bytes, *, own_domain: str | None = None, vendor: str = VENDOR
) -> ReceivedEmail:
    """A mail with all that is in it. Never raises.

    For applications that keep files elsewhere: put each of ``files`` there, and replace it
    (`dataclasses.replace`) by one with a ``url`` before `ReceivedEmail.to_meta`.
    """
    headers, body = split_head(bytes(raw))
    parts = list(walk_parts(headers, body))
    paths = headers.all("return-path")
    return ReceivedEmail(
        headers=headers,
        text=text_of_parts(parts),
        files=[_file(part) for part in parts if _is_file(part)],
        envelope_from=paths[0].strip(" <>") if paths else None,
        report=read_report(headers, parts, vendor, own_domain),
    )


def text_of_parts(parts: Iterable[Part]) -> str:
    """The text of a mail; of each set of alternatives, the plain one."""
    chosen: dict[int | str, Part] = {}
    for number, part in enumerate(parts):
        if not _is_text(part):
            continue
        key: int | str = f"part {number}" if part.alternative is None else part.alternative
        known = chosen.get(key)
        if known is None or _is_better(part, known):
            chosen[key] = part
    texts = [read_text(part) for part in chosen.values()]
    return "\n\n".join(text for text in texts if text.strip())


def _is_better(part: Part, known: Part) -> bool:
    """Whether one alternative is to be read rather than another: the plain one if it is not
    empty."""
    if not part.body.strip():
        return False
    return not known.body.strip() or (_is_html(known) and not _is_html(part))


def read_text(part: Part) -> str:
    """The text of a part, whether it is HTML, flowed, or neither."""
    if _is_html(part):
        return html_to_text(part.text())
    if part.parameter("format") == "flowed":
        return unflow(part.text(), delete_space=part.parameter("delsp") == "yes")
    return part.text()


def _is_html(part: Part) -> bool:
    return part.content_type == "text/html"


def _is_text(part: Part) -> bool:
    if part.content_type not in ("text/plain", "text/html"):
        return False
    return not part.is_attachment and part.filename is None


def _is_file(part: Part) -> bool:
    if _is_text(part) or part.content_type in _NO_FILES or part.content_type in _REPORTS:
        return False
    # Other forms of the text, for programs that can show them, are nobody's files.
    return part.alternative is None or part.filename is not None or _has_content_id(part)


def _has_content_id(part: Part) -> bool:
    return "content-id" in part.headers


def _file(part: Part) -> ReceivedFile:
    name = part.filename
    if name is None and part.content_type == "message/rfc822":
        inner, _ = split_head(part.content())
        name = f"{decode_words(inner.first('subject')) or 'message'}.eml"
    return received_file(name, part.content_type, part.content())
