"""What the vendors of RCS have in common: what is asked and checked, and its plain version."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from roomkit.channels.base import text_of
from roomkit.errors import ProviderError
from roomkit.models.address import canonical_phone
from roomkit.models.content import (
    CompositeContent,
    EditContent,
    EventContent,
    LocationContent,
    RichContent,
    TemplateContent,
)
from roomkit.models.delivery import ProviderResult, RCSResult
from roomkit.models.event import RoomEvent
from roomkit.providers._content import File, files_of
from roomkit.providers._http_failures import failed
from roomkit.providers.rcs.base import RCSProvider
from roomkit.providers.sms.consent import OptOutAware


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingRCS:
    """A message as a vendor wants to hear of it.

    Attributes:
        to: the recipient's number in E.164 form.
        content: what to show.
        plain: its words for a phone that shows nothing else, controls and places included.
        files: the files in it.
        fallback: whether an SMS may go out instead.
    """

    to: str
    content: EventContent
    plain: str
    files: Sequence[File]
    fallback: bool


class VendorRCSProvider(OptOutAware, RCSProvider):
    """Base of the vendors' RCS providers; comes before the base that speaks to the vendor.

    Whoever has opted out is not written to: see `OptOutRegistry`.

    Attributes:
        sends_templates: whether a template can go out by its id alone.
    """

    sends_templates: ClassVar[bool] = False

    async def send(self, event: RoomEvent, to: str, fallback: bool = True) -> RCSResult:
        content = event.content
        rcs = OutgoingRCS(
            to=canonical_phone(to),
            content=content,
            plain=plain_text(content),
            files=files_of(content),
            fallback=fallback,
        )
        by_id = self.sends_templates and isinstance(content, TemplateContent)
        try:
            if not (rcs.plain.strip() or rcs.files or by_id):
                raise ProviderError(
                    f"{self.name}: nothing in {content.type} content can be sent as RCS",
                    provider=self.name,
                    code="empty_message",
                )
            await self._check_consent(rcs.to, self._senders())
        except ProviderError as error:
            return rcs_result(failed(error))
        return await self._submit(rcs)

    @abstractmethod
    async def _submit(self, rcs: OutgoingRCS) -> RCSResult:
        """Hand a message to the vendor."""

    @abstractmethod
    def _senders(self) -> Sequence[str | None]:
        """Whom messages come from: the agent, and the pool that it belongs to."""


def rcs_result(result: ProviderResult, *, fallback: bool = False) -> RCSResult:
    """A result that also tells whether the message became an SMS."""
    return RCSResult(**result.model_dump(), fallback=fallback)


def plain_text(content: EventContent) -> str:
    """The words of a content, with a line for each control and a link for each place."""
    match content:
        case RichContent():
            lines = [text_of(content), *(_card_text(card) for card in content.cards)]
            lines += [f"- {label_of(it)}" for it in [*content.buttons, *content.quick_replies]]
        case LocationContent():
            point = f"{content.latitude},{content.longitude}"
            lines = [text_of(content), f"https://maps.google.com/?q={point}"]
        case CompositeContent():
            lines = [plain_text(part) for part in content.parts]
        case EditContent():
            return plain_text(content.new_content)
        case _:
            return text_of(content)
    return "\n".join(filter(None, lines))


def label_of(control: Mapping[str, Any]) -> str:
    """What a control says, with the address that it leads to."""
    return ": ".join(filter(None, [word(control, "text", "title", "label"), word(control, "url")]))


def word(control: Mapping[str, Any], *names: str) -> str:
    """The first of these entries that is a text."""
    found = (control.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def controls_in(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buttons of a card."""
    buttons = card.get("buttons")
    return [it for it in buttons if isinstance(it, Mapping)] if isinstance(buttons, list) else []


def _card_text(card: Mapping[str, Any]) -> str:
    lines = [word(card, "title", "text", "label"), word(card, "description", "subtitle")]
    lines += [f"- {label_of(button)}" for button in controls_in(card)]
    return "\n".join(filter(None, [*lines, word(card, "url")]))
