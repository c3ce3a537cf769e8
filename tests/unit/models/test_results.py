"""What hooks and identity hooks decide, and what becomes of messages."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from roomkit.models.channel import ChannelOutput
from roomkit.models.content import CompositeContent, EventContent, MediaContent
from roomkit.models.delivery import (
    DeliveryResult,
    DeliveryStatus,
    InboundMessage,
    InboundResult,
    WebhookMeta,
)
from roomkit.models.enums import EventType, IdentificationStatus
from roomkit.models.event import SystemContent, TextContent
from roomkit.models.hook import HookResult, InjectedEvent
from roomkit.models.identity import Identity, IdentityHookResult, IdentityResult
from roomkit.models.task import Observation, Task
from tests.helpers import make_event

EVENT = make_event()
INJECTED = InjectedEvent(content=TextContent(body="One moment."))
EXTRAS: dict[str, Any] = {
    "injected_events": [INJECTED],
    "tasks": [Task(title="call back")],
    "observations": [Observation(category="mood")],
}
ADA = Identity(id="ada")


@pytest.mark.parametrize("extras", [{}, EXTRAS], ids=["plain", "with extras"])
def test_the_short_forms_equal_the_long_ones(extras: dict[str, Any]) -> None:
    assert HookResult.allow(**extras) == HookResult(action="allow", **extras)
    blocked = HookResult(action="block", reason="rude", **extras)
    assert HookResult.block("rude", **extras) == blocked
    assert HookResult.modify(EVENT, **extras) == HookResult(action="modify", event=EVENT, **extras)


def test_the_plain_permission_is_one_object() -> None:
    assert HookResult.allow() is HookResult.allow()
    assert HookResult.allow() == HookResult()


def test_a_block_has_a_reason_in_any_case() -> None:
    assert HookResult.block().reason == "blocked"


def test_a_change_needs_the_changed_event() -> None:
    with pytest.raises(ValidationError, match="needs the changed event"):
        HookResult(action="modify")


def test_there_is_no_fourth_decision() -> None:
    with pytest.raises(ValidationError):
        HookResult.model_validate({"action": "postpone"})


def test_an_injected_message_goes_back_to_the_sender() -> None:
    assert INJECTED.target_channel_ids == []
    assert INJECTED.event_type is EventType.MESSAGE


def test_a_sender_who_is_known_is_identified() -> None:
    verdict = IdentityHookResult.resolved(ADA)
    assert (verdict.status, verdict.identity) == (IdentificationStatus.IDENTIFIED, ADA)


def test_a_sender_may_stay_pending_with_candidates() -> None:
    assert IdentityHookResult.pending().candidates == []
    verdict = IdentityHookResult.pending(candidates=[ADA])
    assert (verdict.status, verdict.candidates) == (IdentificationStatus.PENDING, [ADA])


def test_a_sender_may_be_rejected() -> None:
    verdict = IdentityHookResult.reject("unknown")
    assert (verdict.status, verdict.reason) == (IdentificationStatus.REJECTED, "unknown")
    assert IdentityHookResult.reject().reason == "identity_rejected"


@pytest.mark.parametrize(
    "verdict",
    [
        IdentityHookResult.challenge(INJECTED),
        IdentityHookResult.challenge(inject=INJECTED),
        IdentityHookResult.challenge([INJECTED]),
        IdentityHookResult.challenge(injected_events=[INJECTED]),
    ],
)
def test_a_challenge_is_given_in_any_of_the_documented_forms(verdict: IdentityHookResult) -> None:
    assert verdict.status is IdentificationStatus.CHALLENGE_SENT
    assert verdict.injected_events == [INJECTED]
    assert verdict.reason == "identity_challenge"


def test_both_forms_of_a_challenge_add_up() -> None:
    verdict = IdentityHookResult.challenge(INJECTED, injected_events=[INJECTED], reason="who?")
    assert len(verdict.injected_events) == 2
    assert verdict.reason == "who?"
    assert IdentityHookResult.challenge().injected_events == []


def test_a_resolver_needs_to_say_only_how_sure_it_is() -> None:
    result = IdentityResult(status=IdentificationStatus.UNKNOWN)
    assert (result.identity, result.candidates) == (None, [])


def test_a_message_needs_three_things() -> None:
    message = InboundMessage(channel_id="a", sender_id="u", content=TextContent(body="x"))
    assert (message.idempotency_key, message.provider_message_id) == (None, None)
    assert message.metadata == {}


def test_a_result_tells_what_was_not_delivered() -> None:
    sent = DeliveryResult(channel_id="a", success=True)
    failed = DeliveryResult(channel_id="b", success=False, error="no such number")
    silent = DeliveryResult(channel_id="c", success=False)
    result = InboundResult(delivery_results={"a": sent, "b": failed, "c": silent})
    assert result.delivery_errors == {"b": "no such number", "c": "failed"}


def test_a_result_knows_its_room_once_something_was_stored() -> None:
    assert InboundResult().room_id is None
    assert InboundResult(event=EVENT).room_id == EVENT.room_id


def test_a_channel_with_nothing_to_say_says_it_with_one_object() -> None:
    assert ChannelOutput.empty() is ChannelOutput.empty()
    assert ChannelOutput.empty() == ChannelOutput()
    assert ChannelOutput(response_events=[EVENT]).response_events == [EVENT]


def test_a_webhook_becomes_a_message_of_the_channel() -> None:
    message = InboundMessage(channel_id="", sender_id="u", content=TextContent(body="x"))
    meta = WebhookMeta(provider="acme", message=message)
    assert meta.to_inbound(channel_id="sms").channel_id == "sms"
    assert (meta.is_inbound, meta.is_status) == (True, False)


PHOTO = MediaContent(url="https://files.example/1.jpg", mime_type="image/jpeg")
FILE = MediaContent(url="https://files.example/1", mime_type="application/octet-stream")


@pytest.mark.parametrize(
    ("files", "body", "content"),
    [
        ([], "Hi", TextContent(body="Hi")),
        ([], "", TextContent(body="")),
        ([{"url": PHOTO.url, "mime_type": PHOTO.mime_type}], "", PHOTO),
        ([{"size": "2"}, {"url": FILE.url}], "", FILE),
        ([{"url": FILE.url}], "Hi", CompositeContent(parts=[TextContent(body="Hi"), FILE])),
    ],
)
def test_a_webhook_filled_in_by_hand_has_a_message_too(
    files: list[dict[str, str]], body: str, content: EventContent
) -> None:
    meta = WebhookMeta(
        provider="acme", sender="+15551234567", body=body, external_id="m-1", media_urls=files
    )
    assert meta.to_inbound(channel_id="sms") == InboundMessage(
        channel_id="sms", sender_id="+15551234567", content=content, provider_message_id="m-1"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "+15551234567", "event_type": "ping"},
        {
            "sender": "+15551234567",
            "status": DeliveryStatus(provider="acme", message_id="m-1", status="sent"),
        },
        {"body": "Nobody said this"},
    ],
    ids=["another event", "report", "no sender"],
)
def test_a_webhook_in_which_nobody_wrote_has_none(fields: dict[str, Any]) -> None:
    meta = WebhookMeta(provider="acme", **fields)
    with pytest.raises(ValueError, match="acme webhook carries no message"):
        meta.to_inbound("sms")
    assert not (meta.is_inbound and meta.is_status)


@pytest.mark.parametrize("confidence", [-0.1, 1.5])
def test_confidence_goes_from_zero_to_one(confidence: float) -> None:
    with pytest.raises(ValidationError):
        Observation(category="mood", confidence=confidence)


def test_the_data_of_an_event_are_those_of_its_content_if_it_is_a_notice() -> None:
    notice = make_event(content=SystemContent(body="x", data={"error": "e"}), metadata={"m": 1})
    assert notice.data == {"error": "e"}
    assert make_event(metadata={"m": 1}).data == {"m": 1}
