"""VoiceMeUp's API: how it is asked, what it answers, and its webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.providers._http import HTTPVendor, VendorRequest, VendorResponse
from roomkit.providers._webhook_items import mapping
from roomkit.providers.base import TransportProvider
from roomkit.providers.voicemeup.config import VoiceMeUpConfig
from roomkit.providers.voicemeup.mms import MMSAssembler
from roomkit.providers.voicemeup.webhook import MESSAGE_IDS, VENDOR, read_voicemeup_webhook

if TYPE_CHECKING:
    import httpx

_REFUSED = frozenset({"error", "failed", "failure"})


class VoiceMeUpMessages(HTTPVendor, TransportProvider):
    """Base of VoiceMeUp's provider; comes after the interface that it implements.

    Args:
        mms: puts the webhooks of picture messages together; closed with the provider.
        channel_id: the channel that messages without their picture belong to.
    """

    vendor: ClassVar[str] = VENDOR

    def __init__(
        self,
        config: VoiceMeUpConfig,
        mms: MMSAssembler,
        *,
        channel_id: str = "",
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(
            timeout=config.timeout,
            max_concurrency=config.max_concurrency,
            http_client=http_client,
            clock=clock,
        )
        self._config = config
        self._queue_url = f"{config.base_url.rstrip('/')}/queue_sms"
        self._mms = mms
        self._channel_id = channel_id

    async def close(self) -> None:
        """Hand over what waits for its picture, and close the connections."""
        await self._mms.close()
        await super().close()

    async def _queue(self, fields: Mapping[str, str]) -> ProviderResult:
        config = self._config
        account = {
            "username": config.username,
            "auth_token": config.auth_token.get_secret_value(),
        }
        request = VendorRequest(
            method="POST",
            url=self._queue_url,
            headers={"accept": "application/json"},
            form={**account, **fields},
        )
        return await self._send(request, self._accepted)

    def _accepted(self, answer: VendorResponse) -> ProviderResult:
        said = answer.mapping()
        status = str(said.get("response_status", said.get("status", ""))).lower()
        if status in _REFUSED:
            raise self._unaccepted(answer, "refused with rejected", "rejected")
        for place in (said, *map(mapping, said.values())):
            for name in MESSAGE_IDS:
                message_id = place.get(name)
                if isinstance(message_id, str) and message_id:
                    return ProviderResult(success=True, provider_message_id=message_id)
        # Not tried again: VoiceMeUp said yes, and would send the message twice.
        raise self._unaccepted(answer, "the answer names no message", "bad_answer")

    def _unaccepted(self, answer: VendorResponse, reason: str, code: str) -> ProviderError:
        return ProviderError(
            f"voicemeup: {reason}", provider=self.name, status_code=answer.status, code=code
        )

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        """What a webhook completes; nothing for the first part of a picture message."""
        whole = self._mms.add(read_voicemeup_webhook(payload), self._channel_id)
        return [] if whole is None else [whole]
