"""Errors travel: between processes, and into what keeps a copy of them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from roomkit import errors

ERRORS = [
    errors.RoomKitError("words"),
    errors.RoomNotFoundError("r"),
    errors.RoomClosedError("r", "archived"),
    errors.ChannelNotFoundError("r", "sms"),
    errors.ChannelNotRegisteredError("sms"),
    errors.ParticipantNotFoundError("r", "ada"),
    errors.IdentityNotFoundError("ada"),
    errors.EventNotFoundError("r", "e"),
    errors.EventExistsError("e"),
    errors.TaskNotFoundError("t"),
    errors.SourceAlreadyAttachedError("sms"),
    errors.SourceNotFoundError("sms"),
    errors.VoiceNotConfiguredError("stt"),
    errors.VoiceBackendNotConfiguredError("voice"),
    errors.KitClosedError(),
    errors.WebhookError("words"),
    errors.DeliveryError("words", code="timeout", retryable=True, retry_after=2.5),
    errors.ProviderError("words", provider="twilio", status_code=400, vendor_code="21610"),
    errors.MissingDependencyError("TwilioSMSProvider", "twilio"),
]
every_error = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)


def test_none_is_left_out() -> None:
    public = {
        kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type)
        and issubclass(kind, errors.RoomKitError)
        and not name.startswith("_")
    }
    assert {type(error) for error in ERRORS} == public


@every_error
@pytest.mark.parametrize("by", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_says_the_same(error: errors.RoomKitError, by: Callable[[Any], Any]) -> None:
    again = by(error)
    assert type(again) is type(error)
    assert (str(again), again.args) == (str(error), error.args)
    assert vars(again) == vars(error)
    assert again.retryable == error.retryable
