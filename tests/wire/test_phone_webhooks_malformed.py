"""Whatever comes in, the readers of phone vendors' webhooks understand it or refuse it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomkit.errors import WebhookError
from roomkit.models.content import CompositeContent, EventContent, MediaContent
from roomkit.models.delivery import InboundMessage, WebhookMeta
from roomkit.providers.base import TransportProvider
from roomkit.providers.sinch import SinchConfig, SinchSMSProvider, parse_sinch_webhook
from roomkit.providers.sms import extract_sms_meta
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxSMSProvider,
    parse_telnyx_rcs_webhook,
    parse_telnyx_webhook,
)
from roomkit.providers.twilio import (
    TwilioConfig,
    TwilioSMSProvider,
    parse_twilio_rcs_webhook,
    parse_twilio_webhook,
)
from roomkit.providers.voicemeup import (
    VoiceMeUpConfig,
    VoiceMeUpSMSProvider,
    parse_voicemeup_webhook,
)
from tests.wire import test_sinch_webhooks as from_sinch
from tests.wire import test_telnyx_webhooks as from_telnyx
from tests.wire import test_twilio_rcs as from_twilio
from tests.wire import test_voicemeup as from_voicemeup
from tests.wire.malformed import anything, mutated, names_in, with_one_thing_wrong

type Parser = Callable[[Any, str], InboundMessage | None]

SHOP = "+15550000000"
# Not that of other tests: `parse_voicemeup_webhook` remembers what it has seen of a channel.
CHANNEL = "malformed"
PROVIDERS: dict[str, TransportProvider] = {
    "twilio": TwilioSMSProvider(
        TwilioConfig(account_sid="AC1", auth_token="s3cret", from_number=SHOP)
    ),
    "telnyx": TelnyxSMSProvider(TelnyxConfig(api_key="KEY1", from_number=SHOP)),
    "sinch": SinchSMSProvider(
        SinchConfig(service_plan_id="p", api_token="s3cret", from_number=SHOP)
    ),
    "voicemeup": VoiceMeUpSMSProvider(
        VoiceMeUpConfig(username="ada", auth_token="s3cret", from_number=SHOP)
    ),
}
PARSERS: dict[str, list[Parser]] = {
    "twilio": [parse_twilio_webhook, parse_twilio_rcs_webhook],
    "telnyx": [parse_telnyx_webhook, parse_telnyx_rcs_webhook],
    "sinch": [parse_sinch_webhook],
    "voicemeup": [parse_voicemeup_webhook],
}
REAL: dict[str, list[dict[str, Any]]] = {
    "twilio": [
        {**from_twilio.MESSAGE, "MediaUrl0": "https://x.example/0", "Latitude": "1"},
        {"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": "30003"},
    ],
    "telnyx": [
        from_telnyx.having(from_telnyx.MESSAGE, media=[{"url": "https://x.example/0"}]),
        from_telnyx.REPORT,
        from_telnyx.having(
            from_telnyx.RCS,
            body={
                "text": "x",
                "location": {"latitude": 1, "longitude": 2},
                "user_file": {"payload": {"file_uri": "https://x.example/0"}},
                "suggestion_response": {"text": "x", "postback_data": "y"},
            },
        ),
    ],
    "sinch": [
        from_sinch.MESSAGE,
        from_sinch.MMS,
        from_sinch.RECIPIENT_REPORT,
        from_sinch.BATCH_REPORT,
    ],
    "voicemeup": [
        {**from_voicemeup.MESSAGE, "file": "https://x.example/0.html", "file_type": "text/html"},
        {**from_voicemeup.MESSAGE, "files": ["https://x.example/0.png"], "status": "received"},
        {"sms_hash": "h-1", "status": "delivered"},
    ],
}
VENDORS = sorted(REAL)


ANYTHING = anything(sorted(names_in([*REAL.values()])))


def check(vendor: str, payload: Any) -> None:
    """The payload is understood everywhere, or refused everywhere; parsers find what is in it."""
    before = copy.deepcopy(payload)
    metas = understood(vendor, payload)
    for meta in metas:
        assert WebhookMeta.model_validate_json(meta.model_dump_json()) == meta
        assert meta.is_status or meta.message is None or meta.to_inbound("sms").sender_id
    carries = bool(metas) and metas[0].message is not None
    for parse in PARSERS[vendor]:
        message = parse(payload, CHANNEL)
        assert message is None or message.channel_id == CHANNEL
        # The first half of a picture message is VoiceMeUp's alone.
        assert (message is not None) == carries or vendor == "voicemeup"
    assert payload == before


def understood(vendor: str, payload: Any) -> list[WebhookMeta]:
    """What `extract_sms_meta` and then the provider say; nothing if both refuse it."""
    try:
        metas = PROVIDERS[vendor].parse_webhook(payload)
    except WebhookError:
        with pytest.raises(WebhookError):
            extract_sms_meta(vendor, payload)
        return []
    return [extract_sms_meta(vendor, payload), *metas]


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
        check(vendor, payload)


@pytest.mark.parametrize("vendor", VENDORS)
def test_nesting_without_end(vendor: str) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"data": [deep]}
    for payload in REAL[vendor]:
        assert PROVIDERS[vendor].parse_webhook({**payload, "more": deep}) is not None


def files_of(content: EventContent) -> list[str]:
    parts = content.parts if isinstance(content, CompositeContent) else [content]
    return [part.url for part in parts if isinstance(part, MediaContent)]


def with_media(vendor: str, items: list[Any]) -> Mapping[str, Any]:
    if vendor == "telnyx":
        return from_telnyx.having(from_telnyx.MESSAGE, media=items)
    return {**from_sinch.MMS, "body": {"message": "x", "media": items}}


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
@pytest.mark.parametrize("vendor", ["sinch", "telnyx"])
def test_good_files_survive_bad_ones(vendor: str, junk: list[Any], place: int) -> None:
    good = {"url": "https://x.example/good.png", "content_type": "image/png"}
    payload = with_media(vendor, [*junk[:place], good, *junk[place:]])
    message = PARSERS[vendor][0](payload, "sms")
    assert message is not None
    assert "https://x.example/good.png" in files_of(message.content)


@settings(max_examples=40)
@given(junk=st.lists(ANYTHING, max_size=4), place=st.integers(0, 4))
def test_good_reports_survive_bad_ones(junk: list[Any], place: int) -> None:
    good = {"phone_number": "+15551234567", "status": "delivered"}
    report = from_telnyx.having(from_telnyx.REPORT, to=[*junk[:place], good, *junk[place:]])
    outcomes = {"code": 0, "recipients": ["15551234567"], "status": "Delivered"}
    batch = {**from_sinch.BATCH_REPORT, "statuses": [*junk[:place], outcomes, *junk[place:]]}
    for vendor, payload in (("telnyx", report), ("sinch", batch)):
        found = [meta.status for meta in PROVIDERS[vendor].parse_webhook(payload)]
        assert ("+15551234567", "delivered") in [
            (status.recipient, status.status) for status in found if status is not None
        ]
