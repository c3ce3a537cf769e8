"""`TelegramBotProvider`: a Telegram bot."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.models.content import DeleteContent, EditContent, EventContent
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.models.event import RoomEvent
from roomkit.providers._http_failures import failed
from roomkit.providers._parts import send_parts
from roomkit.providers._webhook_items import mapping, text
from roomkit.providers.base import WebhookRequest
from roomkit.providers.telegram._api import VENDOR, ChatMigratedError, TelegramAPI
from roomkit.providers.telegram.base import TelegramProvider
from roomkit.providers.telegram.config import TelegramConfig
from roomkit.providers.telegram.ids import ChatAddress, message_id, number_in
from roomkit.providers.telegram.mentions import BotName
from roomkit.providers.telegram.outgoing import BotCall, calls_for, edit_call, refusal
from roomkit.providers.telegram.webhook import (
    UPDATE_TYPES,
    parse_telegram_webhook,
    read_telegram_webhook,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["TelegramBotProvider", "TelegramConfig", "parse_telegram_webhook"]

logger = logging.getLogger("roomkit.providers")

HEADER = "x-telegram-bot-api-secret-token"


class TelegramBotProvider(TelegramAPI, TelegramProvider):
    """A bot, over the Bot API: https://core.telegram.org/bots/api

    Text goes out as it is, formatted text in the few tags that Telegram knows, buttons and quick
    replies as a keyboard below it. A file goes out by its URL, which Telegram fetches; one that
    came in from Telegram by its id; one that is a ``data:`` URL is uploaded. What Telegram does
    not fetch becomes a link. A text right before a file becomes its caption.

    The ``provider_message_id`` is ``chat:message``. An event that takes several messages has their
    ids in ``metadata["provider_message_ids"]``; if one of them is refused after others have gone
    out, the result says so there, and is not retryable: the others would go out twice.

    A refusal has one of the codes ``blocked`` (the person has blocked the bot, or it was removed
    from the group), ``invalid_recipient``, ``invalid_media``, ``invalid_button``, ``too_long``,
    ``too_large``, ``empty_message``, ``not_editable``, ``target_not_found``, ``target_unknown``,
    ``rate_limited``, or one that fits the HTTP status. Telegram has no idempotency key: a message
    whose answer got lost (``timeout``, ``connection_lost``) may have gone out.
    """

    # Anything else comes again, and holds back what the chat says after it.
    refused_webhook_status: ClassVar[int] = 200

    def __init__(
        self,
        config: TelegramConfig,
        *,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(config, http_client=http_client, clock=clock)
        self._bot = BotName(bot_id=config.bot_id, username=config.username)

    async def send(
        self, event: RoomEvent, to: str, *, target_ids: Sequence[str] = ()
    ) -> ProviderResult:
        """Send an event's content to a chat, or change what was sent there before.

        Args:
            to: a chat's id, ``@name`` of a public channel, or ``chat/topic``.
            target_ids: for an edit or a delete: the ids of the messages that show the event which
                it is about. Without them the result has the code ``target_unknown``.
        """
        address, content = ChatAddress.parse(to), event.content
        try:
            if isinstance(content, EditContent | DeleteContent):
                return await self._revise(content, address, target_ids)
            calls = calls_for(content)
        except ProviderError as error:
            return failed(error)
        return await self._send_all(
            calls, address, text(event.metadata.get("reply_to_message_id"))
        )

    async def _send_all(
        self, calls: Sequence[BotCall], address: ChatAddress, answered: str
    ) -> ProviderResult:
        number = number_in(answered, address.chat)
        extra: dict[str, Any] = {}
        if number is not None:
            extra["reply_parameters"] = {"message_id": number, "allow_sending_without_reply": True}

        async def show(call: BotCall) -> str:
            nonlocal address, extra
            try:
                message = await self._place(call, {**address.params(), **extra})
            except ChatMigratedError as moved:
                address = replace(address, chat=moved.chat)
                message = await self._place(call, address.params())
            extra = {}  # one answer is enough
            return self._id_of(mapping(message), address)

        return await send_parts(calls, show)

    def _id_of(self, message: Mapping[str, Any], address: ChatAddress) -> str:
        number, chat = text(message.get("message_id")), mapping(message.get("chat")).get("id")
        if not number:
            raise self._error("the answer names no message", "bad_answer")
        return message_id(text(chat) or address.chat, number)

    async def _place(self, call: BotCall, where: Mapping[str, Any]) -> Any:
        return await self.call(call.method, {**where, **call.params}, call.upload)

    async def _revise(
        self, content: EditContent | DeleteContent, address: ChatAddress, targets: Sequence[str]
    ) -> ProviderResult:
        numbers = [
            number for one in targets if (number := number_in(one, address.chat)) is not None
        ]
        if not numbers:
            raise refusal(
                f"nothing is known of what the {content.type} is about", "target_unknown"
            )
        first, *others = numbers
        if isinstance(content, EditContent):
            await self._edit(content.new_content, address, first)
        else:
            others = numbers
        if others:
            await self.call("deleteMessages", {"chat_id": address.chat, "message_ids": others})
        return ProviderResult(
            success=True, provider_message_id=message_id(address.chat, str(first))
        )

    async def _edit(self, content: EventContent, address: ChatAddress, number: int) -> None:
        call = edit_call(content)
        where = {"chat_id": address.chat, "message_id": number}
        try:
            await self._place(call, where)
        except ProviderError as error:
            if error.code != "not_modified":
                raise

    async def send_typing(self, to: str) -> None:
        """Show for five seconds, or until the next message, that the bot is writing.

        Raises:
            ProviderError: Telegram refused or could not be reached.
        """
        await self.call("sendChatAction", {**ChatAddress.parse(to).params(), "action": "typing"})

    async def send_reaction(self, to: str, message_id: str, emoji: str) -> ProviderResult:
        """React to a message; an empty `emoji` takes the reaction back.

        https://core.telegram.org/bots/api#setmessagereaction: a bot has one reaction a message,
        out of Telegram's own list.

        Args:
            to: the chat.
            message_id: the message's id, ``chat:message``.
        """
        chat = ChatAddress.parse(to).chat
        number = number_in(message_id, chat)
        shown = [{"type": "emoji", "emoji": emoji}] if emoji else []
        try:
            if number is None:
                raise refusal("this is no message of the chat", "target_unknown")
            params = {"chat_id": chat, "message_id": number, "reaction": shown}
            await self.call("setMessageReaction", params)
        except ProviderError as error:
            return failed(error)
        return ProviderResult(success=True)

    async def answer_callback(
        self, query_id: str, notice: str | None = None, *, alert: bool = False
    ) -> None:
        """Tell Telegram that a tap on a button was noticed; until then the button shows progress.

        Args:
            query_id: ``metadata["callback_query_id"]`` of the message.
            notice: up to 200 characters to show to the person.
            alert: show it as a dialog rather than in passing.

        Raises:
            ProviderError: Telegram refused, the tap being too long ago for instance, or could not
                be reached.
        """
        params: dict[str, Any] = {"callback_query_id": query_id}
        if notice is not None:
            params |= {"text": notice[:200], "show_alert": alert}
        await self.call("answerCallbackQuery", params)

    async def set_webhook(self, url: str) -> None:
        """Have Telegram post to a public URL, with the configured secret, all that is read here.

        https://core.telegram.org/bots/api#setwebhook

        Raises:
            ProviderError: Telegram refused or could not be reached.
            ValueError: there is no ``secret_token``, so that the webhooks could not be verified.
        """
        secret = self._config.secret_token
        if secret is None:
            raise ValueError("TelegramConfig.secret_token is needed to verify webhooks")
        params = {
            "url": url,
            "secret_token": secret.get_secret_value(),
            "allowed_updates": list(UPDATE_TYPES),
        }
        await self.call("setWebhook", params)

    @property
    def verifies_webhooks(self) -> bool:
        return self._config.secret_token is not None

    def verify_webhook(self, request: WebhookRequest) -> bool:
        return self.verifies_webhooks and self.verify_signature(request.headers.get(HEADER))

    def verify_signature(self, secret_token: str | None) -> bool:
        """Whether this is the secret that Telegram was given.

        Args:
            secret_token: the value of ``X-Telegram-Bot-Api-Secret-Token``.

        Raises:
            ValueError: no ``secret_token`` is configured.
        """
        known = self._config.secret_token
        if known is None:
            raise ValueError("TelegramConfig(secret_token=...) is needed to verify webhooks")
        if not isinstance(secret_token, str) or not secret_token:
            return False
        given = secret_token.encode("utf-8", "replace")
        return hmac.compare_digest(known.get_secret_value().encode(), given)

    async def on_webhook(self, payload: Mapping[str, Any]) -> None:
        """Answer the taps on buttons in a genuine webhook. Never raises."""
        query_id = text(mapping(mapping(payload).get("callback_query")).get("id"))
        if not query_id:
            return
        try:
            await self.answer_callback(query_id)
        except ProviderError as error:
            logger.warning("%s: a tap was not answered: %s", VENDOR, error.code)

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return read_telegram_webhook(payload, bot=self._bot)
