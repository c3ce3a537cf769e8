"""The signature of Telnyx's webhooks.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks: Ed25519 over the header
``telnyx-timestamp``, a ``|`` and the raw body; the signature is in ``telnyx-signature-ed25519``,
the account's public key in the portal, both in base64.
"""

from __future__ import annotations

import base64

from roomkit._clock import Clock
from roomkit._lazy import require

SIGNATURE_HEADER = "telnyx-signature-ed25519"
TIMESTAMP_HEADER = "telnyx-timestamp"
TOLERANCE_SECONDS = 300
"""How far a webhook's time may be from ours, in either direction."""

_FEATURE = "verifying Telnyx webhooks"


class TelnyxVerifier:
    """Tells Telnyx's webhooks from others.

    Args:
        public_key: the account's, as the portal shows it.

    Raises:
        ValueError: that is not a key.
        MissingDependencyError: the ``pynacl`` extra is not installed.
    """

    def __init__(self, public_key: str, clock: Clock) -> None:
        signing = require("nacl.signing", extra="pynacl", feature=_FEATURE)
        self._failure = require("nacl.exceptions", extra="pynacl", feature=_FEATURE).CryptoError
        self._clock = clock
        try:
            self._key = signing.VerifyKey(base64.b64decode(public_key, validate=True))
        except (TypeError, ValueError, self._failure):
            raise ValueError("the public key is not an Ed25519 key in base64") from None

    def verify(self, payload: bytes | str, signature: str | None, timestamp: str | None) -> bool:
        """Whether Telnyx signed this within the last five minutes (or the next five).

        Never raises: what cannot be read is False.
        """
        try:
            body = payload.encode() if isinstance(payload, str) else bytes(memoryview(payload))
            moment = timestamp or ""
            if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
                return False
            if abs(self._clock.now().timestamp() - int(moment)) > TOLERANCE_SECONDS:
                return False
            given = base64.b64decode(signature or "", validate=True)
            self._key.verify(f"{moment}|".encode() + body, given)
        except (TypeError, ValueError, AttributeError, self._failure):
            return False
        return True
