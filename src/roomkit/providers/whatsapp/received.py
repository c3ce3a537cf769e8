"""What a message of the WhatsApp Cloud API says, by its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roomkit.models.content import (
    DeleteContent,
    EditContent,
    EventContent,
    MediaContent,
    SystemContent,
)
from roomkit.providers._meta_webhooks import unsupported
from roomkit.providers._webhook_items import (
    content_of,
    file_from,
    location_from,
    mapping,
    mappings,
    text,
    text_content,
)
from roomkit.providers.whatsapp.media import media_reference

_FILES = frozenset({"image", "audio", "voice", "video", "document", "sticker"})
_MOST_LISTED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A message's content, and what else becomes its metadata."""

    content: EventContent
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_message(message: Mapping[str, Any]) -> Received:
    """A message of any type; what cannot be shown becomes a mark."""
    kind = text(message.get("type"))
    part = mapping(message.get(kind))
    if kind in _FILES:
        return _file(kind, part)
    if kind == "contacts":
        return _contacts(mappings(message.get(kind)))
    reader = _READERS.get(kind)
    if reader is None:
        return Received(content=unsupported(text(part.get("type")) or kind))
    return reader(part)


def _words(body: str, **facts: Any) -> Received:
    return Received(content=text_content(body), facts=facts)


def _text(part: Mapping[str, Any]) -> Received:
    return _words(text(part.get("body")))


def _file(kind: str, part: Mapping[str, Any]) -> Received:
    media_id = text(part.get("id"))
    file = file_from(
        media_reference(media_id) if media_id.isascii() and media_id.isdigit() else "",
        text(part.get("mime_type")),
        filename=text(part.get("filename")),
    )
    caption = text(part.get("caption"))
    facts = {
        "media_id": media_id,
        "voice": kind == "voice" or part.get("voice") is True or None,
        "sticker": kind == "sticker" or None,
    }
    if file is None:
        return Received(content=content_of(caption, [unsupported(kind)]))
    if isinstance(file, MediaContent):
        return Received(content=file.evolve(caption=caption or None), facts=facts)
    return Received(content=content_of(caption, [file]), facts=facts)


def _location(part: Mapping[str, Any]) -> Received:
    place = location_from(
        part.get("latitude"),
        part.get("longitude"),
        label=text(part.get("name")),
        address=text(part.get("address")),
    )
    return Received(content=unsupported("location") if place is None else place)


def _contacts(given_cards: Sequence[Mapping[str, Any]]) -> Received:
    """Address cards: a line for each, and names and numbers in the metadata."""
    cards: list[dict[str, Any]] = []
    lines = []
    for given in given_cards[:_MOST_LISTED]:
        name = text(mapping(given.get("name")).get("formatted_name"))
        phones = _listed(given.get("phones"), "phone")
        lines.append(", ".join(filter(None, [name, *phones])))
        emails = _listed(given.get("emails"), "email")
        cards.append({"name": name, "phones": phones, "emails": emails})
    return _words("\n".join(f"[Contact: {line}]" for line in lines) or "[Contact]", contacts=cards)


def _listed(items: Any, name: str) -> list[str]:
    found = (text(item.get(name)) for item in mappings(items)[:_MOST_LISTED])
    return [value for value in found if value]


def _interactive(part: Mapping[str, Any]) -> Received:
    kind = text(part.get("type"))
    chosen = mapping(part.get(kind))
    if kind in ("button_reply", "list_reply"):
        payload = text(chosen.get("id"))
        return _words(text(chosen.get("title")) or payload, postback_data=payload)
    if kind == "nfm_reply":  # a form that was filled in (WhatsApp Flows)
        answers = text(chosen.get("response_json"))
        return _words(text(chosen.get("body")) or "[Form]", postback_data=answers)
    return Received(content=unsupported(kind or "interactive"))


def _button(part: Mapping[str, Any]) -> Received:
    """A button of a template."""
    return _words(text(part.get("text")), postback_data=text(part.get("payload")))


def _order(part: Mapping[str, Any]) -> Received:
    items = [
        {name: text(item.get(name)) for name in ("product_retailer_id", "quantity", "currency")}
        | {"item_price": str(item.get("item_price", ""))[:40]}
        for item in mappings(part.get("product_items"))[:_MOST_LISTED]
    ]
    facts = {"catalog_id": text(part.get("catalog_id")), "items": items}
    words = text(part.get("text"))
    mark = f"[Order: {len(items)} items]"
    return _words(f"{words}\n{mark}" if words else mark, order=facts)


def _system(part: Mapping[str, Any]) -> Received:
    """Something about the person, such as a new number; not for an agent to answer."""
    kind = text(part.get("type"))
    facts = {"new_wa_id": text(part.get("wa_id")), "new_user_id": text(part.get("user_id"))}
    data = {name: value for name, value in facts.items() if value}
    body = text(part.get("body")) or f"[{kind or 'System message'}]"
    content = SystemContent(body=body, code=kind or None, data=data)
    return Received(content=content, facts={"no_reply": True})


def _edit(part: Mapping[str, Any]) -> Received:
    """A message in a new wording."""
    inner = mapping(part.get("message"))
    target = text(part.get("original_message_id"))
    if text(inner.get("type")) in ("edit", "revoke"):
        return Received(content=unsupported("edit"))
    new = read_message(inner)
    if not target:  # of what it was, nobody knows; the words are worth having
        return new
    content = EditContent(target_event_id=target, new_content=new.content, edit_source="sender")
    return Received(content=content, facts={**new.facts, "target_message_id": target})


def _revoke(part: Mapping[str, Any]) -> Received:
    target = text(part.get("original_message_id"))
    if not target:
        return Received(content=unsupported("revoke"))
    content = DeleteContent(target_event_id=target)
    return Received(content=content, facts={"target_message_id": target})


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Received]] = {
    "text": _text,
    "location": _location,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
}
