"""What the vendors of RCS have in common: what is asked and checked, and its plain version."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from roomkit.errors import ProviderError
from roomkit.models.address import canonical_phone
from roomkit.models.content import EventContent, TemplateContent
from roomkit.models.delivery import ProviderResult, RCSResult
from roomkit.models.event import RoomEvent
from roomkit.providers._chat_text import plain_text
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
