"""The parsers that phone vendors' webhooks are handed to one at a time: a message, or None."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

from roomkit.models.delivery import InboundMessage
from roomkit.providers.sinch import parse_sinch_webhook
from roomkit.providers.telnyx import parse_telnyx_rcs_webhook, parse_telnyx_webhook
from roomkit.providers.twilio import parse_twilio_rcs_webhook, parse_twilio_webhook
from tests.wire import test_sinch_webhooks as from_sinch
from tests.wire import test_telnyx_webhooks as from_telnyx
from tests.wire import test_twilio_rcs as from_twilio_rcs
from tests.wire import test_twilio_webhooks as from_twilio
from tests.wire.malformed import anything, names_in, with_one_thing_wrong

type Payload = dict[str, Any]

WORDS = "The door code is 4711"
SENDER = "+15559876543"


class Vendor(NamedTuple):
    """A parser and what its vendor sends."""

    parse: Callable[[Any, str], InboundMessage | None]
    message: Payload
    nobodys: Payload
    """The message without its sender."""
    report: Payload
    other: Payload
    """An event that is neither a message nor a report."""


def twilio_like(parse: Any, real: Payload, sender: str) -> Vendor:
    message = {**real, "From": sender, "Body": WORDS}
    return Vendor(
        parse,
        message=message,
        nobodys={**message, "From": " "},
        report={
            "MessageSid": "SM9",
            "MessageStatus": "delivered",
            "From": "+15550000000",
            "To": sender,
        },
        other={"AccountSid": "AC1", "EventType": "onConversationAdded"},
    )


def telnyx_like(parse: Any, real: Payload, **words: Any) -> Vendor:
    message = from_telnyx.having(real, **{"from": {"phone_number": SENDER}}, **words)
    return Vendor(
        parse,
        message=message,
        nobodys=from_telnyx.having(message, **{"from": {"carrier": "T-Mobile USA"}}),
        report=from_telnyx.REPORT,
        other={"data": {"event_type": "call.initiated", "payload": {"from": SENDER}}},
    )


FROM_ADA = {**from_sinch.MESSAGE, "from": SENDER, "body": WORDS}
VENDORS = {
    "twilio": twilio_like(parse_twilio_webhook, from_twilio.MESSAGE, SENDER),
    "twilio rcs": twilio_like(parse_twilio_rcs_webhook, from_twilio_rcs.MESSAGE, f"rcs:{SENDER}"),
    "telnyx": telnyx_like(parse_telnyx_webhook, from_telnyx.MESSAGE, text=WORDS),
    "telnyx rcs": telnyx_like(parse_telnyx_rcs_webhook, from_telnyx.RCS, body={"text": WORDS}),
    "sinch": Vendor(
        parse_sinch_webhook,
        message=FROM_ADA,
        nobodys={name: value for name, value in FROM_ADA.items() if name != "from"},
        report=from_sinch.RECIPIENT_REPORT,
        other={"type": "mt_something", "from": SENDER},
    ),
}
every_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=list(VENDORS))
ANYTHING = anything(sorted(names_in([vendor.message for vendor in VENDORS.values()])))


@pytest.fixture(autouse=True)
def warned(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the parsers warn of, in which there is nothing of a message."""
    caplog.set_level(logging.WARNING, logger="roomkit")
    return caplog


def says_nothing_of_the_content(warned: pytest.LogCaptureFixture) -> bool:
    return not any(told in warned.text for told in (WORDS, SENDER, SENDER.removeprefix("+")))


@every_vendor
def test_a_message(vendor: Vendor, warned: pytest.LogCaptureFixture) -> None:
    message = vendor.parse(vendor.message, "phone")
    assert message is not None
    assert (message.channel_id, message.sender_id) == ("phone", SENDER)
    assert message.content.model_dump()["body"] == WORDS
    assert not warned.records


@every_vendor
def test_a_report_and_another_event_carry_none(
    vendor: Vendor, warned: pytest.LogCaptureFixture
) -> None:
    assert vendor.parse(vendor.report, "phone") is None
    assert vendor.parse(vendor.other, "phone") is None
    assert not warned.records


def test_a_report_about_a_batch_carries_none(warned: pytest.LogCaptureFixture) -> None:
    assert parse_sinch_webhook(from_sinch.BATCH_REPORT, "phone") is None
    assert parse_sinch_webhook({**from_sinch.BATCH_REPORT, "statuses": [None]}, "phone") is None
    assert not warned.records


@every_vendor
@pytest.mark.parametrize("payload", [{}, None, [], "", "text", b"{}", 7, True, [{}], {"": None}])
def test_nothing_to_read(vendor: Vendor, payload: Any) -> None:
    assert vendor.parse(payload, "phone") is None


@every_vendor
def test_a_message_from_nobody_is_left_out_with_a_warning(
    vendor: Vendor, warned: pytest.LogCaptureFixture
) -> None:
    assert vendor.parse(vendor.nobodys, "phone") is None
    (record,) = warned.records
    assert record.levelname == "WARNING"
    assert "no sender" in record.getMessage()
    assert says_nothing_of_the_content(warned)


def test_a_prefix_is_no_sender(warned: pytest.LogCaptureFixture) -> None:
    assert parse_twilio_rcs_webhook({**from_twilio_rcs.MESSAGE, "From": "rcs:"}, "rcs") is None
    assert "no sender" in warned.text


@every_vendor
def test_one_thing_wrong_wherever_it_is(vendor: Vendor, warned: pytest.LogCaptureFixture) -> None:
    for real in (vendor.message, vendor.report, vendor.other):
        for payload in with_one_thing_wrong(real):
            message = vendor.parse(payload, "phone")
            assert message is None or message.sender_id
    assert says_nothing_of_the_content(warned)


@settings(max_examples=40)
@given(junk=ANYTHING)
@every_vendor
def test_the_same_junk_in_every_field(vendor: Vendor, junk: Any) -> None:
    message = vendor.parse(filled(vendor.message, junk), "phone")
    assert message is None or message.sender_id


def filled(real: Any, junk: Any) -> Any:
    """The payload with its shape and with junk for each value."""
    if isinstance(real, dict) and real:
        return {name: filled(value, junk) for name, value in real.items()}
    if isinstance(real, list) and real:
        return [filled(value, junk) for value in real]
    return junk


def test_of_the_wrong_vendor() -> None:
    """A webhook that comes to another vendor's address is nobody's message."""
    assert parse_telnyx_webhook(FROM_ADA, "phone") is None
    assert parse_sinch_webhook(from_telnyx.MESSAGE, "phone") is None
    assert parse_twilio_webhook(from_telnyx.MESSAGE, "phone") is None
