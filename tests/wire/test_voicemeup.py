"""Sending through VoiceMeUp, and reading its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.errors import WebhookError
from roomkit.models.content import (
    AudioContent,
    CompositeContent,
    MediaContent,
    TextContent,
    VideoContent,
)
from roomkit.providers.sms import extract_sms_meta
from roomkit.providers.voicemeup import (
    VoiceMeUpConfig,
    VoiceMeUpSMSProvider,
    parse_voicemeup_webhook,
)
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

ADA, SHOP = "+15551234567", "+15550000000"
TAKEN = Reply.of_json({"response_status": "success", "sms_hash": "h-1"})
ACCOUNT: dict[str, Any] = {"username": "ada", "auth_token": "s3cret", "from_number": SHOP}
PNG = MediaContent(url="https://example.com/a.png", mime_type="image/png")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def voicemeup(server: ScriptedServer) -> AsyncIterator[VoiceMeUpSMSProvider]:
    provider = VoiceMeUpSMSProvider(VoiceMeUpConfig(**ACCOUNT, base_url=f"{server.url}/v1/"))
    yield provider
    await provider.close()


class TestSending:
    async def test_a_text_message(
        self, server: ScriptedServer, voicemeup: VoiceMeUpSMSProvider
    ) -> None:
        result = await voicemeup.send(example_event(TextContent(body="Hé 👋")), "1 555 123-4567")
        assert result.success
        assert (result.provider_message_id, result.metadata) == ("h-1", {"segments": 1})
        request = server.requests[0]
        assert (request.method, request.target) == ("POST", "/v1/queue_sms")
        assert request.form == {
            "username": ["ada"],
            "auth_token": ["s3cret"],
            "source_number": [SHOP],
            "destination_number": [ADA],
            "message": ["Hé 👋"],
        }

    async def test_the_token_is_not_in_the_url(
        self, server: ScriptedServer, voicemeup: VoiceMeUpSMSProvider
    ) -> None:
        await voicemeup.send(example_event(), ADA)
        assert "s3cret" not in server.requests[0].target

    async def test_files_go_out_as_links(
        self, server: ScriptedServer, voicemeup: VoiceMeUpSMSProvider
    ) -> None:
        assert not voicemeup.supports_mms
        content = CompositeContent(parts=[TextContent(body="Look"), PNG])
        assert (await voicemeup.send(example_event(content), ADA)).success
        assert server.requests[0].form["message"] == [f"Look\n{PNG.url}"]

    async def test_or_as_attachments(self, server: ScriptedServer) -> None:
        config = VoiceMeUpConfig(**ACCOUNT, base_url=server.url, attachment_field="picture_url")
        provider = VoiceMeUpSMSProvider(config)
        assert provider.supports_mms
        content = CompositeContent(parts=[TextContent(body="Look"), PNG, PNG])
        await provider.send(example_event(content), ADA, from_="1 555 999 9999")
        await provider.close()
        form = server.requests[0].form
        assert form["picture_url"] == [PNG.url]
        assert form["message"] == [f"Look\n{PNG.url}"]
        assert form["source_number"] == ["+15559999999"]

    @pytest.mark.parametrize(
        "answer",
        [
            {"sms_hash": "h-1"},
            {"response_status": "success", "response_data": {"sms_hash": "h-1"}},
            {"status": "SUCCESS", "data": {"id": "h-1"}},
        ],
    )
    async def test_where_the_id_may_be(
        self, server: ScriptedServer, voicemeup: VoiceMeUpSMSProvider, answer: Any
    ) -> None:
        server.reply(json=answer)
        assert (await voicemeup.send(example_event(), ADA)).provider_message_id == "h-1"

    @pytest.mark.parametrize("status", ["error", "Failed"])
    async def test_a_refusal_that_looks_like_success(
        self, server: ScriptedServer, voicemeup: VoiceMeUpSMSProvider, status: str
    ) -> None:
        answer = {"response_status": status, "response_messages": {"message": ADA}, "id": "x"}
        server.reply(json=answer)
        result = await voicemeup.send(example_event(), ADA)
        assert (result.success, result.error_code, result.retryable) == (False, "rejected", False)
        assert ADA not in repr(result)

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [(401, "unauthorized", False), (400, "rejected", False), (503, "unavailable", True)],
    )
    async def test_other_refusals(
        self,
        server: ScriptedServer,
        voicemeup: VoiceMeUpSMSProvider,
        status: int,
        code: str,
        retryable: bool,
    ) -> None:
        server.reply(status=status)
        result = await voicemeup.send(example_event(), ADA)
        assert (result.error_code, result.retryable) == (code, retryable)

    def test_its_webhooks_cannot_be_verified(self, voicemeup: VoiceMeUpSMSProvider) -> None:
        assert not voicemeup.verifies_webhooks


MESSAGE = {
    "sms_hash": "h-9",
    "source_number": "15551234567",
    "destination_number": "15550000000",
    "message": "Hallo, Grüße 👋",
}


class TestReading:
    def test_a_text_message(self) -> None:
        message = parse_voicemeup_webhook(MESSAGE, channel_id="sms")
        assert message is not None
        assert (message.channel_id, message.sender_id) == ("sms", ADA)
        assert message.content == TextContent(body="Hallo, Grüße 👋")
        assert message.provider_message_id == "h-9"
        assert message.metadata == {"recipient": SHOP}

    def test_the_normal_form(self) -> None:
        meta = extract_sms_meta("voicemeup", MESSAGE)
        assert (meta.provider, meta.sender, meta.recipient) == ("voicemeup", ADA, SHOP)
        assert (meta.body, meta.external_id) == ("Hallo, Grüße 👋", "h-9")
        assert meta.to_inbound(channel_id="s").channel_id == "s"

    def test_each_half_of_a_picture_message_by_itself(self) -> None:
        described = {**MESSAGE, "file": "https://voicemeup.example/1.html"}
        meta = extract_sms_meta("voicemeup", described)
        assert (meta.body, meta.media_urls) == ("Hallo, Grüße 👋", [])

    @pytest.mark.parametrize(
        ("more", "file"),
        [
            ({"media_url": "https://x.example/1.png"}, PNG.evolve(url="https://x.example/1.png")),
            (
                {"attached": "https://x.example/1", "attached_content_type": "audio/AMR; q=1"},
                AudioContent(url="https://x.example/1", mime_type="audio/amr"),
            ),
            (
                {"video": "https://x.example/1.mp4?x=1.html"},
                VideoContent(url="https://x.example/1.mp4?x=1.html", mime_type="video/mp4"),
            ),
            (
                {"files": ["https://x.example/file"]},
                MediaContent(url="https://x.example/file", mime_type="application/octet-stream"),
            ),
        ],
    )
    def test_files_are_found_by_what_they_are(self, more: dict[str, Any], file: Any) -> None:
        meta = extract_sms_meta("voicemeup", {**MESSAGE, "message": "", **more})
        assert meta.to_inbound("sms").content == file

    def test_links_are_no_files(self) -> None:
        more = {
            "message": "https://example.com/cat.png",
            "callback": "https://example.com/hook",
            "website": "https://[::1",
        }
        meta = extract_sms_meta("voicemeup", {**MESSAGE, **more})
        assert meta.to_inbound("sms").content == TextContent(body="https://example.com/cat.png")

    @pytest.mark.parametrize(
        ("said", "status"),
        [("delivered", "delivered"), ("Undelivered", "failed"), ("error", "failed")],
    )
    def test_what_became_of_a_message(self, said: str, status: str) -> None:
        meta = extract_sms_meta("voicemeup", {"sms_hash": "h-1", "status": said})
        assert meta.status is not None
        assert (meta.status.message_id, meta.status.status) == ("h-1", status)

    def test_a_status_does_not_hide_a_message(self) -> None:
        meta = extract_sms_meta("voicemeup", {**MESSAGE, "status": "delivered"})
        assert meta.is_inbound
        sent = {**MESSAGE, "status": "delivered", "direction": "outbound"}
        assert extract_sms_meta("voicemeup", sent).is_status

    def test_anything_else(self) -> None:
        meta = extract_sms_meta("voicemeup", {"sms_hash": "h-1"})
        assert not (meta.is_inbound or meta.is_status)
        for payload in ({}, {"message": "Hi"}, {"source_number": " "}):
            with pytest.raises(WebhookError):
                extract_sms_meta("voicemeup", payload)


@pytest.mark.parametrize(
    "settings",
    [
        {**ACCOUNT, "username": ""},
        {**ACCOUNT, "auth_token": ""},
        {**ACCOUNT, "from_number": ""},
        {**ACCOUNT, "environment": "sandbox"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="VoiceMeUpConfig") as caught:
        VoiceMeUpConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_configuration() -> None:
    config = VoiceMeUpConfig(**ACCOUNT)
    assert "s3cret" not in f"{config!r} {config.model_dump()} {config.model_dump_json()}"
    assert (config.base_url, config.timeout) == ("https://api.voicemeup.com/", 10.0)
