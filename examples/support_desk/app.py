"""The application: the page, the desk's endpoints, and the telephone company next door."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from examples.support_desk import console
from examples.support_desk.assistant import ScriptedAssistant
from examples.support_desk.desk import Desk, Visitor
from examples.support_desk.feeds import Feeds
from examples.support_desk.models import THINKING_BUDGET, Assistant
from examples.support_desk.session import TRY_AGAIN_LATER, ConsoleSession
from examples.support_desk.telephone import TelephoneCompany, TextMessage
from examples.support_desk.visitors import Me, give_cookie, visitor_of
from roomkit.integrations.fastapi import Client, mount_roomkit
from roomkit.models.enums import ParticipantRole
from roomkit.store.base import ConversationStore

MAX_CONSOLES = 500
NOT_AUTHENTICATED = 4401
STATIC = Path(__file__).parent / "static"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TypedMessage(BaseModel):
    """What was typed on a telephone."""

    number: str = Field(max_length=20)
    body: str = Field(min_length=1, max_length=1600)


class Switch(BaseModel):
    """A telephone is switched on or off."""

    number: str = Field(max_length=20)
    on: bool


router = APIRouter()


async def refuse(_request: Request, error: RequestValidationError) -> JSONResponse:
    """Say what is wrong with a request, without quoting it."""
    problems = [{"loc": one["loc"], "msg": one["msg"]} for one in error.errors()]
    return JSONResponse({"detail": problems}, status_code=422)


@router.get("/")
async def page(request: Request) -> FileResponse:
    response = FileResponse(STATIC / "index.html", headers=PAGE_HEADERS)
    give_cookie(request, response)
    return response


@router.post("/telephone")
async def telephone(request: Request, visitor: Me, typed: TypedMessage) -> dict[str, Any]:
    """Send a text message from one of the visitor's telephones."""
    phones = _telephones(request, visitor, typed.number)
    return (await phones.write(typed.number, typed.body)).as_json()


@router.post("/telephone/switch", status_code=204)
async def switch(request: Request, visitor: Me, switch: Switch) -> None:
    """Switch one of the visitor's telephones on or off."""
    _telephones(request, visitor, switch.number).switch(switch.number, on=switch.on)


def _telephones(request: Request, visitor: Visitor, number: str) -> TelephoneCompany:
    if number not in visitor.numbers:
        raise HTTPException(403, "this is not your telephone")
    phones: TelephoneCompany = request.app.state.phones
    return phones


@router.websocket("/console/live")
async def live(websocket: WebSocket) -> None:
    """What the console and the telephones show, as it happens."""
    state = websocket.app.state
    visitor = await visitor_of(websocket)
    await websocket.accept()
    if visitor is None:
        await websocket.close(NOT_AUTHENTICATED)
        return
    session = ConsoleSession(state.epoch, state.desk, state.feeds, visitor, websocket)
    sessions: set[ConsoleSession] = state.sessions
    if len(sessions) >= MAX_CONSOLES:
        await websocket.close(TRY_AGAIN_LATER)
        return
    sessions.add(session)
    try:
        await session.run(state.phones)
    finally:
        sessions.discard(session)


def create_app(
    url: str, *, assistant: Assistant | None = None, store: ConversationStore | None = None
) -> FastAPI:
    """The whole demonstration.

    Args:
        url: where the application can be reached from this machine, such as
            ``http://127.0.0.1:8000``: the desk and the telephone company call each other there.
        assistant: who answers; the script by default.
        store: keeps the conversations; in memory by default.
    """
    sessions: set[ConsoleSession] = set()

    def show(number: str, message: TextMessage) -> None:
        for session in tuple(sessions):
            if number in session.visitor.numbers:
                session.show_text_message(number, message)

    phones = TelephoneCompany(url, show)
    robin = assistant or Assistant(ScriptedAssistant(), THINKING_BUDGET)
    desk = Desk(url, phones.api, robin, store)
    feeds = Feeds(desk)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await phones.close()

    async def authenticate(websocket: WebSocket) -> Client | None:
        """The customer of the web chat, or the expert in the room that the console shows."""
        visitor = await visitor_of(websocket)
        if visitor is None:
            return None
        if websocket.path_params["channel_id"] == "web":
            return Client(visitor.customer_id, visitor.room_id, "Ada")
        room_id = websocket.query_params.get("conversation", "")
        if room_id not in await feeds.of_visitor(visitor):
            return None
        return Client(visitor.expert_id, room_id, "Maya", role=ParticipantRole.AGENT)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    state = app.state
    state.desk, state.feeds, state.phones, state.sessions = desk, feeds, phones, sessions
    # Names this run of the server: what a console remembers of another means nothing to it.
    state.epoch = secrets.token_hex(8)
    # The assistant takes its time; a telephone company does not wait for it.
    mount_roomkit(app, desk.kit, public_url=url, authenticate=authenticate, wait="accept")
    app.exception_handler(RequestValidationError)(refuse)
    app.include_router(router)
    app.include_router(console.router)
    app.mount("/standin", phones.api)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
