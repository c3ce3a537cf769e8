"""What an RCS message looks like at Telnyx:
https://developers.telnyx.com/docs/messaging/messages/send-an-rcs-message

A message is a text, a file, or one or several cards; below it stand suggestions, to be tapped.
What has no place of its own becomes part of the text, which ends in "…" where even that is full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roomkit.channels.base import text_of
from roomkit.models.content import LocationContent, RichContent
from roomkit.providers._chat_text import controls_in, label_of, word
from roomkit.providers._content import File
from roomkit.providers.rcs.vendor import OutgoingRCS

_MOST_TEXT = 3072
_MOST_DESCRIPTION = 2000
_MOST_TITLE = 200
_MOST_LABEL = 25
_MOST_SUGGESTIONS = 11
_MOST_IN_CARD = 4
_MOST_CARDS = 10

type Json = dict[str, Any]


def content_message(rcs: OutgoingRCS) -> Json:
    """The ``content_message`` for an event."""
    match rcs.content:
        case RichContent() as rich:
            return _rich(rich)
        case LocationContent() as place:
            return {"text": _cut(rcs.plain, _MOST_TEXT), "suggestions": [_show_on_map(place)]}
    return (
        _with_files(rcs.plain, rcs.files) if rcs.files else {"text": _cut(rcs.plain, _MOST_TEXT)}
    )


def _rich(rich: RichContent) -> Json:
    controls: list[Mapping[str, Any]] = [*rich.buttons, *rich.quick_replies]
    suggestions, left = _suggestions(controls, _MOST_SUGGESTIONS)
    intro = "\n".join(filter(None, [text_of(rich), *left]))
    cards = [_card_of(card) for card in rich.cards[:_MOST_CARDS]]
    if cards:
        # A message of cards has no text of its own.
        described = "\n".join(filter(None, [intro, cards[0].get("description", "")]))
        cards[0]["description"] = _cut(described, _MOST_DESCRIPTION)
    message: Json = (
        {"rich_card": _rich_card(cards)} if cards else {"text": _cut(intro, _MOST_TEXT)}
    )
    return {**message, "suggestions": suggestions} if suggestions else message


def _with_files(body: str, files: Sequence[File]) -> Json:
    if len(files) == 1 and not body:
        return {"content_info": {"file_url": files[0].url}}
    shown = all(file.mime_type.startswith(("image/", "video/")) for file in files)
    if shown and len(files) <= _MOST_CARDS and len(body) <= _MOST_DESCRIPTION:
        cards: list[Json] = [{"media": _media(file.url)} for file in files]
        if body:
            cards[0]["description"] = body
        return {"rich_card": _rich_card(cards)}
    return {"text": _cut("\n".join(filter(None, [body, *(it.url for it in files)])), _MOST_TEXT)}


def _rich_card(cards: Sequence[Json]) -> Json:
    if len(cards) == 1:
        layout = {"card_orientation": "VERTICAL", "thumbnail_image_alignment": "LEFT"}
        return {"standalone_card": {**layout, "card_content": cards[0]}}
    return {"carousel_card": {"card_width": "MEDIUM", "card_contents": list(cards)}}


def _card_of(card: Mapping[str, Any]) -> Json:
    suggestions, left = _suggestions(controls_in(card), _MOST_IN_CARD)
    description = "\n".join(filter(None, [word(card, "description", "subtitle"), *left]))
    image = word(card, "image_url", "media_url", "image")
    parts: Json = {
        "title": _cut(word(card, "title", "text", "label"), _MOST_TITLE),
        "description": _cut(description, _MOST_DESCRIPTION),
        "media": _media(image) if image else None,
        "suggestions": suggestions,
    }
    return {name: part for name, part in parts.items() if part}


def _media(url: str) -> Json:
    return {"height": "MEDIUM", "content_info": {"file_url": url}}


def _suggestions(controls: Sequence[Mapping[str, Any]], most: int) -> tuple[list[Json], list[str]]:
    """The first `most` controls as suggestions, and lines of text for the others."""
    labelled = [control for control in controls if label_of(control)]
    return [_suggestion(it) for it in labelled[:most]], [
        f"- {label_of(it)}" for it in labelled[most:]
    ]


def _suggestion(control: Mapping[str, Any]) -> Json:
    label = word(control, "text", "title", "label", "url")
    common = {
        "text": _cut(label, _MOST_LABEL),
        "postback_data": word(control, "payload", "postback_data", "id") or label,
    }
    url, number = word(control, "url"), word(control, "phone_number")
    if url:
        browser = {"url": url, "application": "BROWSER", "webview_view_mode": "FULL"}
        return {"action": {**common, "open_url_action": browser}}
    if number:
        return {"action": {**common, "dial_action": {"phone_number": number}}}
    return {"reply": common}


def _show_on_map(place: LocationContent) -> Json:
    point = {"latitude": place.latitude, "longitude": place.longitude}
    label = place.label or place.address or f"{place.latitude}, {place.longitude}"
    action = {"lat_long": point, "label": label}
    common = {"text": _cut(label, _MOST_LABEL), "postback_data": "map"}
    return {"action": {**common, "view_location_action": action}}


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
