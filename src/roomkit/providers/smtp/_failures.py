"""What each way to fail means for mail that is handed to a server.

A reply that begins with 4 may be a yes later on, one that begins with 5 never is: RFC 5321,
section 4.2.1. The words of a reply are left out of errors, since they quote addresses; what they
say in numbers (RFC 3463) is kept.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any

from roomkit.errors import ProviderError

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_TOO_LARGE = 552
_PASSING = 500

# The library's exceptions that carry no reply, by name, since it is not imported here; those that
# are not listed count as their nearest listed base.
WITHOUT_REPLY: Mapping[str, tuple[str, bool]] = {
    "SMTPConnectTimeoutError": ("timeout", True),
    "SMTPReadTimeoutError": ("timeout", True),
    "SMTPTimeoutError": ("timeout", True),
    "SMTPConnectError": ("unreachable", True),
    "SMTPServerDisconnected": ("connection_lost", True),
    "SMTPNotSupported": ("not_supported", False),
    "SMTPException": ("not_supported", False),
}
# The library's exceptions that carry a reply: what it is that was refused for good.
WITH_REPLY: Mapping[str, str] = {
    "SMTPRecipientRefused": "invalid_recipient",
    "SMTPSenderRefused": "invalid_sender",
    "SMTPAuthenticationError": "unauthorized",
    "SMTPConnectResponseError": "unavailable",
    "SMTPHeloError": "rejected",
    "SMTPDataError": "rejected",
    "SMTPResponseException": "rejected",
}
# What comes from below the library; the first that fits.
_BELOW: tuple[tuple[type[Exception], str, bool], ...] = (
    (ssl.SSLError, "insecure", False),
    (TimeoutError, "timeout", True),
    (OSError, "unreachable", True),
)
# What is refused for now, by the second and third part of the enhanced code, else "unavailable".
_FOR_NOW: Mapping[str, str] = {"4.7": "rate_limited", "4.2": "mailbox_busy"}


def mapped(error: BaseException, vendor: str) -> ProviderError:
    """What an exception of the library, or of the network below it, means here."""
    refused: Any = getattr(error, "recipients", None)
    if isinstance(refused, list) and refused:
        error = refused[0]  # a mail has one recipient
    for base in type(error).__mro__:
        if base.__name__ in WITH_REPLY:
            return _refusal(error, WITH_REPLY[base.__name__], vendor)
        if base.__name__ in WITHOUT_REPLY:
            code, retryable = WITHOUT_REPLY[base.__name__]
            if isinstance(error.__cause__, ssl.SSLError):
                code, retryable = "insecure", False
            return _failure(error, code, retryable, vendor)
    for kind, code, retryable in _BELOW:
        if isinstance(error, kind):
            return _failure(error, code, retryable, vendor)
    return _failure(error, "bad_request", False, vendor)


def _refusal(error: Any, code: str, vendor: str) -> ProviderError:
    status = int(error.code)
    found = _ENHANCED.match(str(error.message))
    enhanced = found[1] if found else None
    retryable = 400 <= status < _PASSING
    if status < 0:
        code = "bad_answer"
    elif retryable:
        code = _FOR_NOW.get((enhanced or "")[:3], "unavailable")
    elif status == _TOO_LARGE or (enhanced or "")[1:] == ".3.4":
        code = "too_large"
    details = f"status {status}" + (f" {enhanced}" if enhanced else "")
    return ProviderError(
        f"{vendor}: refused with {code} ({details})",
        provider=vendor,
        status_code=status,
        vendor_code=enhanced,
        code=code,
        retryable=retryable,
    )


def _failure(error: BaseException, code: str, retryable: bool, vendor: str) -> ProviderError:
    return ProviderError(
        f"{vendor}: {code} ({type(error).__name__})",
        provider=vendor,
        code=code,
        retryable=retryable,
    )
