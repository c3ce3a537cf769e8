"""WhatsApp from a personal account, with a client that is not WhatsApp's."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from roomkit import WhatsAppPersonalChannel
from roomkit.errors import ProviderError
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
    TextContent,
    VideoContent,
)
from roomkit.models.delivery import DeliveryStatus, InboundMessage
from roomkit.models.enums import EventType
from roomkit.providers.whatsapp import WhatsAppPersonalConfig, WhatsAppPersonalProvider
from roomkit.providers.whatsapp.neonize_types import NEONIZE_FAILURES, neonize_failure
from roomkit.testing.clock import VirtualClock
from roomkit.testing.providers import CONTENTS, example_event
from tests.unit.providers.whatsapp.fake_neonize import (
    ADA,
    NEONIZE,
    FakeClient,
    N,
    W,
    jid,
    message_event,
    receipt_event,
    until,
)

NUMBER = "+15551234567"


class Listener:
    """Listens to a provider and keeps what it hears."""

    def __init__(self, provider: WhatsAppPersonalProvider) -> None:
        self.messages: list[InboundMessage] = []
        self.statuses: list[DeliveryStatus] = []
        self.heard = asyncio.Event()
        self.task = asyncio.ensure_future(provider.listen(self._message, self._status))

    async def _message(self, message: InboundMessage) -> None:
        self.messages.append(message)
        self.heard.set()

    async def _status(self, status: DeliveryStatus) -> None:
        self.statuses.append(status)
        self.heard.set()

    async def wait_for(self, count: int) -> None:
        while len(self.messages) + len(self.statuses) < count:
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), 5)


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
async def provider(client: FakeClient) -> AsyncIterator[WhatsAppPersonalProvider]:
    made = WhatsAppPersonalProvider(make_client=lambda: client)
    yield made
    await made.close()


async def tell(client: FakeClient, *events: Any) -> None:
    """neonize calls back, from a thread of its own."""
    for event in events:
        await asyncio.to_thread(client.tell, event)


class TestSending:
    async def test_a_text(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        result = await provider.send(example_event(TextContent(body="Grüße 👋")), "1 555 123-4567")
        assert (result.success, result.provider_message_id) == (True, "3EB01")
        (((to, message), _),) = client.called("send_message")
        assert (to.User, to.Server) == ("15551234567", "s.whatsapp.net")
        assert message.conversation == "Grüße 👋"
        assert provider.state == "connected"
        assert provider.name == "whatsapp_personal"

    async def test_the_loop_is_never_blocked(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        client.hold = threading.Event()
        sending = asyncio.ensure_future(provider.send(example_event(), NUMBER))
        await until(lambda: client.calls)
        assert not sending.done()
        client.hold.set()
        assert (await sending).success
        assert threading.current_thread().name not in client.threads

    async def test_controls_become_lines(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        content = RichContent(
            body="<p>Pick</p>",
            format="html",
            buttons=[{"text": "Yes"}, {"text": "Page", "url": "https://example.com"}],
            cards=[{"title": "Bicycle"}],
        )
        await provider.send(example_event(content), NUMBER)
        (((_, message), _),) = client.called("send_message")
        assert message.conversation == "Pick\nBicycle\n- Yes\n- Page: https://example.com"

    async def test_a_place(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        place = LocationContent(latitude=45.5, longitude=-73.6, label="Office")
        await provider.send(example_event(place), NUMBER)
        (((_, message), _),) = client.called("send_message")
        assert message.locationMessage.degreesLatitude == 45.5
        assert message.locationMessage.name == "Office"

    @pytest.mark.parametrize(
        ("mime_type", "part", "kind"),
        [
            ("image/png", "imageMessage", "MediaImage"),
            ("video/mp4", "videoMessage", "MediaVideo"),
            ("audio/ogg", "audioMessage", "MediaAudio"),
            ("application/pdf", "documentMessage", "MediaDocument"),
            ("image/tiff", "documentMessage", "MediaDocument"),
        ],
    )
    async def test_files_are_uploaded_encrypted(
        self,
        client: FakeClient,
        provider: WhatsAppPersonalProvider,
        mime_type: str,
        part: str,
        kind: str,
    ) -> None:
        url = f"data:{mime_type};base64,{base64.b64encode(b'bytes').decode()}"
        file = MediaContent(url=url, mime_type=mime_type, filename="a", caption="Look")
        assert (await provider.send(example_event(file), NUMBER)).success
        (((content, media_type), _),) = client.called("upload")
        assert (content, media_type.name) == (b"bytes", kind)
        (((_, message), _),) = client.called("send_message")
        sent = getattr(message, part)
        assert (sent.mimetype, sent.mediaKey, sent.fileLength) == (mime_type, b"k" * 32, 5)
        if part == "audioMessage":
            assert sent.PTT
        else:
            assert sent.caption == "Look"

    async def test_an_album_is_several_messages(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        picture = MediaContent(url="data:image/png;base64,aGk=", mime_type="image/png")
        content = CompositeContent(parts=[TextContent(body="Look"), picture, picture])
        result = await provider.send(example_event(content), NUMBER)
        assert result.provider_message_id == "3EB01"
        assert result.metadata["provider_message_ids"] == ["3EB01", "3EB02", "3EB03"]

    async def test_every_content_has_an_outcome(self, client: FakeClient) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, content=b"bytes")

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
            made = WhatsAppPersonalProvider(make_client=lambda: client, http_client=http_client)
            for content in CONTENTS.values():
                event = example_event(
                    content.evolve(url="http://93.184.216.34/a")
                    if isinstance(content, MediaContent | AudioContent | VideoContent)
                    else content
                )
                if isinstance(content, CompositeContent):
                    continue
                result = await made.send(event, NUMBER)
                assert result.success or (result.error_code and not result.retryable), content
            await made.close()

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("http://127.0.0.1:9/a.png", "address_blocked"),
            ("http://169.254.169.254/latest/meta-data", "address_blocked"),
            ("file:///etc/passwd", "address_blocked"),
            ("data:image/png;base64,é", "bad_answer"),
        ],
    )
    async def test_files_that_are_not_fetched(
        self, client: FakeClient, provider: WhatsAppPersonalProvider, url: str, code: str
    ) -> None:
        file = MediaContent(url=url, mime_type="image/png")
        result = await provider.send(example_event(file), NUMBER)
        assert (result.error_code, result.retryable) == (code, False)
        assert not client.called("upload")

    async def test_a_file_is_fetched_from_a_public_address(self, client: FakeClient) -> None:
        asked: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            return httpx.Response(200, content=b"x" * 11)

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
            made = WhatsAppPersonalProvider(
                WhatsAppPersonalConfig(max_media_bytes=10),
                make_client=lambda: client,
                http_client=http_client,
            )
            file = MediaContent(url="http://93.184.216.34/a.png", mime_type="image/png")
            result = await made.send(example_event(file), NUMBER)
            assert result.error_code == "too_large"
            await made.close()
        assert [str(request.url) for request in asked] == ["http://93.184.216.34/a.png"]

    @pytest.mark.parametrize("to", ["", "ada", "@g.us", "12@", "+"])
    async def test_what_is_no_address(
        self, client: FakeClient, provider: WhatsAppPersonalProvider, to: str
    ) -> None:
        result = await provider.send(example_event(), to)
        assert (result.error_code, result.retryable) == ("invalid_recipient", False)
        assert not client.calls

    async def test_a_group(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        await provider.send(example_event(), "120363025246125486@g.us")
        (((to, _), _),) = client.called("send_message")
        assert (to.User, to.Server) == ("120363025246125486", "g.us")

    async def test_nothing_to_show(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        for content in (TextContent(body=" "), DeleteContent(target_event_id="e-1")):
            result = await provider.send(example_event(content), NUMBER)
            assert result.error_code == "empty_message"
        assert not client.calls


class TestFailures:
    def test_the_client_here_has_what_neonizes_has(self) -> None:
        ours = {name for name, it in vars(FakeClient).items() if callable(it) and name[0] != "_"}
        theirs = set(dir(NEONIZE.client.NewClient))
        assert ours - theirs == {"tell", "show_code", "called"}

    async def test_neonizes_words_are_not_repeated(
        self,
        client: FakeClient,
        provider: WhatsAppPersonalProvider,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        error = NEONIZE.client.SendMessageError(f"cannot reach {NUMBER}")
        client.failures["send_message"] = [error]
        result = await provider.send(example_event(), NUMBER)
        assert (result.error_code, result.retryable) == ("send_failed", True)
        assert NUMBER not in repr(result) + caplog.text
        assert (await provider.send(example_event(), NUMBER)).success

    def test_every_exception_of_neonizes_has_a_meaning(self) -> None:
        exceptions = vars(NEONIZE.client.NeonizeError)["__module__"]
        module = __import__(exceptions, fromlist=["exc"])
        found = [it for it in vars(module).values() if isinstance(it, type)]
        assert len(found) > 50
        for kind in found:
            assert issubclass(kind, NEONIZE.client.NeonizeError)
            assert neonize_failure(kind("x")) in NEONIZE_FAILURES.values()
        assert {name for name in NEONIZE_FAILURES} <= {kind.__name__ for kind in found}
        assert neonize_failure(ValueError("x")) == ("client_failed", False)

    async def test_no_connection(self) -> None:
        clock = VirtualClock()
        silent = FakeClient(connects=False)
        made = WhatsAppPersonalProvider(make_client=lambda: silent, clock=clock)
        sending = asyncio.ensure_future(made.send(example_event(), NUMBER))
        await asyncio.to_thread(silent.running.wait, 5)
        await clock.advance(31)
        result = await sending
        assert (result.error_code, result.retryable) == ("not_connected", True)
        assert made.state == "connecting"
        await made.close()

    async def test_a_session_that_fails_at_once(self) -> None:
        clients: list[FakeClient] = []

        def make() -> FakeClient:
            error = None if clients else NEONIZE.client.NeonizeError("no network")
            clients.append(FakeClient(connect_error=error))
            return clients[-1]

        made = WhatsAppPersonalProvider(make_client=make)
        result = await made.send(example_event(), NUMBER)
        assert (result.error_code, result.retryable) == ("not_connected", True)
        assert (await made.send(example_event(), NUMBER)).success
        assert len(clients) == 2
        await made.close()

    async def test_a_call_that_never_returns(self, client: FakeClient) -> None:
        clock = VirtualClock()
        made = WhatsAppPersonalProvider(make_client=lambda: client, clock=clock)
        await made.send(example_event(), NUMBER)
        client.hold = threading.Event()
        sending = asyncio.ensure_future(made.send(example_event(), NUMBER))
        await until(lambda: len(client.called("send_message")) == 2)
        await clock.advance(61)
        result = await sending
        assert (result.error_code, result.retryable) == ("timeout", True)
        client.hold.set()
        await made.close()

    async def test_what_went_out_does_not_go_out_again(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        await provider.send(example_event(), NUMBER)
        picture = MediaContent(url="data:image/png;base64,aGk=", mime_type="image/png")
        content = CompositeContent(parts=[picture, picture])

        def fail_the_second(to: Any, message: Any) -> Any:
            if len(client.called("send_message")) == 2:
                client.failures["send_message"] = [NEONIZE.client.SendMessageError("x")]
            return FakeClient.send_message(client, to, message)

        client.send_message = fail_the_second  # type: ignore[method-assign]
        result = await provider.send(example_event(content), NUMBER)
        assert (result.error_code, result.retryable) == ("send_failed", False)
        assert result.metadata["provider_message_ids"] == ["3EB02"]

    async def test_closed_means_closed(self, client: FakeClient) -> None:
        made = WhatsAppPersonalProvider(make_client=lambda: client)
        await made.send(example_event(), NUMBER)
        await asyncio.gather(made.close(), made.close())
        assert client.called("stop") == [((), {})]
        result = await made.send(example_event(), NUMBER)
        assert (result.error_code, result.retryable) == ("closed", False)
        with pytest.raises(ProviderError):
            await made.mark_read(NUMBER, "3A01")
        running = {thread.name for thread in threading.enumerate()}
        assert "roomkit-whatsapp" not in running


class TestMoreThanMessages:
    async def test_receipts_typing_and_reactions(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        await provider.mark_read(NUMBER, "3A01", "3A02")
        await provider.send_typing(NUMBER)
        await provider.send_typing(NUMBER, on=False)
        await provider.send_reaction("12@g.us", "3A01", "👍", participant=NUMBER)
        ((ids, told),) = client.called("mark_read")
        assert ids == ("3A01", "3A02")
        assert (told["chat"].User, told["receipt"].name) == ("15551234567", "READ")
        states = [args[1].name for args, _ in client.called("send_chat_presence")]
        assert states == ["CHAT_PRESENCE_COMPOSING", "CHAT_PRESENCE_PAUSED"]
        (((chat, author, message_id, emoji), _),) = client.called("build_reaction")
        assert (chat.Server, author.User) == ("g.us", "15551234567")
        assert (message_id, emoji) == ("3A01", "👍")
        (((to, message), _),) = client.called("send_message")
        assert (to.Server, message.reactionMessage.text) == ("g.us", "👍")

    async def test_codes_to_link_the_device(self, client: FakeClient) -> None:
        shown: list[str] = []

        async def show(code: str) -> None:
            shown.append(code)

        made = WhatsAppPersonalProvider(make_client=lambda: client, on_qr=show)
        await made.send(example_event(), NUMBER)
        await asyncio.to_thread(client.show_code, "2@secret")
        await until(lambda: shown)
        assert shown == ["2@secret"]
        await made.close()


async def received(
    provider: WhatsAppPersonalProvider, client: FakeClient, *events: Any
) -> list[InboundMessage]:
    """What becomes of these events, and of one more text."""
    listener = Listener(provider)
    await asyncio.to_thread(client.running.wait, 5)
    last = message_event(W.Message(conversation="last"), message_id="last")
    await tell(client, *events, last)
    while not listener.messages or listener.messages[-1].provider_message_id != "last":
        await listener.wait_for(len(listener.messages) + 1)
    listener.task.cancel()
    await asyncio.gather(listener.task, return_exceptions=True)
    return listener.messages[:-1]


FILE = {"mimetype": "", "URL": "https://mmg.whatsapp.net/v/1", "mediaKey": b"k"}


class TestReceiving:
    async def test_a_text(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        event = message_event(W.Message(conversation="Hi\x00 👋"))
        (message,) = await received(provider, client, event)
        assert message.sender_id == NUMBER
        assert message.content == TextContent(body="Hi\ufffd 👋")
        assert message.provider_message_id == "3A01"
        assert message.metadata == {
            "recipient": "+15550000000",
            "display_name": "Ada",
            "sent_at": "2025-06-08T20:59:43+00:00",
        }

    @pytest.mark.parametrize(
        ("message", "content", "facts"),
        [
            (
                W.Message(extendedTextMessage=W.ExtendedTextMessage(
                    text="Yes", contextInfo=W.ContextInfo(stanzaID="3EB09"))),
                TextContent(body="Yes"),
                {"reply_to_message_id": "3EB09"},
            ),
            (
                W.Message(imageMessage=W.ImageMessage(
                    **FILE, caption="Look", fileLength=7, JPEGThumbnail=b"x")),
                MediaContent(url="whatsapp-file:3A01", mime_type="image/jpeg", caption="Look",
                             size_bytes=7),
                {},
            ),
            (
                W.Message(audioMessage=W.AudioMessage(
                    mimetype="audio/ogg; codecs=opus", seconds=3, PTT=True)),
                AudioContent(url="whatsapp-file:3A01", mime_type="audio/ogg", duration_seconds=3),
                {"voice": True},
            ),
            (
                W.Message(videoMessage=W.VideoMessage(mimetype="video/mp4", caption="C")),
                CompositeContent(parts=[TextContent(body="C"),
                    VideoContent(url="whatsapp-file:3A01", mime_type="video/mp4")]),
                {},
            ),
            (
                W.Message(documentWithCaptionMessage=W.FutureProofMessage(message=W.Message(
                    documentMessage=W.DocumentMessage(
                        mimetype="application/pdf", fileName="a.pdf", caption="Bill")))),
                MediaContent(url="whatsapp-file:3A01", mime_type="application/pdf",
                             filename="a.pdf", caption="Bill", size_bytes=0),
                {},
            ),
            (
                W.Message(stickerMessage=W.StickerMessage(mimetype="image/webp")),
                MediaContent(url="whatsapp-file:3A01", mime_type="image/webp", size_bytes=0),
                {"sticker": True},
            ),
            (
                W.Message(liveLocationMessage=W.LiveLocationMessage(
                    degreesLatitude=45.5, degreesLongitude=-73.6)),
                LocationContent(latitude=45.5, longitude=-73.6),
                {},
            ),
            (
                W.Message(contactMessage=W.ContactMessage(displayName="Bob", vcard="BEGIN:VCARD")),
                TextContent(body="[Contact: Bob]"),
                {"contacts": [{"name": "Bob"}]},
            ),
            (
                W.Message(buttonsResponseMessage=W.ButtonsResponseMessage(
                    selectedDisplayText="Yes", selectedButtonID="y")),
                TextContent(body="Yes"),
                {"postback_data": "y"},
            ),
            (
                W.Message(pollCreationMessage=W.PollCreationMessage(name="Which?")),
                SystemContent(body="[Unsupported message: pollCreation]", code="unsupported",
                              data={"type": "pollCreation"}),
                {},
            ),
            (
                W.Message(protocolMessage=W.ProtocolMessage(
                    type=W.ProtocolMessage.REVOKE, key={"ID": "3A00"})),
                DeleteContent(target_event_id="3A00"),
                {"target_message_id": "3A00"},
            ),
            (
                W.Message(editedMessage=W.FutureProofMessage(message=W.Message(
                    protocolMessage=W.ProtocolMessage(
                        type=W.ProtocolMessage.MESSAGE_EDIT, key={"ID": "3A00"},
                        editedMessage=W.Message(conversation="new"))))),
                EditContent(target_event_id="3A00", new_content=TextContent(body="new"),
                            edit_source="sender"),
                {"target_message_id": "3A00"},
            ),
        ],
        ids=["text", "image", "voice", "video", "document", "sticker", "place", "contact",
             "button", "poll", "delete", "edit"],
    )  # fmt: skip
    async def test_all_kinds(
        self,
        client: FakeClient,
        provider: WhatsAppPersonalProvider,
        message: Any,
        content: EventContent,
        facts: dict[str, Any],
    ) -> None:
        (found,) = await received(provider, client, message_event(message))
        assert found.content == content
        assert found.metadata.items() >= facts.items()

    async def test_reactions(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        def reaction(emoji: str, message_id: str) -> Any:
            part = W.ReactionMessage(text=emoji, key={"ID": "3EB01"})
            return message_event(W.Message(reactionMessage=part), message_id=message_id)

        added, gone = await received(
            provider, client, reaction("👍", "3A01"), reaction("", "3A02")
        )
        assert (added.event_type, gone.event_type) == (EventType.REACTION, EventType.REACTION)
        assert added.metadata["reactions_added"] == ["👍"]
        assert gone.metadata["target_message_id"] == "3EB01"

    async def test_what_nobody_wrote(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        text = W.Message(conversation="x")
        quiet = [
            message_event(text, from_me=True),
            message_event(text, chat=jid("status", "broadcast")),
            message_event(text, chat=jid("1", "newsletter")),
            message_event(text, chat=jid("12", "g.us")),
            message_event(text, message_id=""),
            message_event(W.Message()),
            message_event(
                W.Message(senderKeyDistributionMessage=W.SenderKeyDistributionMessage(groupID="1"))
            ),
            message_event(
                W.Message(
                    protocolMessage=W.ProtocolMessage(
                        type=W.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE
                    )
                )
            ),
        ]
        assert await received(provider, client, *quiet) == []

    async def test_groups_if_they_are_wanted(self, client: FakeClient) -> None:
        made = WhatsAppPersonalProvider(
            WhatsAppPersonalConfig(include_groups=True), make_client=lambda: client
        )
        event = message_event(W.Message(conversation="x"), chat=jid("12", "g.us"))
        (message,) = await received(made, client, event)
        assert message.sender_id == NUMBER
        assert WhatsAppPersonalChannel("wa").reply_address(message) == "12@g.us"
        await made.close()

    async def test_hidden_numbers(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        hidden = jid("99887766", "lid")
        text = W.Message(conversation="x")
        known, unknown = await received(
            provider,
            client,
            message_event(text, chat=hidden, sender=hidden, alt=ADA),
            message_event(text, chat=hidden, sender=hidden, message_id="3A02"),
        )
        assert (known.sender_id, unknown.sender_id) == (NUMBER, "99887766@lid")

    async def test_reports(self, client: FakeClient, provider: WhatsAppPersonalProvider) -> None:
        listener = Listener(provider)
        await asyncio.to_thread(client.running.wait, 5)
        await tell(
            client,
            receipt_event("DELIVERED", "3EB01", "3EB02"),
            receipt_event("RETRY", "3EB03"),
            receipt_event("READ", "3EB04", from_me=True),
            receipt_event("PLAYED", "3EB01"),
        )
        await listener.wait_for(3)
        told = [(it.message_id, it.status, it.recipient) for it in listener.statuses]
        assert told == [
            ("3EB01", "delivered", NUMBER),
            ("3EB02", "delivered", NUMBER),
            ("3EB01", "read", NUMBER),
        ]
        listener.task.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)


class TestFetching:
    async def test_a_file_that_came_in(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        image = W.ImageMessage(mimetype="image/jpeg", mediaKey=b"k", JPEGThumbnail=b"x" * 9)
        (message,) = await received(provider, client, message_event(W.Message(imageMessage=image)))
        assert isinstance(message.content, MediaContent)
        file = await provider.fetch_media(message.content.url)
        assert (file.content, file.mime_type) == (b"the file", "image/jpeg")
        assert (await provider.fetch_media("3A01")).content == b"the file"
        (((asked,), _), _) = client.called("download_any")
        assert asked.imageMessage.mediaKey == b"k"
        assert not asked.imageMessage.JPEGThumbnail

    async def test_a_file_that_came_in_can_be_sent_on(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        image = W.ImageMessage(mimetype="image/jpeg", mediaKey=b"k")
        (message,) = await received(provider, client, message_event(W.Message(imageMessage=image)))
        assert (await provider.send(example_event(message.content), "+15559999999")).success
        (((content, _), _),) = client.called("upload")
        assert content == b"the file"

    async def test_a_file_that_cannot_be_fetched(self, client: FakeClient) -> None:
        made = WhatsAppPersonalProvider(
            WhatsAppPersonalConfig(max_media_bytes=10), make_client=lambda: client
        )
        large = W.ImageMessage(mimetype="image/jpeg", fileLength=11)
        small = W.ImageMessage(mimetype="image/jpeg", fileLength=9)
        await received(
            made,
            client,
            message_event(W.Message(imageMessage=large), message_id="large"),
            message_event(W.Message(imageMessage=small), message_id="gone"),
        )
        client.failures["download_any"] = [NEONIZE.client.DownloadError("410")]
        for reference, code in (
            ("nobody", "not_found"),
            ("large", "too_large"),
            ("gone", "media_unavailable"),
        ):
            with pytest.raises(ProviderError) as failure:
                await made.fetch_media(reference)
            assert failure.value.code == code
        await made.close()


class TestSession:
    @pytest.mark.parametrize(
        ("event", "end"),
        [
            (N.LoggedOut(), "logged_out"),
            (N.StreamReplaced(), "replaced"),
            (N.TemporaryBan(), "banned"),
            (N.ClientOutdated(), "outdated"),
        ],
    )
    async def test_why_it_is_over(
        self, client: FakeClient, provider: WhatsAppPersonalProvider, event: Any, end: str
    ) -> None:
        listener = Listener(provider)
        await asyncio.to_thread(client.running.wait, 5)
        await tell(client, event)
        assert await asyncio.wait_for(listener.task, 5) == end
        assert provider.state == "idle"
        assert client.stopped.is_set()

    async def test_a_connection_that_comes_and_goes(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        await provider.send(example_event(), NUMBER)
        await tell(client, N.Disconnected(status=True))
        await asyncio.sleep(0)
        assert provider.state == "connecting"
        sending = asyncio.ensure_future(provider.send(example_event(), NUMBER))
        await asyncio.sleep(0)
        await tell(client, N.Connected(status=True))
        assert (await sending).success

    async def test_only_one_listens(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        listener = Listener(provider)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already"):
            await Listener(provider).task
        listener.task.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)

    async def test_neonize_waits_for_a_slow_room(
        self, client: FakeClient, provider: WhatsAppPersonalProvider
    ) -> None:
        """More messages than there is room for: none is lost, none overtakes another."""
        gate = asyncio.Event()
        seen: list[str | None] = []

        async def take(message: InboundMessage) -> None:
            await gate.wait()
            seen.append(message.provider_message_id)

        async def ignore(status: DeliveryStatus) -> None:
            return None

        listening = asyncio.ensure_future(provider.listen(take, ignore))
        await asyncio.to_thread(client.running.wait, 5)
        events = [
            message_event(W.Message(conversation="x"), message_id=str(number))
            for number in range(1100)
        ]
        telling = asyncio.ensure_future(tell(client, *events))
        done, _ = await asyncio.wait([telling], timeout=0.3)
        assert not done
        gate.set()
        await asyncio.wait_for(telling, 10)
        await until(lambda: len(seen) == 1100)
        assert seen == [str(number) for number in range(1100)]
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_nobody_listens(
        self,
        client: FakeClient,
        provider: WhatsAppPersonalProvider,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await provider.send(example_event(), NUMBER)
        await tell(client, message_event(W.Message(conversation="hush")))
        assert "nobody is listening" in caplog.text
        assert "hush" not in caplog.text
