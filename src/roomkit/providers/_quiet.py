"""Keeping URLs out of httpx's log: some vendors want a token in them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_in_exchange: ContextVar[bool] = ContextVar("roomkit_http_exchange", default=False)


class _WithoutOurRequests(logging.Filter):
    """httpx logs the URL of each request at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _in_exchange.get()


_WITHOUT_OURS = _WithoutOurRequests()


@contextmanager
def quiet_httpx() -> Iterator[None]:
    """Inside, httpx logs nothing; what others ask with it at the same time is logged as ever."""
    logging.getLogger("httpx").addFilter(_WITHOUT_OURS)  # once, however often it is added
    token = _in_exchange.set(True)
    try:
        yield
    finally:
        _in_exchange.reset(token)
