"""Messages between people and a Facebook page, through Meta's own API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.models.enums import ChannelType
from roomkit.models.event import RoomEvent
from roomkit.providers._http_failures import failed
from roomkit.providers._meta import Json, MetaVendor
from roomkit.providers._meta_faults import OUTSIDE_WINDOW
from roomkit.providers._meta_webhooks import moment
from roomkit.providers._parts import SENT_IDS
from roomkit.providers._webhook_items import mapping, status_meta, text
from roomkit.providers.messenger.base import MessengerProvider
from roomkit.providers.messenger.config import MessengerConfig
from roomkit.providers.messenger.message import attachment_type, messages_for
from roomkit.providers.messenger.receipts import UnreadMessages
from roomkit.providers.messenger.webhook import READ_UP_TO, VENDOR, read_messenger_webhook

if TYPE_CHECKING:
    import httpx

_AGENTS = frozenset({ChannelType.AI, ChannelType.SYSTEM})


class FacebookMessengerProvider(MetaVendor, MessengerProvider):
    """Sends through Messenger's Send API:
    https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages

    Up to three buttons become a button template, up to thirteen quick replies stand below the last
    message, and up to ten cards become a carousel; the rest becomes text. `TemplateContent` whose
    ``template_id`` is one of Messenger's own types (``receipt``, ``media``, ``coupon`` …) goes out
    with its parameters as the payload; any other one as its ``body``. Files go out by their links,
    which Messenger must be able to fetch; those that carry their data in the URL are uploaded
    first. A content of several parts becomes several messages: the result has the id of the first,
    and all of them in ``metadata["provider_message_ids"]``.

    Messenger takes free messages for 24 hours after the person last wrote. Later ones fail with
    the code ``outside_window``, unless `MessengerConfig.human_agent` allows another attempt, or
    the event's ``metadata["messenger_tag"]`` names one of Messenger's message tags. An event
    answers an earlier message if its ``metadata["reply_to_message_id"]`` is that message's id at
    Messenger.

    Other codes are ``invalid_recipient``, ``recipient_unavailable`` (the person does not want
    messages), ``invalid_media``, ``unauthorized``, ``forbidden``, ``rate_limited``, ``rejected``,
    or one that fits the HTTP status; Meta's own number is in ``metadata["vendor_code"]``. There is
    no idempotency key: a message whose answer got lost may have gone out, and trying again may
    send it twice.
    """

    vendor: ClassVar[str] = VENDOR

    def __init__(
        self,
        config: MessengerConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(config, config.page_access_token, http_client=http_client, clock=clock)
        self._config = config
        self._path = f"{config.page_id or 'me'}/messages"
        self._unread = UnreadMessages()

    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        try:
            messages = messages_for(event.content, await self._uploaded(event.content))
        except ProviderError as error:
            return failed(error)
        if not messages:
            return self._empty(event.content.type)
        given = event.metadata.get("messenger_tag")
        tag = given if isinstance(given, str) and given else None
        result = await self._post(to, messages, event, tag)
        late = result.error_code == OUTSIDE_WINDOW and SENT_IDS not in result.metadata
        if late and tag is None and self._config.human_agent and not _is_automatic(event):
            return await self._post(to, messages, event, "HUMAN_AGENT")
        return result

    async def _post(
        self, to: str, messages: list[Json], event: RoomEvent, tag: str | None
    ) -> ProviderResult:
        kind: Json = {"messaging_type": "RESPONSE"}
        if tag is not None:
            kind = {"messaging_type": "MESSAGE_TAG", "tag": tag}
        bodies = [{"recipient": {"id": to}, **kind, "message": message} for message in messages]
        answered = _answered(event)
        if answered:
            bodies[0]["reply_to"] = {"mid": answered}
        began = self._clock.now().timestamp()
        result = await self._post_messages(self._path, bodies)
        first = [result.provider_message_id] if result.provider_message_id else []
        sent = result.metadata.get(SENT_IDS, first)
        if sent:
            self._unread.note(to, sent, began)
        return result

    def _message_id(self, answer: Mapping[str, Any]) -> Any:
        return answer.get("message_id")

    async def mark_seen(self, to: str) -> None:
        """Show a person that the page has seen their messages.

        Raises:
            ProviderError: Messenger refused or could not be reached.
        """
        await self._act(to, {"sender_action": "mark_seen"})

    async def send_typing(self, to: str, *, on: bool = True) -> None:
        """Show a person that the page is writing, or that it no longer is.

        It ends by itself with the next message, or after 20 seconds.
        """
        await self._act(to, {"sender_action": "typing_on" if on else "typing_off"})

    async def send_reaction(self, to: str, message_id: str, emoji: str) -> None:
        """React to a person's message; an empty `emoji` takes the reaction back."""
        payload = {"message_id": message_id, **({"reaction": emoji} if emoji else {})}
        await self._act(to, {"sender_action": "react" if emoji else "unreact", "payload": payload})

    async def _act(self, to: str, action: Json) -> None:
        body = {"recipient": {"id": to}, **action}
        await self._request(self._graph("POST", self._path, body))

    async def upload_media(
        self, content: bytes, mime_type: str, filename: str | None = None
    ) -> str:
        kind = attachment_type(mime_type)
        message = f'{{"attachment":{{"type":"{kind}","payload":{{"is_reusable":true}}}}}}'
        file = (filename or "file", content, mime_type)
        path = f"{self._config.page_id or 'me'}/message_attachments"
        answer = await self._upload(path, {"message": message}, "filedata", file)
        attachment_id = text(mapping(answer).get("attachment_id"))
        if not attachment_id:
            raise self._error("the answer names no file", "bad_answer")
        return attachment_id

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        metas = read_messenger_webhook(payload, page_id=self._config.page_id)
        return [one for meta in metas for one in self._named(meta)]

    def _named(self, meta: WebhookMeta) -> list[WebhookMeta]:
        """A receipt for a moment as receipts for the messages up to then."""
        if meta.event_type != READ_UP_TO or meta.external_id is None:
            return [meta]
        read = self._unread.read_up_to(meta.sender, int(meta.external_id) / 1000)
        reports = [
            status_meta(
                VENDOR,
                message_id=message_id,
                status="read",
                sender=meta.recipient,
                recipient=meta.sender,
                timestamp=moment(meta.external_id),
                raw=meta.raw,
            )
            for message_id in read
        ]
        return reports or [meta]


def _is_automatic(event: RoomEvent) -> bool:
    """Whether no human wrote it."""
    return event.source.channel_type in _AGENTS


def _answered(event: RoomEvent) -> str:
    """The id of the Messenger message that an event answers, if it answers one."""
    target = event.metadata.get("reply_to_message_id")
    if event.source.channel_type is ChannelType.MESSENGER or not isinstance(target, str):
        return ""
    return target if target.startswith(("m_", "mid.")) else ""
