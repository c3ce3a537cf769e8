"""The application: the page, the desk's endpoints, and the telephone company next door."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from examples.support_desk.desk import Desk, Visitor
from examples.support_desk.telephone import TelephoneCompany
from examples.support_desk.timeline import Timelines
from roomkit.integrations.fastapi import Client, mount_roomkit

STATIC = Path(__file__).parent / "static"
COOKIE = "visitor"
VISITOR_ID = re.compile(r"[0-9a-f]{32}")
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"


class TypedMessage(BaseModel):
    """What was typed on the telephone."""

    body: str = Field(min_length=1, max_length=1600)


def create_app(url: str) -> FastAPI:
    """The whole demonstration.

    Args:
        url: where the application can be reached from this machine, such as
            ``http://127.0.0.1:8000``: the desk and the telephone company call each other there.
    """
    phones = TelephoneCompany(
        url, lambda number, message: timelines.show_text_message(number, message)
    )
    desk = Desk(url, phones.api)
    timelines = Timelines(desk)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await phones.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk

    async def who(connection: Request | WebSocket) -> Visitor | None:
        visitor_id = connection.cookies.get(COOKIE, "")
        return await desk.visitor(visitor_id) if VISITOR_ID.fullmatch(visitor_id) else None

    async def authenticate(websocket: WebSocket) -> Client | None:
        visitor = await who(websocket)
        return None if visitor is None else Client(visitor.id, visitor.room_id, "Ada")

    # The assistant takes its time; a telephone company does not wait for it.
    mount_roomkit(app, desk.kit, public_url=url, authenticate=authenticate, wait="accept")
    app.mount("/standin", phones.api)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/")
    async def page(request: Request) -> FileResponse:
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        response = FileResponse(STATIC / "index.html", headers=headers)
        if not VISITOR_ID.fullmatch(request.cookies.get(COOKIE, "")):
            response.set_cookie(COOKIE, secrets.token_hex(16), httponly=True, samesite="lax")
        return response

    @app.post("/telephone")
    async def telephone(request: Request, typed: TypedMessage) -> dict[str, Any]:
        visitor = await who(request)
        if visitor is None:
            raise HTTPException(403, "open the page first")
        return (await phones.write(visitor.number, typed.body)).as_json()

    @app.websocket("/timeline")
    async def timeline(websocket: WebSocket) -> None:
        visitor = await who(websocket)
        await websocket.accept()
        if visitor is None:
            await websocket.close(4401)
            return
        await timelines.serve(websocket, visitor, phones)

    return app
