"""Whatever comes in, the readers of Meta's webhooks understand it or leave it out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.errors import WebhookError
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.base import TransportProvider, WebhookRequest
from roomkit.providers.messenger import (
    FacebookMessengerProvider,
    MessengerConfig,
    parse_messenger_webhook,
)
from roomkit.providers.whatsapp import (
    WhatsAppCloudProvider,
    WhatsAppConfig,
    parse_whatsapp_webhook,
)
from tests.wire import test_messenger_webhooks as from_messenger
from tests.wire import test_whatsapp_webhooks as from_whatsapp
from tests.wire.malformed import ANY_TEXT, anything, mutated, names_in, with_one_thing_wrong

type Parser = Callable[[Any, str], list[InboundMessage]]

PARSERS: dict[str, Parser] = {
    "whatsapp": parse_whatsapp_webhook,
    "messenger": parse_messenger_webhook,
}


def providers() -> dict[str, TransportProvider]:
    """New ones: they remember who has written."""
    whatsapp = WhatsAppConfig(
        access_token="EAA", phone_number_id="106540352242922", app_secret="s", verify_token="v"
    )
    messenger = MessengerConfig(page_access_token="EAA", app_secret="s", verify_token="v")
    return {
        "whatsapp": WhatsAppCloudProvider(whatsapp),
        "messenger": FacebookMessengerProvider(messenger),
    }


def whatsapp(kind: str, **part: Any) -> dict[str, Any]:
    return {"from": "16505551234", "id": f"wamid.{kind}", "type": kind, kind: part}


REAL: dict[str, list[dict[str, Any]]] = {
    "whatsapp": [
        from_whatsapp.webhook(
            {**from_whatsapp.TEXT, "context": {"id": "w1", "forwarded": True}, "referral": {}},
            whatsapp(
                "image", id="1", mime_type="image/png", caption="x", filename="a", voice=True
            ),
            whatsapp("location", latitude=1, longitude=2, name="x", address="y"),
            whatsapp("interactive", type="button_reply", button_reply={"id": "a", "title": "b"}),
            whatsapp("reaction", message_id="w1", emoji="👍"),
            whatsapp("order", catalog_id="1", product_items=[{"quantity": 1, "item_price": 2}]),
            whatsapp("system", body="x", type="user_changed_number", wa_id="1"),
            whatsapp("edit", original_message_id="w1", message=from_whatsapp.TEXT),
            {
                **whatsapp("contacts"),
                "contacts": [{"name": {"formatted_name": "x"}, "phones": [{"phone": "1"}]}],
            },
        ),
        from_whatsapp.webhook(
            statuses=[{**from_whatsapp.STATUS, "errors": [{"code": 131047, "title": "x"}]}],
            errors=[{"code": 1}],
        ),
    ],
    "messenger": [
        from_messenger.webhook(
            from_messenger.TEXT,
            from_messenger.DELIVERY,
            from_messenger.event(
                message={
                    "mid": "m_1",
                    "reply_to": {"mid": "m_0"},
                    "attachments": [
                        from_messenger.attached("image", url="https://x.example/1", sticker_id=1),
                        from_messenger.attached("sticker", url="https://x.example/1"),
                        from_messenger.attached("location", coordinates={"lat": 1, "long": 2}),
                        from_messenger.attached("fallback", url="https://x.example", title="x"),
                    ],
                }
            ),
            from_messenger.event(postback={"mid": "m_2", "title": "x", "payload": "y"}),
            from_messenger.event(reaction={"mid": "m_1", "emoji": "x", "action": "react"}),
            from_messenger.event(message_edit={"mid": "m_1", "text": "x", "num_edit": 1}),
            from_messenger.event(read={"watermark": 1458668856253}),
        )
    ],
}
VENDORS = sorted(REAL)


NAMES = sorted(names_in([*REAL.values()]))
ANYTHING = anything(NAMES) | st.sampled_from(["text", "image", "edit", "1749416383", "💥"])


def check(vendor: str, payload: Any) -> list[WebhookMeta]:
    """The payload is read, and what was read can be stored."""
    found = PARSERS[vendor](payload, "chat")
    try:
        metas = providers()[vendor].parse_webhook(payload)
    except WebhookError:
        assert found == []
        return []
    # Fewer, if a part is about another number or page.
    assert len([meta for meta in metas if meta.message is not None]) <= len(found)
    for meta in metas:
        WebhookMeta.model_validate_json(meta.model_dump_json(exclude={"raw"}))
        assert not (meta.is_status and meta.message is not None)
    for message in found:
        assert message.sender_id
        assert message.provider_message_id
        assert InboundMessage.model_validate_json(message.model_dump_json()) == message
    return metas


@settings(max_examples=40)
@given(payload=ANYTHING)
@pytest.mark.parametrize("vendor", VENDORS)
def test_anything_at_all(vendor: str, payload: Any) -> None:
    check(vendor, payload)


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("vendor", VENDORS)
def test_real_payloads_with_something_wrong(vendor: str, data: st.DataObject) -> None:
    check(vendor, data.draw(mutated(REAL[vendor], ANYTHING)))


@pytest.mark.parametrize("vendor", VENDORS)
def test_one_thing_wrong_wherever_it_is(vendor: str) -> None:
    for real in REAL[vendor]:
        for payload in with_one_thing_wrong(real):
            check(vendor, payload)


@pytest.mark.parametrize("vendor", VENDORS)
def test_real_payloads(vendor: str) -> None:
    for payload in REAL[vendor]:
        before = copy.deepcopy(payload)
        assert check(vendor, payload)
        assert payload == before


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
def test_good_messages_survive_bad_ones(junk: list[Any], place: int) -> None:
    """Whatever stands beside them: in the list of messages, of changes and of entries."""
    good = {**from_whatsapp.TEXT, "id": "wamid.good"}
    payload = from_whatsapp.webhook(*junk[:place], good, *junk[place:])
    entry = payload["entry"][0]
    entry["changes"] = [*junk[:place], *entry["changes"], *junk[place:]]
    payload["entry"] = [*junk[:place], entry, *junk[place:]]
    ids = [message.provider_message_id for message in parse_whatsapp_webhook(payload, "wa")]
    assert "wamid.good" in ids

    text = {**from_messenger.TEXT, "message": {"mid": "m_good", "text": "x"}}
    batch = from_messenger.webhook(text)
    entry = batch["entry"][0]
    entry["messaging"] = [*junk[:place], text, *junk[place:]]
    batch["entry"] = [*junk[:place], entry, *junk[place:]]
    ids = [message.provider_message_id for message in parse_messenger_webhook(batch, "fb")]
    assert "m_good" in ids


@pytest.mark.parametrize("vendor", VENDORS)
def test_nesting_without_end(vendor: str) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"message": [deep], "edit": deep}
    for payload in REAL[vendor]:
        assert providers()[vendor].parse_webhook({**payload, "more": deep})
    message = {**from_whatsapp.TEXT, "type": "edit", "edit": {"message": deep}}
    assert len(parse_whatsapp_webhook(from_whatsapp.webhook(message), "wa")) == 1


@given(url=ANY_TEXT, signature=ANY_TEXT, body=st.binary())
@pytest.mark.parametrize("vendor", VENDORS)
def test_no_request_is_mistaken_for_metas(
    vendor: str, url: str, signature: str, body: bytes
) -> None:
    provider: Any = providers()[vendor]
    request = WebhookRequest(url=url, headers={"x-hub-signature-256": signature}, body=body)
    assert provider.verify_webhook(request) is False
    assert provider.answer_challenge(request).status == 403
