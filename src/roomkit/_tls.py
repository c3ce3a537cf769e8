"""Whom HTTP clients trust."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from roomkit._lazy import require

if TYPE_CHECKING:
    import ssl


@cache
def tls_context(trust_env: bool = True) -> ssl.SSLContext:
    """The settings with which httpx connects, made once for all clients of the process.

    To read all certificate authorities takes 30 ms, in which the event loop stands still.

    Args:
        trust_env: whether ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` count.
    """
    httpx = require("httpx", extra="httpx", feature="HTTP")
    context: ssl.SSLContext = httpx.create_ssl_context(trust_env=trust_env)
    return context
