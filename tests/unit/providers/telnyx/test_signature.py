"""Signatures of Telnyx, computed by another library than the one that checks them."""

from __future__ import annotations

import base64
import inspect
import sys
from datetime import UTC, datetime
from typing import Any

import nacl.exceptions
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from roomkit.errors import MissingDependencyError
from roomkit.providers.base import WebhookRequest
from roomkit.providers.telnyx import (
    TelnyxConfig,
    TelnyxRCSConfig,
    TelnyxRCSProvider,
    TelnyxSMSProvider,
)
from roomkit.testing.clock import VirtualClock

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))
BODY = '{"data":{"event_type":"message.received","text":"Grüße 👋"}}'.encode()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
CONFIG = TelnyxConfig(api_key="KEY1", from_number="+15550000000")


def signed(body: bytes = BODY, moment: str = MOMENT) -> str:
    return base64.b64encode(KEY.sign(f"{moment}|".encode() + body)).decode()


def telnyx(public_key: str | None = PUBLIC) -> TelnyxSMSProvider:
    return TelnyxSMSProvider(CONFIG, public_key, clock=VirtualClock(start=NOW))


def test_a_vector_of_the_standard() -> None:
    """RFC 8032, section 7.1, test 1: the key that signs is the one that it says."""
    key = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_what_telnyx_signed_is_genuine() -> None:
    for body in (BODY, BODY.decode()):
        assert telnyx().verify_signature(payload=body, signature=signed(), timestamp=MOMENT)


def test_both_kinds_of_provider_check_webhooks() -> None:
    headers = {"telnyx-signature-ed25519": signed(), "telnyx-timestamp": MOMENT}
    request = WebhookRequest(url="https://example.com", headers=headers, body=BODY)
    config = TelnyxRCSConfig(api_key="KEY1", agent_id="agent")
    rcs = TelnyxRCSProvider(config, PUBLIC, clock=VirtualClock(start=NOW))
    for provider in (telnyx(), rcs):
        assert provider.verifies_webhooks
        assert provider.verify_webhook(request)
        changed = WebhookRequest(url=request.url, headers=headers, body=BODY + b" ")
        assert not provider.verify_webhook(changed)
        assert not provider.verify_webhook(WebhookRequest(url=request.url, body=BODY))


@pytest.mark.parametrize("seconds", [-301, 301, 10 * 60, -3600])
def test_what_is_old_or_from_the_future_is_refused(seconds: int) -> None:
    moment = str(int(NOW.timestamp()) + seconds)
    assert not telnyx().verify_signature(BODY, signed(moment=moment), moment)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    moment = str(int(NOW.timestamp()) + seconds)
    assert telnyx().verify_signature(BODY, signed(moment=moment), moment)


def test_anything_that_was_changed_is_refused() -> None:
    other = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    later = str(int(MOMENT) + 1)
    assert not telnyx().verify_signature(BODY + b" ", signed(), MOMENT)
    assert not telnyx().verify_signature(BODY, signed(), later)
    assert not telnyx().verify_signature(BODY, signed()[:-4], MOMENT)
    assert not telnyx().verify_signature(BODY, signed() + "AAAA", MOMENT)
    assert not telnyx(other.decode()).verify_signature(BODY, signed(), MOMENT)


@pytest.mark.parametrize("signature", [None, "", "é", "\ud800", 7, b"x", [], "AAAA", "=" * 9])
def test_a_signature_that_is_none_is_refused(signature: Any) -> None:
    assert telnyx().verify_signature(BODY, signature, MOMENT) is False


@pytest.mark.parametrize("moment", [None, "", "now", "٣", "-5", "1e9", "9" * 99, 5, b"1", []])
def test_a_time_that_is_none_is_refused(moment: Any) -> None:
    assert telnyx().verify_signature(BODY, signed(), moment) is False


ANY_TEXT = st.text(st.characters())


@given(st.binary() | ANY_TEXT | st.none(), ANY_TEXT, ANY_TEXT | st.just(MOMENT))
def test_nothing_makes_it_raise(payload: Any, signature: str, moment: str) -> None:
    assert telnyx().verify_signature(payload, signature, moment) is False


def test_without_a_key_nothing_can_be_verified() -> None:
    provider = telnyx(None)
    assert not provider.verifies_webhooks
    assert not provider.verify_webhook(WebhookRequest(url="https://example.com"))
    with pytest.raises(ValueError, match="TelnyxSMSProvider needs public_key"):
        provider.verify_signature(BODY, signed(), MOMENT)


@pytest.mark.parametrize("key", ["", "AAAA", "not base64!", "é", PUBLIC + "AAAA"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(ValueError, match="not an Ed25519 key"):
        telnyx(key)


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.signing", None)
    monkeypatch.setitem(sys.modules, "nacl", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'roomkit\[pynacl\]'"):
        telnyx()
    telnyx(None)


def test_every_exception_of_pynacl_counts_as_doubt() -> None:
    members = vars(nacl.exceptions).values()
    failures = [it for it in members if inspect.isclass(it) and issubclass(it, Exception)]
    assert failures
    assert all(issubclass(failure, nacl.exceptions.CryptoError) for failure in failures)
