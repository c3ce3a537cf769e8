"""Whose request it is: every browser that opens the page has a desk of its own, by a cookie."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response
from starlette.requests import HTTPConnection

from examples.support_desk.desk import Desk, DeskFullError, Visitor

COOKIE = "visitor"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def give_cookie(request: Request, response: Response) -> None:
    """Make a browser that comes for the first time a visitor."""
    if not _TOKEN.fullmatch(request.cookies.get(COOKIE, "")):
        response.set_cookie(
            COOKIE,
            secrets.token_hex(16),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )


async def visitor_of(connection: HTTPConnection) -> Visitor | None:
    """The visitor whose cookie a request or a WebSocket carries; None if it must be refused."""
    token = connection.cookies.get(COOKIE, "")
    if not _TOKEN.fullmatch(token) or not _is_from_own_page(connection):
        return None
    desk: Desk = connection.app.state.desk
    try:
        # Others may see the id; it does not give the token away.
        return await desk.visitor(hashlib.sha256(token.encode()).hexdigest()[:24])
    except DeskFullError:
        return None


def _is_from_own_page(connection: HTTPConnection) -> bool:
    """Whether a request comes from a page of this very site, or from no page at all.

    Browsers send cookies along with what pages of other ports and subdomains ask for.
    """
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


async def _require_visitor(request: Request) -> Visitor:
    visitor = await visitor_of(request)
    if visitor is None:
        raise HTTPException(403, "open the page first")
    return visitor


Me = Annotated[Visitor, Depends(_require_visitor)]
"""For endpoints: the visitor, or the answer 403."""
