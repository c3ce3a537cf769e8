"""The form that the Inbound Parse webhook posts: ``multipart/form-data``, RFC 7578.

SendGrid's boundary is the same for every mail, so that a mail can be written that looks like the
end of one field and the beginning of the next. A form in which a field occurs twice, or in which
something stands after the end, is refused: those are the ways to put a forged sender into one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from roomkit.errors import WebhookError
from roomkit.providers.email._mime_parts import split_head
from roomkit.providers.email.headers import Headers, decode_words

_MAX_FIELDS = 500
# All fields but files are written so; the general way takes ten times as long.
_PLAIN_FIELD = re.compile(rb'Content-Disposition: form-data; name="([\w-]{1,50})"\r\n\r\n')


@dataclass(frozen=True, kw_only=True, slots=True)
class FormField:
    """A field of a form.

    Attributes:
        filename: the file's name, None for a field that is no file.
    """

    content: bytes
    filename: str | None = None
    content_type: str = ""


def read_form(body: bytes, content_type: str) -> dict[str, FormField]:
    """The fields of a form by their names.

    Raises:
        WebhookError: it is no such form, or not one that SendGrid would write.
    """
    described = Message()
    described["content-type"] = content_type[:1000]
    boundary = described.get_boundary()
    if described.get_content_type() != "multipart/form-data" or not boundary:
        raise WebhookError("the webhook is not a form")
    delimiter = b"\r\n--" + boundary.encode("utf-8", "replace")
    head, *pieces = (b"\r\n" + body).split(delimiter, _MAX_FIELDS + 2)
    if head.strip() or not pieces or re.fullmatch(rb"--\s*", pieces[-1]) is None:
        raise WebhookError("the form has no clear beginning or end")
    fields: dict[str, FormField] = {}
    for piece in pieces[:-1]:
        if not piece.startswith(b"\r\n"):
            raise WebhookError("a field of the form has no clear beginning")
        name, form_field = _read_field(piece[2:])
        if name in fields:
            raise WebhookError("a field of the form occurs twice")
        fields[name] = form_field
    return fields


def _read_field(piece: bytes) -> tuple[str, FormField]:
    plain = _PLAIN_FIELD.match(piece)
    if plain is not None:
        return plain[1].decode(), FormField(content=piece[plain.end() :])
    headers, content = split_head(piece)
    name = headers.content.get_param("name", header="content-disposition")
    if not isinstance(name, str) or not name:
        raise WebhookError("a field of the form has no name")
    return name, FormField(
        content=content,
        filename=_filename(headers),
        content_type=headers.first("content-type"),
    )


def _filename(headers: Headers) -> str | None:
    try:
        name = headers.content.get_filename()
    except (ValueError, LookupError):
        return None
    return None if name is None else decode_words(name)
