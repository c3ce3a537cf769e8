"""From an event's content to the calls of the Bot API that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TextContent,
    VideoContent,
)
from roomkit.providers._chat_text import Control, controls_of
from roomkit.providers._content import File
from roomkit.providers._inline import inline_file, is_inline
from roomkit.providers.telegram._api import VENDOR, Upload, file_id_of
from roomkit.providers.telegram.formatting import telegram_html

_MOST_CAPTION = 1024
_MOST_CALLBACK_BYTES = 64
# Telegram fetches anything for the methods that show a kind of file, but as a document only these:
# https://core.telegram.org/bots/api#sending-files
_FETCHED_DOCUMENTS = frozenset({"application/pdf", "application/zip", "image/gif"})
_PHOTOS = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp"})
_VOICES = frozenset({"audio/ogg", "audio/opus"})
_SONGS = frozenset({"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"})


@dataclass(frozen=True, kw_only=True, slots=True)
class BotCall:
    """A method of the Bot API that shows something; where is added later."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    upload: Upload | None = None


def refusal(reason: str, code: str) -> ProviderError:
    """What cannot be sent, whatever Telegram would say."""
    return ProviderError(f"{VENDOR}: {reason}", provider=VENDOR, code=code)


def calls_for(content: EventContent) -> list[BotCall]:
    """The calls that show a content, in order. A text right before a file becomes its caption.

    Raises:
        ProviderError: nothing in it can be sent.
    """
    calls: list[BotCall] = []
    for leaf in _leaves(content):
        made = _calls_for_leaf(leaf)
        if calls and made and _can_be_caption(calls[-1], made[0]):
            words = {"caption": calls[-1].params["text"]}
            calls[-1:] = [replace(made[0], params={**made[0].params, **words}), *made[1:]]
        else:
            calls += made
    if not calls:
        raise refusal(f"nothing in {content.type} content can be sent", "empty_message")
    return calls


def edit_call(content: EventContent) -> BotCall:
    """The call that gives a message new content.

    Raises:
        ProviderError: such a content cannot take another's place.
    """
    first, *more = calls_for(content)
    if first.method == "sendMessage" and not more:
        return BotCall(method="editMessageText", params=first.params)
    name = _PARAMETER_OF.get(first.method)
    if name is None or more:
        raise refusal(f"{content.type} content cannot replace a message", "not_editable")
    media = {"type": name, "media": first.params.get(name, f"attach://{name}")}
    if "caption" in first.params:
        media["caption"] = first.params["caption"]
    return BotCall(method="editMessageMedia", params={"media": media}, upload=first.upload)


def _leaves(content: EventContent) -> list[EventContent]:
    if isinstance(content, CompositeContent):
        return [leaf for part in content.parts for leaf in _leaves(part)]
    return [content]


def _calls_for_leaf(content: EventContent) -> list[BotCall]:
    match content:
        case TextContent() | SystemContent():
            return _text(content.body)
        case RichContent():
            return _rich(content)
        case MediaContent() | AudioContent() | VideoContent():
            return _file(content)
        case LocationContent():
            return [_place(content)]
    return _text(text_of(content))


def _text(body: str) -> list[BotCall]:
    return [BotCall(method="sendMessage", params={"text": body})] if body.strip() else []


def _rich(content: RichContent) -> list[BotCall]:
    """Formatted text with a keyboard below it. Cards become lines."""
    controls = controls_of([*content.buttons, *content.quick_replies])
    lines = [control.line for control in controls_of(content.cards)]
    lines += [control.line for control in controls if control.phone_number and not control.url]
    keyboard = [[button] for control in controls if (button := _button(control)) is not None]
    written = telegram_html(content.body, content.format)
    words = "\n".join(filter(None, [written, *(escape(line, quote=False) for line in lines)]))
    if not words:
        return []
    params: dict[str, Any] = {"text": words, "parse_mode": "HTML"}
    if keyboard:
        params["reply_markup"] = {"inline_keyboard": keyboard}
    return [BotCall(method="sendMessage", params=params)]


def _button(control: Control) -> dict[str, str] | None:
    """https://core.telegram.org/bots/api#inlinekeyboardbutton; none can call a number."""
    if control.url:
        return {"text": control.label, "url": control.url}
    if control.phone_number:
        return None
    if len(control.payload.encode()) > _MOST_CALLBACK_BYTES:
        # Cut, it would come back as something else.
        raise refusal(
            f"a button's payload has at most {_MOST_CALLBACK_BYTES} bytes", "invalid_button"
        )
    return {"text": control.label, "callback_data": control.payload}


def _place(place: LocationContent) -> BotCall:
    point: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    title = place.label or place.address
    if not title:
        return BotCall(method="sendLocation", params=point)
    address = place.address or f"{place.latitude}, {place.longitude}"
    return BotCall(method="sendVenue", params={**point, "title": title, "address": address})


_PARAMETER_OF = {
    "sendPhoto": "photo",
    "sendAnimation": "animation",
    "sendVideo": "video",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "sendDocument": "document",
}


def _method_for(file: File) -> str:
    kind = file.mime_type.partition(";")[0].strip().lower()
    if isinstance(file, VideoContent) or kind == "video/mp4":
        return "sendVideo"
    if kind == "image/gif":
        return "sendAnimation"
    if kind in _PHOTOS:
        return "sendPhoto"
    if kind in _VOICES:
        return "sendVoice"
    return "sendAudio" if kind in _SONGS else "sendDocument"


def _file(file: File) -> list[BotCall]:
    method = _method_for(file)
    name = _PARAMETER_OF[method]
    caption = (file.caption or "") if isinstance(file, MediaContent) else ""
    known = file_id_of(file.url)
    upload = _uploaded(file, name) if is_inline(file.url) else None
    if known is None and upload is None:
        kind = file.mime_type.partition(";")[0].strip().lower()
        if method == "sendDocument" and kind not in _FETCHED_DOCUMENTS:
            return _text("\n".join(filter(None, [caption, file.url])))
    params: dict[str, Any] = {} if upload is not None else {name: known or file.url}
    if not caption.strip():
        return [BotCall(method=method, params=params, upload=upload)]
    if len(caption) > _MOST_CAPTION:
        return [BotCall(method=method, params=params, upload=upload), *_text(caption)]
    return [BotCall(method=method, params={**params, "caption": caption}, upload=upload)]


def _can_be_caption(before: BotCall, call: BotCall) -> bool:
    return (
        before.method == "sendMessage"
        and before.params.keys() == {"text"}
        and len(before.params["text"]) <= _MOST_CAPTION
        and call.method in _PARAMETER_OF
        and "caption" not in call.params
    )


def _uploaded(file: File, name: str) -> Upload:
    content = inline_file(file.url)
    if content is None:
        raise refusal("a file's data: URL cannot be read", "invalid_media")
    filename = file.filename if isinstance(file, MediaContent) else None
    return Upload(
        name=name, filename=filename or "file", mime_type=file.mime_type, content=content
    )
