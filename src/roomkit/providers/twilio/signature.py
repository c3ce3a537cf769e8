"""The signature of Twilio's webhooks.

https://www.twilio.com/docs/usage/webhooks/webhooks-security: the base64 of the HMAC-SHA1, keyed
with the auth token, of the URL as Twilio called it, followed by the names and values of the form's
fields in order. For a JSON body the URL has a parameter ``bodySHA256`` instead, which the
signature covers.

The scheme has no time in it, so a captured request stays valid for ever; processing it again is
harmless, because a message's SID is also its idempotency key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

from roomkit.providers.base import WebhookRequest

SIGNATURE_HEADER = "X-Twilio-Signature"
_BODY_HASH = "bodySHA256"


def twilio_signature(auth_token: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """What Twilio puts into the header for a request to `url` with these form fields."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.digest(auth_token.encode(), text.encode(), "sha1")
    return base64.b64encode(digest).decode()


def verify_twilio_signature(
    auth_token: str, payload: bytes | str | Mapping[str, Any], signature: str | None, url: str
) -> bool:
    """Whether Twilio made this request. Never raises: what cannot be read is False.

    Args:
        payload: the raw body, or the fields of a form (a multidict keeps those that occur twice).
            Empty for a request by GET.
        signature: the value of the `SIGNATURE_HEADER`.
        url: the URL as Twilio called it, query included.
    """
    try:
        fields = _signed_fields(payload, url)
        return fields is not None and _is_signed(auth_token, fields, signature, url)
    except (TypeError, ValueError, AttributeError):
        return False


def verify_twilio_request(auth_token: str, request: WebhookRequest, signature: str | None) -> bool:
    """The same for a request, whose form need not be decoded once more when it is read."""
    if not request.is_form or _BODY_HASH in request.url:
        return verify_twilio_signature(auth_token, request.body, signature, request.url)
    try:
        return _is_signed(auth_token, request.form, signature, request.url)
    except (TypeError, ValueError, AttributeError):
        return False


def _is_signed(
    auth_token: str, fields: Sequence[tuple[str, str]], signature: str | None, url: str
) -> bool:
    if not signature or not auth_token:
        return False
    given = signature.encode()
    # The first that matches ends it: which spelling that is, is no secret.
    return any(
        hmac.compare_digest(twilio_signature(auth_token, spelling, fields).encode(), given)
        for spelling in _spellings(url)
    )


def _signed_fields(
    payload: bytes | str | Mapping[str, Any], url: str
) -> list[tuple[str, str]] | None:
    """The fields that are signed; None if the body does not match the hash in the URL."""
    if isinstance(payload, Mapping):
        return _pairs(payload)
    body = payload.encode() if isinstance(payload, str) else bytes(memoryview(payload))
    hashes = parse_qs(urlsplit(url).query).get(_BODY_HASH) if _BODY_HASH in url else None
    if hashes is not None:
        actual = hashlib.sha256(body).hexdigest()
        return [] if hmac.compare_digest(actual.encode(), hashes[0].lower().encode()) else None
    if not body:
        return []
    # Strict, so that no part of the body is left out of what the signature is checked over.
    return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values, also those that a multidict hides behind the first of the same name.

    Starlette has ``multi_items``; Django and Werkzeug have ``getlist``, aiohttp has ``getall``.
    """
    every: Callable[[], Iterable[tuple[str, Any]]] | None = getattr(fields, "multi_items", None)
    if every is not None:
        pairs: list[tuple[Any, Any]] = list(every())
    else:
        values = getattr(fields, "getlist", None) or getattr(fields, "getall", None)
        pairs = []
        for name in dict.fromkeys(fields):
            found = values(name) if values is not None else fields[name]
            pairs += [(name, value) for value in (found if isinstance(found, list) else [found])]
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in pairs):
        raise TypeError("form fields are strings")
    return pairs


def _spellings(url: str) -> Iterator[str]:
    """The URL as it is, and with and without its port: Twilio does not always sign the one that it
    called."""
    yield url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL that Twilio calls")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    bare = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    for netloc in {bare, f"{bare}:{port}"} - {parts.netloc}:
        yield urlunsplit(parts._replace(netloc=netloc))
