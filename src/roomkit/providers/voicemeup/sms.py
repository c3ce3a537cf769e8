"""Text and picture messages through VoiceMeUp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.models.delivery import InboundMessage, ProviderResult
from roomkit.providers.sms.meta import message_or_none
from roomkit.providers.sms.opt_out import OptOutRegistry
from roomkit.providers.sms.vendor import OutgoingSMS, VendorSMSProvider
from roomkit.providers.voicemeup._api import VoiceMeUpMessages
from roomkit.providers.voicemeup.config import VoiceMeUpConfig
from roomkit.providers.voicemeup.mms import DEFAULT_TIMEOUT_SECONDS, MMSAssembler, OnOrphan
from roomkit.providers.voicemeup.webhook import read_voicemeup_webhook

if TYPE_CHECKING:
    import httpx

__all__ = [
    "VoiceMeUpConfig",
    "VoiceMeUpSMSProvider",
    "configure_voicemeup_mms",
    "parse_voicemeup_webhook",
]


class VoiceMeUpSMSProvider(VendorSMSProvider, VoiceMeUpMessages):
    """Sends through the request ``queue_sms``: https://developer.voicemeup.com/guides

    A refusal has one of the codes ``rejected``, ``unauthorized``, ``forbidden``, ``rate_limited``
    or one that fits the HTTP status. A message whose answer got lost (codes ``timeout`` and
    ``connection_lost``) may have gone out, and trying again may send it twice.

    VoiceMeUp signs no webhooks: keep their URL secret, and name the channel where unverified ones
    are allowed.

    Args:
        mms_timeout: seconds that the first webhook of a picture message waits for the second.
        on_mms_timeout: takes a message whose picture did not come; may be
            `RoomKit.process_inbound`. Without it such a message is dropped with a warning.
        channel_id: the channel that such a message belongs to.
        opt_outs: where opt-outs are kept; in memory by default.
    """

    def __init__(
        self,
        config: VoiceMeUpConfig,
        *,
        mms_timeout: float = DEFAULT_TIMEOUT_SECONDS,
        on_mms_timeout: OnOrphan | None = None,
        channel_id: str = "",
        opt_outs: OptOutRegistry | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        mms = MMSAssembler(timeout=mms_timeout, on_orphan=on_mms_timeout, clock=clock)
        VoiceMeUpMessages.__init__(
            self, config, mms, channel_id=channel_id, http_client=http_client, clock=clock
        )
        VendorSMSProvider.__init__(self, opt_outs)

    @property
    def from_number(self) -> str | None:
        return self._config.from_number

    @property
    def supports_mms(self) -> bool:
        return self._config.attachment_field is not None

    async def _submit(self, sms: OutgoingSMS) -> ProviderResult:
        config, files = self._config, list(sms.media_urls)
        fields = {
            "source_number": sms.from_ or config.from_number,
            "destination_number": sms.to,
        }
        if config.attachment_field is not None and files:
            fields[config.attachment_field] = files.pop(0)
        fields["message"] = "\n".join(filter(None, [sms.body, *files]))
        return await self._queue(fields)


_shared = MMSAssembler()


def parse_voicemeup_webhook(payload: Mapping[str, Any], channel_id: str) -> InboundMessage | None:
    """The message in a webhook; None if its picture is to come in another one, or if it carries no
    message.

    The second webhook gives one message with both. All calls in a process share what waits;
    `VoiceMeUpSMSProvider.parse_webhook` keeps that to itself. Needs no event loop, except to
    notice in time that a picture does not come: see `configure_voicemeup_mms`.

    The message's hash is its ``provider_message_id``; ``metadata`` holds ``recipient`` (your
    number). An opt-out also has ``opt_out`` and ``no_reply``.
    """
    meta = message_or_none(read_voicemeup_webhook, payload)
    whole = None if meta is None else _shared.add(meta, channel_id)
    return None if whole is None else whole.to_inbound(channel_id)


def configure_voicemeup_mms(
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS, on_timeout: OnOrphan | None = None
) -> None:
    """Say what `parse_voicemeup_webhook` does with a message whose picture does not come.

    Args:
        timeout_seconds: how long a first part waits; for those that come from now on.
        on_timeout: takes a message without its picture. Without it such a message is dropped with
            a warning.
    """
    _shared.timeout = timeout_seconds
    _shared.on_orphan = on_timeout
