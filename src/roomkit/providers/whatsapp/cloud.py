"""WhatsApp through Meta's own API, the WhatsApp Business Platform."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, overload
from urllib.parse import urlsplit

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.models._frozen import freeze
from roomkit.models.address import canonical_phone
from roomkit.models.content import TemplateContent
from roomkit.models.delivery import DeliveryStatus, InboundMessage, ProviderResult, WebhookMeta
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent
from roomkit.providers._chat_text import words_of
from roomkit.providers._download import Download, DownloadRequest
from roomkit.providers._http_failures import failed
from roomkit.providers._meta import Json, MetaVendor
from roomkit.providers._meta_faults import OUTSIDE_WINDOW
from roomkit.providers._parts import SENT_IDS
from roomkit.providers._webhook_items import mapping, mappings, text
from roomkit.providers.whatsapp.base import WhatsAppProvider
from roomkit.providers.whatsapp.config import WhatsAppConfig
from roomkit.providers.whatsapp.media import MAX_MEDIA_BYTES, media_id_of
from roomkit.providers.whatsapp.message import MessageWriter, recipient_fields
from roomkit.providers.whatsapp.template import filled
from roomkit.providers.whatsapp.webhook import VENDOR, read_whatsapp_webhook
from roomkit.providers.whatsapp.window import ServiceWindows

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("roomkit.providers")

_OUTSIDE_WINDOW_NUMBER = "131047"
# Where Meta keeps files; no other machine gets to see the access token.
_MEDIA_HOSTS = (".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net")


class WhatsAppCloudProvider(MetaVendor, WhatsAppProvider):
    """Sends through the WhatsApp Cloud API:
    https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages

    Up to three buttons and quick replies become reply buttons, up to ten a list, a lone link a
    link button; the rest, and cards, become text. Files go out by their links, which WhatsApp must
    be able to fetch; those that carry their data in the URL are uploaded first. A content of
    several parts becomes several messages: the result has the id of the first, and all of them in
    ``metadata["provider_message_ids"]``.

    An event answers an earlier message if its ``metadata["reply_to_message_id"]`` is that
    message's id at WhatsApp. (Events that came from WhatsApp themselves do not: their ids mean
    nothing elsewhere.)

    WhatsApp takes free messages for 24 hours after the person last wrote. Later ones fail with the
    code ``outside_window``, or `WhatsAppConfig.fallback_template` is sent in their place, at once
    where it is known that it is too late and after WhatsApp's refusal otherwise. WhatsApp may
    also accept such a message and report the failure later, with the error code 131047.

    Other codes are ``invalid_recipient``, ``invalid_sender``, ``invalid_media``,
    ``invalid_template``, ``opted_out``, ``withheld`` (Meta chose not to deliver),
    ``payment_required``, ``unauthorized``, ``forbidden``, ``rate_limited``, ``rejected``, or one
    that fits the HTTP status; Meta's own number is in ``metadata["vendor_code"]``. There is no
    idempotency key: a message whose answer got lost may have gone out, and trying again may send
    it twice.

    Args:
        config: the number; its fields may also be given by name instead.
    """

    vendor: ClassVar[str] = VENDOR

    @overload
    def __init__(
        self,
        config: WhatsAppConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None: ...

    @overload
    def __init__(
        self,
        *,
        access_token: str,
        phone_number_id: str,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **settings: Any,
    ) -> None: ...

    def __init__(
        self,
        config: WhatsAppConfig | None = None,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **settings: Any,
    ) -> None:
        if config is not None and settings:
            raise TypeError("pass either a WhatsAppConfig or its fields, not both")
        config = WhatsAppConfig(**settings) if config is None else config
        super().__init__(config, config.access_token, http_client=http_client, clock=clock)
        self._config = config
        self._windows = ServiceWindows(clock)
        self._path = f"{config.phone_number_id}/messages"

    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        to = canonical_phone(to)
        late = self._config.fallback_template
        template = None if isinstance(event.content, TemplateContent) else late
        if template is not None and self._windows.is_closed(to):
            return await self._send_fallback(template, event, to)
        result = await self._send_content(event, to)
        if result.error_code == OUTSIDE_WINDOW:
            self._windows.close(to)
            # Unless some of it went out all the same.
            if template is not None and SENT_IDS not in result.metadata:
                return await self._send_fallback(template, event, to)
        return result

    async def _send_content(self, event: RoomEvent, to: str) -> ProviderResult:
        try:
            writer = MessageWriter(self._config, await self._uploaded(event.content))
        except ProviderError as error:
            return failed(error)
        messages = writer.write(event.content)
        if not messages:
            return self._empty(event.content.type)
        answered = _answered(event)
        if answered:
            messages[0]["context"] = {"message_id": answered}
        return await self._post_messages(self._path, [self._envelope(to, it) for it in messages])

    async def _send_fallback(
        self, template: TemplateContent, event: RoomEvent, to: str
    ) -> ProviderResult:
        writer = MessageWriter(self._config, {})
        if not writer.write(event.content):
            return self._empty(event.content.type)
        messages = writer.write(filled(template, words_of(event.content)))
        result = await self._post_messages(self._path, [self._envelope(to, messages[0])])
        facts = {**result.metadata, "fallback_template": template.template_id}
        return result.evolve(metadata=freeze(facts))

    def _envelope(self, to: str, message: Json) -> Json:
        return {"messaging_product": "whatsapp", **recipient_fields(to), **message}

    def _message_id(self, answer: Mapping[str, Any]) -> Any:
        messages = mappings(answer.get("messages"))
        return messages[0].get("id") if messages else None

    async def mark_read(self, message_id: str, *, typing: bool = False) -> None:
        """Show the person that a message, and all before it, was read.

        Args:
            message_id: the ``provider_message_id`` of a message that came in.
            typing: also show that an answer is being written, until it comes or 25 seconds have
                passed.

        Raises:
            ProviderError: WhatsApp refused or could not be reached.
        """
        body: Json = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        if typing:
            body["typing_indicator"] = {"type": "text"}
        await self._request(self._graph("POST", self._path, body))

    async def send_typing(self, message_id: str) -> None:
        """Show that an answer to a message is being written, which also marks it as read."""
        await self.mark_read(message_id, typing=True)

    async def send_reaction(self, to: str, message_id: str, emoji: str) -> ProviderResult:
        """React to a message; an empty `emoji` takes the reaction back."""
        reaction = {"message_id": message_id, "emoji": emoji}
        body = self._envelope(canonical_phone(to), {"type": "reaction", "reaction": reaction})
        return await self._post_messages(self._path, [body])

    async def upload_media(
        self, content: bytes, mime_type: str, filename: str | None = None
    ) -> str:
        path = f"{self._config.phone_number_id}/media"
        fields = {"messaging_product": "whatsapp", "type": mime_type}
        answer = await self._upload(path, fields, "file", (filename or "file", content, mime_type))
        media_id = text(mapping(answer).get("id"))
        if not media_id:
            raise self._error("the answer names no file", "bad_answer")
        return media_id

    async def fetch_media(self, reference: str, *, max_bytes: int = MAX_MEDIA_BYTES) -> Download:
        """Download a file from a message that came in. WhatsApp keeps it for seven days.

        https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media/

        Args:
            reference: the URL of the content, or the file's id (``metadata["media_id"]``).

        Raises:
            ValueError: `reference` is neither.
            ProviderError: the file is gone (``not_found`` or ``rejected``), longer than
                `max_bytes` (``too_large``), or WhatsApp could not be reached.
        """
        media_id = media_id_of(reference) or reference
        if not (media_id.isascii() and media_id.isdigit()):
            raise ValueError("this is neither a file's id nor the URL that stands for one")
        answer = await self._request(self._graph("GET", media_id))
        about = answer.mapping()
        size = about.get("file_size")
        if isinstance(size, int) and size > max_bytes:
            raise self._error(f"the file has more than {max_bytes} bytes", "too_large")
        url = text(about.get("url"))
        if not self._is_metas(url):
            raise self._error("the answer has no URL of Meta's", "bad_answer")
        authorization = {"authorization": f"Bearer {self._token.get_secret_value()}"}
        file = await self._download(
            DownloadRequest(method="GET", url=url, headers=authorization, max_bytes=max_bytes)
        )
        mime_type = text(about.get("mime_type")) or file.mime_type
        return Download(content=file.content, mime_type=mime_type)

    def _is_metas(self, url: str) -> bool:
        if url.startswith(f"{self._config.base_url}/"):
            return True
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        return parts.scheme == "https" and f".{host}".endswith(_MEDIA_HOSTS)

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        metas = read_whatsapp_webhook(payload, phone_number_id=self._config.phone_number_id)
        if self._config.fallback_template is None:  # nothing depends on the windows
            return metas
        for meta in metas:
            if meta.message is not None:
                self._note_message(meta.message)
            elif meta.status is not None:
                self._note_report(meta.status)
        return metas

    async def note_inbound(self, message: InboundMessage) -> None:
        """Remember that somebody has written and may be answered for 24 hours.

        With several processes, call it for the messages that the others take in, or a
        `fallback_template` may be sent although the window is open.
        """
        if self._config.fallback_template is not None:
            self._note_message(message)

    def _note_message(self, message: InboundMessage) -> None:
        facts = message.metadata
        try:
            wrote_at = datetime.fromisoformat(facts.get("sent_at") or "")
        except (TypeError, ValueError):
            wrote_at = None
        if wrote_at is not None and wrote_at.tzinfo is None:
            wrote_at = None
        # What was written in a group opens the group's window only.
        group = facts.get("phone_number")
        addresses = [group] if group else [message.sender_id, facts.get("user_id")]
        for address in addresses:
            if isinstance(address, str) and address:
                self._windows.open(address, wrote_at)

    def _note_report(self, status: DeliveryStatus) -> None:
        if status.error_code == _OUTSIDE_WINDOW_NUMBER and status.recipient:
            self._windows.close(status.recipient)


def _answered(event: RoomEvent) -> str:
    """The id of the WhatsApp message that an event answers, if it answers one."""
    target = event.metadata.get("reply_to_message_id")
    if event.source.channel_type is ChannelType.WHATSAPP or not isinstance(target, str):
        return ""
    return target if target.startswith("wamid.") else ""
