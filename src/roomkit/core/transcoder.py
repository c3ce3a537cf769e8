"""Putting content into a form that a channel can carry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, assert_never

from roomkit.models._frozen import FrozenList
from roomkit.models.channel import ChannelBinding, ChannelCapabilities
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    DeleteContent,
    EditContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    SystemContent,
    TemplateContent,
    TextContent,
    VideoContent,
)
from roomkit.models.enums import ChannelMediaType

__all__ = ["ContentTranscoder", "DefaultContentTranscoder", "representable"]

_CORRECTION = "Correction:"


class ContentTranscoder(ABC):
    """Converts content for one target channel at a time. Shared by all rooms; keeps no state."""

    @abstractmethod
    async def transcode(
        self,
        content: EventContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        """`content` in a form that ``target_binding.capabilities`` allow.

        Returns the same object where nothing needs to change, and None where it cannot be
        represented: the channel is skipped then and the outcome says ``transcoding_failed``.
        Length is not the transcoder's business; see `roomkit.core.overflow`.
        """

    def passes(self, content: EventContent, target_binding: ChannelBinding) -> bool:
        """Whether `transcode` would return `content` itself, so that the call can be saved.

        Only ever True when that is certain, whatever the source is.
        """
        return False


class DefaultContentTranscoder(ContentTranscoder):
    """The documented fallbacks: what a channel cannot show becomes text that says what it was.

    The parts of a composite and the new content of an edit go through `transcode` again, so that
    what a subclass does there also holds inside of them.
    """

    _pristine: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # What `passes` knows about `transcode` is only true of the one below.
        cls._pristine = cls.transcode is DefaultContentTranscoder.transcode

    async def transcode(
        self,
        content: EventContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        capabilities = target_binding.capabilities
        if representable(content, capabilities):
            return content
        if isinstance(content, RichContent):
            return _simpler_rich(content, capabilities)
        if isinstance(content, CompositeContent):
            return await self._composite(content, source_binding, target_binding)
        if isinstance(content, EditContent):
            return await self._edit(content, source_binding, target_binding)
        return TextContent(body=_describe(content))

    def passes(self, content: EventContent, target_binding: ChannelBinding) -> bool:
        if not self._pristine:
            return False
        return type(content) is TextContent or representable(content, target_binding.capabilities)

    async def _composite(
        self,
        content: CompositeContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        parts: list[EventContent] = []
        for part in content.parts:
            converted = await self.transcode(part, source_binding, target_binding)
            if isinstance(converted, CompositeContent) and not isinstance(part, CompositeContent):
                # Unpacked, since the nesting must not become deeper than it was.
                parts.extend(converted.parts)
            elif converted is not None:
                parts.append(converted)
        if not parts:
            return None
        texts = [part.body for part in parts if isinstance(part, TextContent | SystemContent)]
        if len(texts) == len(parts):
            return TextContent(body="\n".join(texts))
        return parts[0] if len(parts) == 1 else content.evolve(parts=FrozenList(parts))

    async def _edit(
        self,
        content: EditContent,
        source_binding: ChannelBinding,
        target_binding: ChannelBinding,
    ) -> EventContent | None:
        new = await self.transcode(content.new_content, source_binding, target_binding)
        if new is None:
            return None
        if target_binding.capabilities.supports_edit:
            return content.evolve(new_content=new)
        return _corrected(new)


def representable(content: EventContent, capabilities: ChannelCapabilities) -> bool:
    """Whether a channel with these capabilities shows `content` as it is, its length aside.

    A composite is representable if its parts are and at least one of them is more than text: text
    alone is one message, not several parts.
    """
    types = capabilities.media_types
    match content:
        case TextContent() | SystemContent():
            return True
        case RichContent():
            return ChannelMediaType.RICH in types and _controls_fit(content, capabilities)
        case MediaContent():
            return ChannelMediaType.MEDIA in types and _media_fits(content, capabilities)
        case AudioContent():
            return ChannelMediaType.AUDIO in types
        case VideoContent():
            return ChannelMediaType.VIDEO in types
        case LocationContent():
            return ChannelMediaType.LOCATION in types
        case TemplateContent():
            return ChannelMediaType.TEMPLATE in types
        case EditContent():
            return capabilities.supports_edit and representable(content.new_content, capabilities)
        case DeleteContent():
            return capabilities.supports_delete
        case CompositeContent():
            return not all(
                isinstance(part, TextContent | SystemContent) for part in content.parts
            ) and all(representable(part, capabilities) for part in content.parts)
    assert_never(content)


def _describe(
    content: TextContent
    | SystemContent
    | MediaContent
    | AudioContent
    | VideoContent
    | LocationContent
    | TemplateContent
    | DeleteContent,
) -> str:
    match content:
        case TextContent() | SystemContent():
            return content.body
        case MediaContent():
            return f"[Media: {content.caption or content.filename or content.url}]"
        case AudioContent():
            return content.transcript or f"[Voice message: {content.url}]"
        case VideoContent():
            return f"[Video: {content.url}]"
        case LocationContent():
            label = f"{content.label} " if content.label else ""
            return f"[Location: {label}({content.latitude}, {content.longitude})]"
        case TemplateContent():
            return content.body or f"[Template: {content.template_id}]"
        case DeleteContent():
            return "[Message deleted]"
    assert_never(content)


def _media_fits(content: MediaContent, capabilities: ChannelCapabilities) -> bool:
    limit = capabilities.max_media_size_bytes
    if limit is not None and content.size_bytes is not None and content.size_bytes > limit:
        return False
    listed = capabilities.supported_media_types
    if not listed:
        return True
    mime_type = content.mime_type.partition(";")[0].strip().lower()
    family = mime_type.partition("/")[0]
    return any(entry.lower() in (mime_type, f"{family}/*", "*/*") for entry in listed)


def _controls_fit(content: RichContent, capabilities: ChannelCapabilities) -> bool:
    return (
        len(content.buttons) <= _button_limit(content, capabilities)
        and (capabilities.supports_cards or not content.cards)
        and (capabilities.supports_quick_replies or not content.quick_replies)
    )


def _button_limit(content: RichContent, capabilities: ChannelCapabilities) -> int:
    if not capabilities.supports_buttons:
        return 0
    limit = capabilities.max_buttons
    return len(content.buttons) if limit is None else limit


def _simpler_rich(content: RichContent, capabilities: ChannelCapabilities) -> EventContent:
    """Without the controls that the channel does not have: they are listed below the text."""
    if ChannelMediaType.RICH not in capabilities.media_types:
        controls = [*content.cards, *content.buttons, *content.quick_replies]
        return TextContent(body=_with_lines(content.plain_text or content.body, controls))
    limit = _button_limit(content, capabilities)
    cards = content.cards if capabilities.supports_cards else FrozenList()
    quick_replies = content.quick_replies if capabilities.supports_quick_replies else FrozenList()
    lost = [
        *(() if cards else content.cards),
        *content.buttons[limit:],
        *(() if quick_replies else content.quick_replies),
    ]
    plain = content.plain_text
    return content.evolve(
        body=_with_lines(content.body, lost, as_html=content.format == "html"),
        plain_text=None if plain is None else _with_lines(plain, lost),
        buttons=FrozenList(content.buttons[:limit]),
        cards=cards,
        quick_replies=quick_replies,
    )


def _with_lines(text: str, controls: Iterable[Mapping[str, Any]], *, as_html: bool = False) -> str:
    lines = [f"- {label}" for control in controls if (label := _label(control))]
    if as_html:
        # Here, since it brings a table of 2,200 entities, and few channels carry HTML.
        from html import escape

        lines = [escape(line) for line in lines]
    return ("<br>" if as_html else "\n").join([text, *lines] if text else lines)


def _label(control: Mapping[str, Any]) -> str:
    """What a button, card or quick reply says, with the address it leads to."""
    words = (control.get(key) for key in ("text", "title", "label"))
    label = next((word for word in words if isinstance(word, str) and word), "")
    url = control.get("url")
    return ": ".join(filter(None, (label, url if isinstance(url, str) else "")))


def _corrected(content: EventContent) -> EventContent:
    """`content` marked as replacing what was sent before."""
    match content:
        case TextContent() | SystemContent():
            return content.evolve(body=f"{_CORRECTION} {content.body}")
        case RichContent():
            plain = content.plain_text
            return content.evolve(
                body=f"{_CORRECTION} {content.body}",
                plain_text=None if plain is None else f"{_CORRECTION} {plain}",
            )
        case CompositeContent(parts=[TextContent() | RichContent() as first, *rest]):
            return content.evolve(parts=FrozenList([_corrected(first), *rest]))
        case CompositeContent():
            return content.evolve(
                parts=FrozenList([TextContent(body=_CORRECTION), *content.parts])
            )
        case _:
            return CompositeContent(parts=[TextContent(body=_CORRECTION), content])
