"""The signature of SendGrid's webhooks.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
and, for mail that comes in,
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks:
the base64 of an ECDSA signature, with SHA-256, over the time of the request followed by its body.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from roomkit._lazy import require

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
TOLERANCE_SECONDS = 300.0
"""How far a signature's time may be from ours, in either direction."""

# The extra whose dependencies hold the package `cryptography`.
_EXTRA = "sendgrid"
_ECDSA = "cryptography.hazmat.primitives.asymmetric.ec"


class SendGridVerifier:
    """Checks signatures with the keys of an account's webhooks.

    Args:
        public_keys: as SendGrid shows them (base64 of DER) or as PEM; a signature by any will do.

    Raises:
        ValueError: one is no public key of an elliptic curve.
        MissingDependencyError: the package `cryptography` is not installed.
    """

    def __init__(
        self, public_keys: Iterable[str], *, tolerance: float = TOLERANCE_SECONDS
    ) -> None:
        self._ec: Any = require(_ECDSA, extra=_EXTRA, feature="SendGridVerifier")
        self._hashes: Any = _part("hashes")
        self._failure: type[Exception] = require(
            "cryptography.exceptions", extra=_EXTRA, feature="SendGridVerifier"
        ).InvalidSignature
        self._keys = [self._load(key) for key in public_keys]
        self._tolerance = tolerance

    def verify(
        self, body: bytes | str, signature: str | None, timestamp: str | None, now: datetime
    ) -> bool:
        """Whether SendGrid made a request just now. Never raises: what cannot be read is False.

        Args:
            body: the raw body.
            signature: the value of the `SIGNATURE_HEADER`.
            timestamp: the value of the `TIMESTAMP_HEADER`.
        """
        try:
            raw = body.encode() if isinstance(body, str) else bytes(memoryview(body))
            if not signature or not timestamp or not self._is_recent(timestamp, now):
                return False
            signed = timestamp.encode() + raw
            given = base64.b64decode(signature, validate=True)
        except (TypeError, ValueError, AttributeError):
            return False
        return any([self._fits(key, given, signed) for key in self._keys])

    def _is_recent(self, timestamp: str, now: datetime) -> bool:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        return abs(now.timestamp() - int(timestamp)) <= self._tolerance

    def _fits(self, key: Any, given: bytes, signed: bytes) -> bool:
        try:
            key.verify(given, signed, self._ec.ECDSA(self._hashes.SHA256()))
        except (self._failure, ValueError):
            return False
        return True

    def _load(self, text: str) -> Any:
        serialization = _part("serialization")
        try:
            if "-----BEGIN" in text:
                key = serialization.load_pem_public_key(text.strip().encode())
            else:
                der = base64.b64decode("".join(text.split()), validate=True)
                key = serialization.load_der_public_key(der)
        except (ValueError, TypeError, binascii.Error) as error:
            raise ValueError("not a public key: copy it from SendGrid's settings") from error
        if not isinstance(key, self._ec.EllipticCurvePublicKey):
            raise ValueError("not a public key of an elliptic curve")
        return key


def _part(name: str) -> Any:
    module = f"cryptography.hazmat.primitives.{name}"
    return require(module, extra=_EXTRA, feature="SendGridVerifier")


def verify_sendgrid_signature(
    public_key: str,
    body: bytes | str,
    signature: str | None,
    timestamp: str | None,
    *,
    now: datetime,
    tolerance: float = TOLERANCE_SECONDS,
) -> bool:
    """Whether SendGrid made a request; see `SendGridVerifier`. Never raises.

    A key that is none makes every answer False. To check many requests, keep a `SendGridVerifier`.
    """
    try:
        verifier = SendGridVerifier([public_key], tolerance=tolerance)
    except (ValueError, TypeError, AttributeError):
        return False
    return verifier.verify(body, signature, timestamp, now)
