"""`BotFrameworkTeamsProvider`: a bot in Microsoft Teams."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError, WebhookError
from roomkit.models.content import DeleteContent, EditContent, EventContent
from roomkit.models.delivery import ProviderResult, WebhookMeta
from roomkit.models.event import RoomEvent
from roomkit.providers._download import Download, DownloadRequest
from roomkit.providers._http import VendorResponse
from roomkit.providers._http_failures import failed
from roomkit.providers._webhook_items import text
from roomkit.providers.base import WebhookRequest
from roomkit.providers.media import MediaFetcher
from roomkit.providers.teams._connector import BotConnector
from roomkit.providers.teams.activity import activity_in, message_id, read_activity
from roomkit.providers.teams.auth import WebhookAuthenticator
from roomkit.providers.teams.base import TeamsProvider
from roomkit.providers.teams.config import TeamsConfig
from roomkit.providers.teams.outgoing import activity_for, refusal
from roomkit.providers.teams.references import (
    ConversationReference,
    ConversationReferenceStore,
    InMemoryConversationReferenceStore,
)
from roomkit.providers.teams.webhook import parse_teams_webhook, read_teams_webhook

if TYPE_CHECKING:
    import httpx

__all__ = ["BotFrameworkTeamsProvider", "TeamsConfig", "parse_teams_webhook"]

logger = logging.getLogger("roomkit.providers")


class BotFrameworkTeamsProvider(BotConnector, TeamsProvider):
    """A bot, over the Bot Connector's REST API.

    Text goes out as plain text, formatted text as Markdown or as the HTML that Teams knows,
    buttons on a hero card, cards as hero cards or as the Adaptive Cards that they are, pictures by
    their address. Other files become links.

    The ``provider_message_id`` is ``conversation|activity``; None where Teams does not tell it. A
    refusal has one of the codes ``blocked`` (the person has blocked the bot, or it is not
    installed there), ``forbidden``, ``unauthorized``, ``invalid_recipient``, ``invalid_media``,
    ``too_long``, ``empty_message``, ``target_not_found``, ``target_unknown``,
    ``untrusted_service``, ``conflict`` and ``rate_limited`` (both may be tried again), or one that
    fits the HTTP status; Microsoft's own is in ``metadata["vendor_code"]``. There is no
    idempotency key: a message whose answer got lost (``timeout``, ``connection_lost``) may have
    gone out.

    The bot's token is shown to Microsoft's services only, and to those that the configuration
    allows, whatever a webhook says.

    Args:
        references: where is kept what has to be known of conversations; in memory by default.
    """

    def __init__(
        self,
        config: TeamsConfig,
        *,
        references: ConversationReferenceStore | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(config, http_client=http_client, clock=clock)
        # For files that are not Microsoft's to protect: their address is in a message.
        self._files = MediaFetcher(timeout=config.timeout, clock=clock)
        self.references = references or InMemoryConversationReferenceStore()
        self._authenticator = WebhookAuthenticator(
            config.app_id, config.trusted_issuers, ask=self._ask, clock=clock
        )

    async def send(
        self, event: RoomEvent, to: str, *, target_ids: Sequence[str] = ()
    ) -> ProviderResult:
        """Send an event's content to a conversation, or change what was sent there before.

        Args:
            to: the conversation's id. Whether the bot has heard from there does not matter.
            target_ids: for an edit or a delete: the ids of the messages that show the event which
                it is about. Without them the result has the code ``target_unknown``.
        """
        content = event.content
        try:
            if isinstance(content, EditContent | DeleteContent):
                return await self._revise(content, to, target_ids)
            activity = activity_for(content)
            answered = activity_in(text(event.metadata.get("reply_to_message_id")), to)
            return _sent(to, await self._post(to, activity, answered))
        except ProviderError as error:
            return failed(error)

    async def _post(
        self, to: str, activity: Mapping[str, Any], answered: str | None = None
    ) -> VendorResponse:
        service = await self._service_of(to)
        path: tuple[str, ...] = ("conversations", to, "activities")
        if answered is not None:
            activity, path = {**activity, "replyToId": answered}, (*path, answered)
        return await self._call("POST", service, path, activity)

    async def _service_of(self, conversation: str) -> str:
        reference = await self.references.get(conversation)
        return self._config.service_url if reference is None else reference.service_url

    async def _revise(
        self, content: EditContent | DeleteContent, to: str, targets: Sequence[str]
    ) -> ProviderResult:
        known = [one for target in targets if (one := activity_in(target, to)) is not None]
        if not known:
            raise refusal(
                f"nothing is known of what the {content.type} is about", "target_unknown"
            )
        first, *others = known
        service = await self._service_of(to)
        if isinstance(content, EditContent):
            changed = {**activity_for(content.new_content), "id": first}
            await self._call("PUT", service, ("conversations", to, "activities", first), changed)
        else:
            others = known
        for one in others:
            await self._call("DELETE", service, ("conversations", to, "activities", one))
        return ProviderResult(success=True, provider_message_id=message_id(to, first))

    async def send_typing(self, to: str) -> None:
        """Show for a moment that the bot is writing.

        Raises:
            ProviderError: Teams refused or could not be reached.
        """
        await self._post(to, {"type": "typing"})

    async def create_channel_conversation(
        self,
        channel_id: str,
        content: EventContent,
        *,
        tenant_id: str | None = None,
        service_url: str | None = None,
    ) -> ConversationReference:
        """Begin a thread in a channel of a team that the bot is installed in.

        Args:
            channel_id: ``metadata["teams_channel_id"]`` of a message from there.
            content: its first message.
            tenant_id: the team's directory; `TeamsConfig.tenant_id` if it is not given.
            service_url: `TeamsConfig.service_url` if it is not given.

        Returns:
            The reference of the thread, which is kept already: attach the channel with its
            ``conversation_id`` to go on there.

        Raises:
            ProviderError: Teams refused or could not be reached.
        """
        place: dict[str, Any] = {"channel": {"id": channel_id}}
        tenant = tenant_id or self._config.tenant_id
        if tenant is not None:
            place["tenant"] = {"id": tenant}
        body = {"isGroup": True, "channelData": place, "activity": activity_for(content)}
        begun = ConversationReference(
            conversation_id="",
            service_url=service_url or self._config.service_url,
            conversation_type="channel",
            tenant_id=tenant,
            channel_id=channel_id,
        )
        return await self._create(body, begun)

    async def create_personal_conversation(
        self, user_id: str, *, tenant_id: str | None = None, service_url: str | None = None
    ) -> ConversationReference:
        """Open the chat with somebody, who must have the bot installed or be in a team that has.

        It is always the same chat, and nothing is said there yet.

        Args:
            user_id: the person's id, as ``29:…``: the sender of a message, or a member that was
                added to a team.
            tenant_id: the person's directory; `TeamsConfig.tenant_id` if it is not given.
            service_url: `TeamsConfig.service_url` if it is not given.

        Raises:
            ProviderError: Teams refused or could not be reached.
        """
        tenant = tenant_id or self._config.tenant_id
        body: dict[str, Any] = {"isGroup": False, "members": [{"id": user_id}]}
        if tenant is not None:
            body["tenantId"] = tenant
        begun = ConversationReference(
            conversation_id="",
            service_url=service_url or self._config.service_url,
            conversation_type="personal",
            tenant_id=tenant,
            user_id=user_id,
        )
        return await self._create(body, begun)

    async def _create(
        self, body: Mapping[str, Any], begun: ConversationReference
    ) -> ConversationReference:
        asked = {"bot": {"id": f"28:{self._config.app_id}"}, **body}
        answer = await self._call("POST", begun.service_url, ("conversations",), asked)
        conversation = text(answer.mapping().get("id"))
        if not conversation:
            raise self._error("the answer names no conversation", "bad_answer")
        reference = begun.model_copy(update={"conversation_id": conversation})
        await self.references.save(reference)
        return reference

    async def fetch_file(self, url: str, *, max_bytes: int = 20_000_000) -> Download:
        """A file that somebody has sent to the bot, from the URL of its content.

        Pasted pictures are fetched with the bot's token, files from OneDrive by an address that
        works for a few minutes. An address that is not public is refused.

        Args:
            max_bytes: a larger file is refused.

        Raises:
            ProviderError: it cannot be fetched, or is ``too_large``.
        """
        if self._is_trusted(url):
            signed = DownloadRequest(
                method="GET",
                url=url,
                max_bytes=max_bytes,
                headers={"authorization": f"Bearer {await self._token.get()}"},
            )
            return await self._download(signed)
        return await self._files.fetch(url, max_bytes=max_bytes)

    async def close(self) -> None:
        await super().close()
        await self._files.close()

    async def authenticate(self, authorization: str | None, activity: Mapping[str, Any]) -> None:
        """Make sure that a webhook comes from Microsoft and is meant for this bot.

        Its token has to be signed with a key that the issuer publishes, which is fetched if it is
        not known yet, by RS256; name this bot as its audience; be valid now, give or take five
        minutes; and name the service that the activity says it comes from.

        Args:
            authorization: the value of the header ``Authorization``.
            activity: the decoded body.

        Raises:
            PermissionError: it does not, or that cannot be found out. Answer 403.
        """
        await self._authenticator.check(authorization, activity)

    async def authenticate_webhook(self, request: WebhookRequest) -> bool:
        """Whether a webhook is genuine; see `authenticate`."""
        try:
            activity = self.decode_webhook(request)
            await self.authenticate(request.headers.get("authorization"), activity)
        except (PermissionError, WebhookError):
            return False
        return True

    def verify_webhook(self, request: WebhookRequest) -> bool:
        """Whether a webhook is genuine, by the keys that `authenticate` has fetched before."""
        try:
            activity = self.decode_webhook(request)
            authorization = request.headers.get("authorization")
            self._authenticator.check_with_known_keys(authorization, activity)
        except (PermissionError, WebhookError):
            return False
        return True

    async def on_webhook(self, payload: Mapping[str, Any]) -> None:
        """Remember the conversation that a genuine webhook comes from; forget it if the bot was
        removed from there.

        A reference to a service that must not see the bot's token is not kept.
        """
        activity = read_activity(payload)
        reference = activity.reference()
        if reference is None:
            return
        if activity.is_bot_removed:
            await self.references.delete(reference.conversation_id)
        elif self._is_trusted(reference.service_url):
            await self.references.save(reference)
        else:
            logger.warning("a conversation in Teams is on a service that is not trusted")

    def parse_webhook(self, payload: Mapping[str, Any]) -> list[WebhookMeta]:
        return read_teams_webhook(payload)


def _sent(to: str, answer: VendorResponse) -> ProviderResult:
    # Teams does not always tell the id, and the message has gone out all the same.
    activity = text(answer.mapping().get("id"))
    return ProviderResult(
        success=True, provider_message_id=message_id(to, activity) if activity else None
    )
