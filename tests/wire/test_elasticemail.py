"""Sending through Elastic Email: what goes over the wire, and what becomes of each answer."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from roomkit.models.content import CompositeContent, MediaContent, RichContent, TextContent
from roomkit.providers.elasticemail import ElasticEmailConfig, ElasticEmailProvider
from roomkit.testing.providers import example_event
from roomkit.testing.wire import Reply, ScriptedServer

TAKEN = Reply.of_json({"TransactionID": "t-1", "MessageID": "m-1"})
ACCOUNT: dict[str, Any] = {"api_key": "s3cret", "from_email": "desk@example.com"}
TO = "ada@example.com"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(default=TAKEN) as running:
        yield running


@pytest.fixture
async def elastic(server: ScriptedServer) -> AsyncIterator[ElasticEmailProvider]:
    config = ElasticEmailConfig(
        **ACCOUNT, from_name='The "Desk" <1>', base_url=f"{server.url}/v4/"
    )
    provider = ElasticEmailProvider(config)
    yield provider
    await provider.close()


async def test_a_text(server: ScriptedServer, elastic: ElasticEmailProvider) -> None:
    result = await elastic.send(
        example_event(TextContent(body="Grüße 👋")), TO, subject="Ihr Fahrrad"
    )
    assert result.success
    assert result.provider_message_id == "m-1"
    assert result.metadata["transaction_id"] == "t-1"
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v4/emails/transactional")
    assert request.headers["x-elasticemail-apikey"] == "s3cret"
    body = request.json()
    headers = body["Content"].pop("Headers")
    assert body == {
        "Recipients": {"To": [TO]},
        "Content": {
            "From": "The Desk 1 <desk@example.com>",
            "Subject": "Ihr Fahrrad",
            "Body": [{"ContentType": "PlainText", "Content": "Grüße 👋", "Charset": "utf-8"}],
        },
        "Options": {},
    }
    assert headers["Message-ID"] == result.metadata["message_id"]


async def test_everything_at_once(server: ScriptedServer) -> None:
    config = ElasticEmailConfig(
        **ACCOUNT,
        reply_to="in@example.com",
        track_opens=False,
        track_clicks=True,
        base_url=server.url,
    )
    provider = ElasticEmailProvider(config)
    picture = base64.b64encode(b"\x89PNG").decode()
    content = CompositeContent(
        parts=[
            RichContent(body="<b>Ready</b>", format="html"),
            MediaContent(
                url=f"data:image/png;base64,{picture}", mime_type="image/png", filename="a.png"
            ),
        ]
    )
    await provider.send(example_event(content), TO, in_reply_to="<1@x>")
    await provider.close()
    body = server.requests[0].json()
    assert body["Options"] == {"TrackOpens": False, "TrackClicks": True}
    written = body["Content"]
    assert written["From"] == "desk@example.com"
    assert written["ReplyTo"] == "in@example.com"
    assert [part["ContentType"] for part in written["Body"]] == ["HTML", "PlainText"]
    assert written["Headers"]["In-Reply-To"] == "<1@x>"
    assert written["Attachments"] == [
        {"BinaryContent": picture, "Name": "a.png", "ContentType": "image/png"}
    ]


@pytest.mark.parametrize(
    ("status", "words", "code", "retryable"),
    [
        (400, "APIKey Expired", "unauthorized", False),
        (400, "Access Denied.", "unauthorized", False),
        (400, f"{TO} is not a verified sender", "rejected", False),
        (404, "not found", "not_found", False),
        (412, "Too many contacts for current billing plan.", "http_412", False),
        (413, "You cannot provide more than 50 transactional recipients", "too_large", False),
        (429, "slow down", "rate_limited", True),
        (500, "oops", "unavailable", True),
        (400, None, "rejected", False),
        (400, {}, "rejected", False),
    ],
)
async def test_refusals(
    server: ScriptedServer,
    elastic: ElasticEmailProvider,
    status: int,
    words: Any,
    code: str,
    retryable: bool,
) -> None:
    server.reply(status=status, json={"Error": words})
    result = await elastic.send(example_event(), TO)
    assert (result.success, result.error_code, result.retryable) == (False, code, retryable)
    assert result.error is not None
    assert TO not in result.error


async def test_an_answer_with_one_of_the_ids(
    server: ScriptedServer, elastic: ElasticEmailProvider
) -> None:
    server.reply(json={"TransactionID": "t-9"})
    assert (await elastic.send(example_event(), TO)).provider_message_id == "t-9"


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'roomkit\[elasticemail\]'"):
        ElasticEmailProvider(ElasticEmailConfig(**ACCOUNT))


@pytest.mark.parametrize(
    "settings",
    [
        {"from_email": "desk@example.com"},
        {"api_key": "", "from_email": "desk@example.com"},
        {**ACCOUNT, "webhook_token": ""},
        {**ACCOUNT, "max_concurrency": 0},
        {**ACCOUNT, "fromname": "x"},
    ],
)
def test_a_configuration_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ElasticEmailConfig") as caught:
        ElasticEmailConfig(**settings)
    assert "s3cret" not in str(caught.value)


def test_a_configuration_keeps_its_secrets() -> None:
    config = ElasticEmailConfig(**ACCOUNT, webhook_token="t0ken")
    shown = f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    assert "s3cret" not in shown
    assert "t0ken" not in shown
