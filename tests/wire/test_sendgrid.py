"""Sending through SendGrid: what goes over the wire, and what becomes of each answer."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.models.content import CompositeContent, MediaContent, RichContent, TextContent
from roomkit.providers.sendgrid import SendGridConfig, SendGridEmailProvider
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

TAKEN = Reply(status=202, headers={"x-message-id": "14c5d75ce93.dfd.64b469"})
ACCOUNT: dict[str, Any] = {"api_key": "SG.s3cret", "from_email": "desk@example.com"}
TO = "ada@example.com"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def sendgrid(server: ScriptedServer) -> AsyncIterator[SendGridEmailProvider]:
    provider = SendGridEmailProvider(SendGridConfig(**ACCOUNT, base_url=f"{server.url}/"))
    yield provider
    await provider.close()


async def test_a_text(server: ScriptedServer, sendgrid: SendGridEmailProvider) -> None:
    result = await sendgrid.send(
        example_event(TextContent(body="Grüße 👋")),
        TO,
        subject="Ihr Fahrrad",
        in_reply_to="<2@example.com>",
        references=["<1@example.com>"],
    )
    assert result.success
    assert result.provider_message_id == "14c5d75ce93.dfd.64b469"
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == "Bearer SG.s3cret"
    assert request.headers["content-type"] == "application/json"
    body = request.json()
    headers = body.pop("headers")
    assert body == {
        "personalizations": [{"to": [{"email": TO}]}],
        "from": {"email": "desk@example.com"},
        "subject": "Re: Ihr Fahrrad",
        "content": [{"type": "text/plain", "value": "Grüße 👋"}],
    }
    assert headers["Message-ID"] == result.metadata["message_id"]
    assert headers["In-Reply-To"] == "<2@example.com>"
    assert headers["References"].split()[1:] == ["<1@example.com>", "<2@example.com>"]


async def test_everything_at_once(server: ScriptedServer) -> None:
    config = SendGridConfig(
        **ACCOUNT, from_name="The Desk", reply_to="in@example.com", base_url=server.url
    )
    provider = SendGridEmailProvider(config)
    picture = base64.b64encode(b"\x89PNG").decode()
    content = CompositeContent(
        parts=[
            RichContent(body="<b>Ready</b>", format="html"),
            MediaContent(
                url=f"data:image/png;base64,{picture}", mime_type="image/png", filename="a.png"
            ),
        ]
    )
    await provider.send(example_event(content), TO, from_="Sales <sales@example.com>")
    await provider.close()
    body = server.requests[0].json()
    assert body["from"] == {"email": "sales@example.com", "name": "Sales"}
    assert body["reply_to"] == {"email": "in@example.com"}
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert body["attachments"] == [
        {"content": picture, "type": "image/png", "filename": "a.png", "disposition": "attachment"}
    ]


async def test_a_file_without_words(
    server: ScriptedServer, sendgrid: SendGridEmailProvider
) -> None:
    """SendGrid refuses a mail with an empty body."""
    await sendgrid.send(example_event(MediaContent(url="data:,x", mime_type="text/plain")), TO)
    assert server.requests[0].json()["content"] == [{"type": "text/plain", "value": " "}]


async def test_nothing_to_say_asks_nobody(
    server: ScriptedServer, sendgrid: SendGridEmailProvider
) -> None:
    result = await sendgrid.send(example_event(TextContent(body=" ")), TO)
    assert result.error_code == "empty_message"
    assert not server.requests


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "rejected", False),
        (401, "unauthorized", False),
        (403, "forbidden", False),
        (413, "too_large", False),
        (429, "rate_limited", True),
        (500, "unavailable", True),
        (503, "unavailable", True),
    ],
)
async def test_refusals(
    server: ScriptedServer,
    sendgrid: SendGridEmailProvider,
    status: int,
    code: str,
    retryable: bool,
) -> None:
    server.reply(status=status, json={"errors": [{"message": f"no {TO}", "field": "to"}]})
    result = await sendgrid.send(example_event(), TO)
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    assert result.metadata["status_code"] == status
    assert result.error is not None
    assert TO not in result.error


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ec", None)
    SendGridEmailProvider(SendGridConfig(**ACCOUNT))
    with pytest.raises(ImportError, match=r"pip install 'roomkit\["):
        SendGridEmailProvider(SendGridConfig(**ACCOUNT, webhook_public_key="MFkw"))
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'roomkit\[sendgrid\]'"):
        SendGridEmailProvider(SendGridConfig(**ACCOUNT))


@pytest.mark.parametrize(
    "settings",
    [
        {"from_email": "desk@example.com"},
        {"api_key": "", "from_email": "desk@example.com"},
        {**ACCOUNT, "from_email": "desk"},
        {**ACCOUNT, "timeout": 0},
        {**ACCOUNT, "apikey": "x"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SendGridConfig") as caught:
        SendGridConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_configuration_keeps_its_secret() -> None:
    config = SendGridConfig(**ACCOUNT)
    assert "s3cret" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
