"""What is used of neonize, in one place: it has no type information and is optional."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from roomkit._lazy import require

_EXTRA = "whatsapp-personal"
_FEATURE = "WhatsAppPersonalProvider"

# How neonize fails: (code, whether trying again may help). By name, since it is not imported here.
# Subclasses that are not listed count as their nearest listed base. Its texts are WhatsApp's and
# may hold addresses, so they are quoted nowhere.
NEONIZE_FAILURES: Mapping[str, tuple[str, bool]] = {
    "SendMessageError": ("send_failed", True),
    "UploadError": ("upload_failed", True),
    "DownloadError": ("media_unavailable", False),
    "MarkReadError": ("send_failed", True),
    "SendPresenceError": ("send_failed", True),
    "NeonizeError": ("refused", False),
}


def neonize_failure(error: BaseException) -> tuple[str, bool]:
    """The code for an exception of neonize's, and whether trying again may help."""
    for base in type(error).__mro__:
        if base.__name__ in NEONIZE_FAILURES:
            return NEONIZE_FAILURES[base.__name__]
    return "client_failed", False


@dataclass(frozen=True, kw_only=True, slots=True)
class Neonize:
    """neonize's modules.

    Attributes:
        client: has ``NewClient``.
        events: has the classes of the events, such as ``MessageEv``.
        kinds: has the enumerations.
        neonize_pb: the messages of neonize's own protocol, such as ``JID``.
        whatsapp_pb: those of WhatsApp's, such as ``Message``.
    """

    client: Any
    events: Any
    kinds: Any
    neonize_pb: Any
    whatsapp_pb: Any


@cache
def load_neonize() -> Neonize:
    """Import neonize, which takes a second and loads a library of 19 MB.

    Raises:
        MissingDependencyError: it is not installed.
    """
    with warnings.catch_warnings():
        # It leaves a pipe open on import.
        warnings.simplefilter("ignore", ResourceWarning)
        return Neonize(
            client=_module("neonize.client"),
            events=_module("neonize.events"),
            kinds=_module("neonize.utils.enum"),
            neonize_pb=_module("neonize.proto.Neonize_pb2"),
            whatsapp_pb=_module("neonize.proto.waE2E.WAWebProtobufsE2E_pb2"),
        )


def _module(name: str) -> Any:
    return require(name, extra=_EXTRA, feature=_FEATURE)
