"""WhatsApp from a personal account, as a linked device, through neonize."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from roomkit._clock import SYSTEM_CLOCK, Clock
from roomkit.errors import ProviderError
from roomkit.models.content import (
    AudioContent,
    EventContent,
    LocationContent,
    MediaContent,
    RichContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryStatus, InboundMessage, ProviderResult
from roomkit.models.event import RoomEvent
from roomkit.providers._chat_text import (
    captioned,
    controls_of,
    leaves,
    plain_text,
    with_lines,
    words_of,
)
from roomkit.providers._config import ProviderConfig
from roomkit.providers._content import File
from roomkit.providers._download import Download
from roomkit.providers._http_failures import failed
from roomkit.providers._parts import send_parts
from roomkit.providers.media import MediaFetcher
from roomkit.providers.whatsapp.base import WhatsAppProvider
from roomkit.providers.whatsapp.neonize_types import load_neonize
from roomkit.providers.whatsapp.personal_files import KnownFiles
from roomkit.providers.whatsapp.personal_message import (
    GROUPS,
    PersonalMessages,
    address_of,
    read_event,
    read_receipt,
    unwrapped,
)
from roomkit.providers.whatsapp.session import (
    VENDOR,
    NeonizeSession,
    OnQR,
    SessionEnd,
    SessionState,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["WhatsAppPersonalConfig", "WhatsAppPersonalProvider"]

_MOST_CAPTION = 1024


class WhatsAppPersonalConfig(ProviderConfig):
    """A linked device.

    Attributes:
        database: the file in which the device's keys are kept. Whoever can read it can read and
            write as the account.
        include_groups: whether messages in groups come in. They do not by default: an account is
            in groups where an agent has no business answering.
        connect_timeout: seconds that a message waits for the connection.
        timeout: seconds for one message, file or receipt.
        max_media_bytes: the size of the largest file that is sent or fetched.
    """

    database: str = Field(default="whatsapp.sqlite3", min_length=1)
    include_groups: bool = False
    connect_timeout: float = Field(default=30.0, gt=0)
    timeout: float = Field(default=60.0, gt=0)
    max_media_bytes: int = Field(default=64_000_000, gt=0)


class WhatsAppPersonalProvider(WhatsAppProvider):
    """Sends as a device that is linked to somebody's own account.

    WhatsApp does not offer this to programs, and may lock accounts that look like one. Messages
    come in through `roomkit.sources.neonize.NeonizeSource`; without it the provider connects with
    the first message that it sends, and what comes in is lost.

    Buttons, cards and templates do not exist here and become text. Files are fetched from public
    addresses and encrypted on this machine. A content of several parts becomes several messages:
    the result has the id of the first, and all of them in ``metadata["provider_message_ids"]``.
    Failures have the codes ``not_connected``, ``timeout``, ``send_failed``, ``upload_failed``,
    ``invalid_recipient``, or one of `MediaFetcher`.

    Args:
        on_qr: is given the text of each QR code with which the account's owner may link the
            device (Settings → Linked devices); show it as a picture. None lets neonize print them
            to the terminal. A code is a secret.
        make_client: makes the client, for tests and for settings that neonize has and this has
            not.
        http_client: fetches the files that are sent; see `MediaFetcher`.
    """

    def __init__(
        self,
        config: WhatsAppPersonalConfig | None = None,
        *,
        on_qr: OnQR | None = None,
        make_client: Callable[[], Any] | None = None,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._config = config or WhatsAppPersonalConfig()
        self._neonize = load_neonize()
        self._messages = PersonalMessages(self._neonize)
        self._files = KnownFiles()
        self._fetcher = MediaFetcher(
            max_bytes=self._config.max_media_bytes,
            timeout=self._config.timeout,
            http_client=http_client,
            clock=clock,
        )
        self._closed = False
        self._session = NeonizeSession(
            self._neonize,
            make_client or self._new_client,
            on_qr=on_qr,
            connect_timeout=self._config.connect_timeout,
            call_timeout=self._config.timeout,
            clock=clock,
        )

    @property
    def name(self) -> str:
        return VENDOR

    @property
    def state(self) -> SessionState:
        """Whether the device is connected."""
        return self._session.state

    @property
    def has_connected(self) -> bool:
        """Whether the present or last attempt to connect got through."""
        return self._session.has_connected

    def _new_client(self) -> Any:
        return self._neonize.client.NewClient(self._config.database)

    async def send(self, event: RoomEvent, to: str) -> ProviderResult:
        try:
            jid = self._jid(to)
            messages = await self._written(captioned(leaves(event.content), _MOST_CAPTION))
            if not messages:
                kind = event.content.type
                raise self._error(f"nothing in {kind} content can be sent", "empty_message")
        except ProviderError as error:
            return failed(error)

        async def send(message: Any) -> str:
            sent = await self._session.call("send_message", jid, message)
            return str(sent.ID)

        return await send_parts(messages, send)

    async def _written(self, parts: Sequence[EventContent]) -> list[Any]:
        messages = []
        for part in parts:
            match part:
                case MediaContent() | AudioContent() | VideoContent():
                    messages.append(await self._file(part))
                case LocationContent():
                    messages.append(self._messages.place(part))
                case _:
                    words = _words(part)
                    if words.strip():
                        messages.append(self._messages.text(words))
        return messages

    async def _file(self, file: File) -> Any:
        content = await self._content(file.url)
        kind = self._messages.upload_kind(file.mime_type)
        return self._messages.file(file, await self._session.call("upload", content, kind))

    async def _content(self, url: str) -> bytes:
        self._check_open()
        if self._files.find(url) is not None:
            return (await self.fetch_media(url)).content
        return (await self._fetcher.fetch(url)).content

    async def fetch_media(self, reference: str) -> Download:
        """Download and decrypt the file of a message that came in.

        Args:
            reference: the URL of its content, or the message's id. Only the newest thousand files
                since this object was made are known.

        Raises:
            ProviderError: ``not_found``, ``too_large``, ``media_unavailable`` (WhatsApp does not
                have it any more), or there is no connection.
        """
        known = self._files.find(reference)
        if known is None:
            raise self._error("there is no such file", "not_found")
        message, part = known
        if part.fileLength > self._config.max_media_bytes:
            raise self._error("the file is too large", "too_large")
        content = await self._call("download_any", message)
        return Download(content=bytes(content or b""), mime_type=part.mimetype)

    async def mark_read(self, to: str, *message_ids: str, participant: str | None = None) -> None:
        """Show a person that messages were read.

        Args:
            to: the address that they came from.
            message_ids: their ids.
            participant: who wrote them, if `to` is a group.

        Raises:
            ProviderError: see the class.
        """
        chat = self._jid(to)
        await self._call(
            "mark_read",
            *message_ids,
            chat=chat,
            sender=chat if participant is None else self._jid(participant),
            receipt=self._neonize.kinds.ReceiptType.READ,
        )

    async def send_typing(self, to: str, *, on: bool = True) -> None:
        """Show a person that somebody is writing to them, or no longer is."""
        states, media = self._neonize.kinds.ChatPresence, self._neonize.kinds.ChatPresenceMedia
        state = states.CHAT_PRESENCE_COMPOSING if on else states.CHAT_PRESENCE_PAUSED
        jid = self._jid(to)
        await self._call("send_chat_presence", jid, state, media.CHAT_PRESENCE_MEDIA_TEXT)

    async def send_reaction(
        self, to: str, message_id: str, emoji: str, *, participant: str | None = None
    ) -> None:
        """React to a message; an empty `emoji` takes the reaction back.

        Args:
            participant: who wrote the message, if `to` is a group.
        """
        chat = self._jid(to)
        author = chat if participant is None else self._jid(participant)
        message = await self._call("build_reaction", chat, author, message_id, emoji)
        await self._call("send_message", chat, message)

    async def listen(
        self,
        on_message: Callable[[InboundMessage], Awaitable[Any]],
        on_status: Callable[[DeliveryStatus], Awaitable[Any]],
    ) -> SessionEnd:
        """Connect, and hand over what comes in until the session is over; see `NeonizeSource`.

        Raises:
            RuntimeError: somebody is listening already.
        """
        kinds = self._neonize.events

        async def handle(event: Any) -> None:
            if isinstance(event, kinds.ReceiptEv):
                for status in read_receipt(event):
                    await on_status(status)
                return
            message = self._received(event)
            if message is not None:
                await on_message(message)

        self._check_open()
        return await self._session.listen(handle)

    def _received(self, event: Any) -> InboundMessage | None:
        in_group = event.Info.MessageSource.Chat.Server == GROUPS
        if in_group and not self._config.include_groups:
            return None
        own = self._session.own_jid
        message = read_event(event, recipient="" if own is None else address_of(own))
        if message is not None:
            self._files.note(event.Info.ID, unwrapped(event.Message))
        return message

    async def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        self._check_open()
        return await self._session.call(method, *args, **kwargs)

    def _jid(self, address: str) -> Any:
        self._check_open()
        jid = self._messages.jid(address)
        if jid is None:
            raise self._error("this is neither a number nor a group", "invalid_recipient")
        return jid

    def _check_open(self) -> None:
        if self._closed:
            raise self._error("the provider is closed", "closed")

    def _error(self, message: str, code: str) -> ProviderError:
        return ProviderError(f"{VENDOR}: {message}", provider=VENDOR, code=code)

    async def close(self) -> None:
        self._closed = True
        await self._fetcher.close()
        await self._session.stop()


def _words(content: EventContent) -> str:
    """The words of a content, with a line for each control and card."""
    if isinstance(content, RichContent):
        cards = [plain_text(RichContent(body="", cards=[card])) for card in content.cards]
        controls = controls_of([*content.buttons, *content.quick_replies])
        return with_lines(words_of(content), [*cards, *(control.line for control in controls)])
    return words_of(content)
