"""The two signatures of Sinch's webhooks.

Today's SMS webhooks carry an HMAC-SHA256 in base64, over the body, a nonce and a time, all three
of which have headers of their own (https://developers.sinch.com/docs/conversation/callbacks and
the SMS part of Sinch's own libraries). The older scheme, which Sinch still describes for events
about numbers, is an HMAC-SHA1 in hex over the body alone
(https://developers.sinch.com/docs/numbers). It has no time in it, so a captured request stays
valid; processing it again is harmless, because a message's id is also its idempotency key.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

from roomkit._clock import Clock

SIGNATURE_HEADER = "x-sinch-webhook-signature"
NONCE_HEADER = "x-sinch-webhook-signature-nonce"
TIMESTAMP_HEADER = "x-sinch-webhook-signature-timestamp"
OLD_SIGNATURE_HEADER = "x-sinch-signature"
TOLERANCE_SECONDS = 300
"""How far a webhook's time may be from ours, in either direction."""


def verify_sinch_signature(
    secret: str,
    payload: bytes | str,
    signature: str | None,
    *,
    nonce: str | None = None,
    timestamp: str | None = None,
    clock: Clock,
) -> bool:
    """Whether Sinch signed this body. Never raises: what cannot be read is False.

    With a nonce and a time it is today's scheme and must be no older than five minutes, without
    either the older one.
    """
    try:
        body = payload.encode() if isinstance(payload, str) else bytes(memoryview(payload))
        if not secret or not signature:
            return False
        if nonce is None and timestamp is None:
            expected = hmac.digest(secret.encode(), body, "sha1").hex()
            return hmac.compare_digest(expected.encode(), signature.lower().encode())
        if not (nonce and timestamp and _is_recent(timestamp, clock)):
            return False
        signed = b".".join([body, nonce.encode(), timestamp.encode()])
        digest = hmac.digest(secret.encode(), signed, "sha256")
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())
    except (TypeError, ValueError, AttributeError):
        return False


def verify_sinch_headers(
    secret: str, payload: bytes, headers: Mapping[str, str], clock: Clock
) -> bool:
    """Whether a request with these headers, their names in lower case, is signed either way."""
    signature = headers.get(SIGNATURE_HEADER)
    if signature is None:
        return verify_sinch_signature(
            secret, payload, headers.get(OLD_SIGNATURE_HEADER), clock=clock
        )
    # Not None: a signature of today's scheme without its time must not pass as one of the older.
    return verify_sinch_signature(
        secret,
        payload,
        signature,
        nonce=headers.get(NONCE_HEADER, ""),
        timestamp=headers.get(TIMESTAMP_HEADER, ""),
        clock=clock,
    )


def _is_recent(timestamp: str, clock: Clock) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(clock.now().timestamp() - int(timestamp)) <= TOLERANCE_SECONDS
