"""What the codecs of all vendors' language models share.

The vendors agree on little, but each must say when a picture cannot be shown, read the arguments
that a model wrote, and keep to some rule for the names of tools.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_to_bytes

from pydantic import ValidationError

from roomkit.providers.ai.base import (
    AIImagePart,
    AIMessage,
    AIPart,
    AITextPart,
    AIToolCall,
    AIUsage,
)

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class InlineData:
    """What a ``data:`` URL holds, with the data in Base64."""

    mime_type: str
    base64: str


def read_data_url(url: str) -> InlineData | None:
    """What a ``data:`` URL holds (RFC 2397); None for any other URL and for a broken one."""
    if not _is_data(url) or "," not in url:
        return None
    head, _, body = url[5:].partition(",")
    mime_type, *options = (word.strip() for word in head.split(";"))
    if "base64" in (option.lower() for option in options):
        data = unquote_to_bytes(body).decode("ascii", "ignore") if "%" in body else body
    else:
        data = b64encode(unquote_to_bytes(body)).decode()
    return InlineData(mime_type=mime_type or "text/plain", base64=data)


def image_mark(image: AIImagePart) -> str:
    """What stands in a message in place of a picture that the model cannot be shown."""
    if not _is_data(image.url):
        return f"[Image: {image.url}]"
    inline = read_data_url(image.url)
    return f"[Image: {inline.mime_type if inline else 'unreadable'}]"


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def words_of(parts: str | Iterable[AIPart], *, between: str = "") -> str:
    """Text and, in place of pictures, their marks.

    Args:
        between: stands between the pieces.
    """
    if isinstance(parts, str):
        return parts
    words = (
        image_mark(part) if isinstance(part, AIImagePart) else part.text
        for part in parts
        if isinstance(part, AITextPart | AIImagePart)
    )
    return between.join(word for word in words if word)


def parts_of(message: AIMessage) -> list[AIPart]:
    """The pieces of a message that say something; vendors refuse empty text."""
    if isinstance(message.content, str):
        return [AITextPart(text=message.content)] if message.content.strip() else []
    return [
        part
        for part in message.content
        if not isinstance(part, AITextPart) or part.text.strip() or part.provider_data
    ]


def merged(messages: Iterable[AIMessage]) -> list[AIMessage]:
    """The messages without empty ones, and neighbours of one role as one message of parts.

    For vendors that want the roles to take turns.
    """
    turns: list[AIMessage] = []
    for message in messages:
        parts = parts_of(message)
        if not parts:
            continue
        if turns and turns[-1].role == message.role:
            parts = [*parts_of(turns.pop()), *parts]
        turns.append(AIMessage(role=message.role, content=parts))
    return turns


def read_arguments(
    written: str | Mapping[str, Any] | None, *, cut_off: bool = False
) -> tuple[dict[str, Any], str | None]:
    """The arguments of a tool call, and what the model wrote if that was no JSON object.

    Some models encode the object twice, as a string with JSON in it: that is decoded. Nothing at
    all means no arguments, unless the answer was cut off before they began.
    """
    if isinstance(written, Mapping):
        return dict(written), None
    if written is None or not written.strip():
        return {}, "" if cut_off else None
    value: Any = written
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}, written
    return (value, None) if isinstance(value, dict) else ({}, written)


def read_call(
    call_id: str,
    name: str,
    written: str | Mapping[str, Any] | None,
    *,
    cut_off: bool = False,
    provider_data: Mapping[str, Any] | None = None,
) -> AIToolCall:
    """A tool call as the model wrote it.

    Args:
        written: the arguments, as JSON or already decoded.
        cut_off: whether the answer ended here because it got too long.
    """
    arguments, malformed = read_arguments(written, cut_off=cut_off)
    sealed = dict(provider_data or {})
    try:
        return AIToolCall(
            id=call_id,
            name=name,
            arguments=arguments,
            malformed=malformed,
            provider_data=sealed,
        )
    except ValidationError:
        # JSON, but nested deeper than models keep it.
        malformed = written if isinstance(written, str) else json.dumps(arguments)
        return AIToolCall(id=call_id, name=name, malformed=malformed, provider_data=sealed)


def count_usage(
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cached_input_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    reasoning_tokens: int | None = None,
) -> dict[str, int]:
    """``AIResponse.usage``: what is not known or is no number is left out, and so are details that
    are zero.
    """
    totals = {AIUsage.INPUT_TOKENS: input_tokens, AIUsage.OUTPUT_TOKENS: output_tokens}
    details = {
        AIUsage.CACHED_INPUT_TOKENS: cached_input_tokens,
        AIUsage.CACHE_WRITE_TOKENS: cache_write_tokens,
        AIUsage.REASONING_TOKENS: reasoning_tokens,
    }
    known = {str(name): count for name, count in totals.items() if isinstance(count, int)}
    return known | {str(name): n for name, n in details.items() if isinstance(n, int) and n > 0}


class ToolNames:
    """The names of tools as a vendor takes them, and back.

    Most vendors take ASCII letters, digits, ``_`` and ``-`` only. A tool server's names may be
    anything; what does not fit is replaced, and made distinct by a digest of the whole name. The
    same name always becomes the same.

    Args:
        names: the tools of the request, whose names are recognised in the answer.
        longest: how long a name may be.
    """

    def __init__(self, names: Sequence[str], *, longest: int = 64) -> None:
        self._longest = longest
        self._originals = {self.sent(name): name for name in names}

    def sent(self, name: str) -> str:
        """The name that the vendor gets."""
        fitting = _NOT_IN_NAMES.sub("_", name)
        if fitting == name and 0 < len(name) <= self._longest:
            return name
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        return f"{fitting[: self._longest - 9]}_{digest}"

    def original(self, name: str) -> str:
        """The tool's own name, for one that the model used."""
        return self._originals.get(name, name)
