"""What the desk's endpoints refuse: other people's rooms, foreign pages, and too much."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from examples.support_desk import desk as desk_module
from examples.support_desk.desk import Desk
from tests.e2e.page import desk_on


@dataclass
class Caller:
    """A browser without a screen: its cookies and its console's socket."""

    http: httpx.AsyncClient
    port: int
    hello: dict[str, Any]
    desk: Desk

    @property
    def room_id(self) -> str:
        return str(self.hello["room_id"])

    @property
    def cookie(self) -> str:
        return f"visitor={self.http.cookies['visitor']}"

    def live(self, **headers: str) -> connect:
        """The console's socket."""
        return _socket(self.port, "/console/live", Cookie=self.cookie, **headers)

    async def patch(self, path: str, **body: object) -> int:
        answer = await self.http.patch(f"/console/rooms/{self.room_id}{path}", json=body)
        return answer.status_code


def _socket(port: int, path: str, **headers: str) -> connect:
    return connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers, proxy=None)


async def _next(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == kind:
                return frame


@asynccontextmanager
async def _caller(port: int, desk: Desk) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await http.get("/")
        caller = Caller(http, port, {}, desk)
        async with caller.live() as socket:
            caller.hello = await _next(socket, "hello")
        yield caller


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with desk_on() as (port, desk), _caller(port, desk) as caller:
        yield caller


async def test_the_page_fetches_nothing_from_elsewhere(caller: Caller) -> None:
    page = await caller.http.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    names = ("app", "chat", "console", "timeline", "rooms", "facts", "phone", "style")
    for name in names:
        kind = "css" if name == "style" else "js"
        text = (await caller.http.get(f"/static/{name}.{kind}")).raise_for_status().text
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text


async def test_without_a_cookie_there_is_nothing(caller: Caller) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{caller.port}") as stranger:
        assert (await stranger.get("/console/rooms")).status_code == 403
        number = caller.hello["telephones"][0]["number"]
        answer = await stranger.post("/telephone", json={"number": number, "body": "Hi"})
        assert answer.status_code == 403
        path = f"/console/rooms/{caller.room_id}/take-over"
        assert (await stranger.post(path)).status_code == 403
    for path in ("/console/live", "/ws/web", f"/ws/desk?conversation={caller.room_id}"):
        async with _socket(caller.port, path) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 4401


async def test_a_visitor_has_no_way_into_anothers_rooms(caller: Caller) -> None:
    async with _caller(caller.port, caller.desk) as other:
        base = f"/console/rooms/{caller.room_id}"
        http = other.http
        assert (await http.get("/console/rooms")).json()[0]["id"] == other.room_id
        assert (await http.get(f"{base}/rows?before=100")).status_code == 404
        assert (await http.post(f"{base}/take-over")).status_code == 404
        assert (await http.post(f"{base}/hand-back")).status_code == 404
        assert (await http.post(f"{base}/notes", json={"text": "hi"})).status_code == 404
        muted = await http.patch(f"{base}/channels/web", json={"muted": True})
        assert muted.status_code == 404
        number = caller.hello["telephones"][0]["number"]
        sent = await http.post("/telephone", json={"number": number, "body": "Hi"})
        assert sent.status_code == 403
        off = await http.post("/telephone/switch", json={"number": number, "on": False})
        assert off.status_code == 403
        seat = f"/ws/desk?conversation={caller.room_id}"
        async with _socket(caller.port, seat, Cookie=other.cookie) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 4401
        async with other.live() as socket:
            await _next(socket, "hello")
            await socket.send(json.dumps({"type": "watch", "room_id": caller.room_id}))
            await socket.send(json.dumps({"type": "watch", "room_id": other.room_id}))
            assert (await _next(socket, "room"))["room_id"] == other.room_id
    assert not (await caller.desk.kit.get_binding(caller.room_id, "assistant")).muted


async def test_a_task_of_another_room_is_not_found(caller: Caller) -> None:
    async with _caller(caller.port, caller.desk) as other:
        note = {"text": "Please call me"}
        path = f"/console/rooms/{other.room_id}/notes"
        assert (await other.http.post(path, json=note)).status_code == 204
        (task,) = await caller.desk.kit.list_tasks(other.room_id)
        assert await caller.patch(f"/tasks/{task.id}", status="completed") == 404
        assert await other.patch(f"/tasks/{task.id}", status="completed") == 204


async def test_pages_of_foreign_sites_are_refused(caller: Caller) -> None:
    foreign = {"Origin": "http://127.0.0.1:1"}
    path = f"/console/rooms/{caller.room_id}/take-over"
    assert (await caller.http.post(path, headers=foreign)).status_code == 403
    own = {"Origin": f"http://127.0.0.1:{caller.port}"}
    assert (await caller.http.post(path, headers=own)).status_code == 204
    async with caller.live(**foreign) as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4401


async def test_what_is_too_long_or_makes_no_sense_is_refused(caller: Caller) -> None:
    http, base = caller.http, f"/console/rooms/{caller.room_id}"
    number = caller.hello["telephones"][0]["number"]
    for body in ("", "x" * 1601):
        sent = await http.post("/telephone", json={"number": number, "body": body})
        assert sent.status_code == 422
    halves = b'{"number": "%s", "body": "\\ud800"}' % number.encode()
    typed = {"content-type": "application/json"}
    assert (await http.post("/telephone", content=halves, headers=typed)).status_code == 422
    assert (await http.post(f"{base}/notes", json={"text": "x" * 4001})).status_code == 422
    assert (await http.get("/console/rooms", params={"q": "x" * 101})).status_code == 422
    assert (await http.get(f"{base}/rows?before=-1")).status_code == 422
    assert await caller.patch("/channels/web", access="everything") == 422
    assert await caller.patch("/channels/fax", muted=True) == 404
    assert await caller.patch("/tasks/none", status="completed") == 404
    assert (await http.get(f"/console/rooms/{'x' * 65}/rows?before=1")).status_code == 422


@pytest.mark.parametrize(
    "frame", ["", "no JSON", "[]", '{"type": "shout"}', '{"type": "watch", "room_id": 7}']
)
async def test_a_console_that_talks_nonsense_is_sent_away(caller: Caller, frame: str) -> None:
    async with caller.live() as socket:
        await _next(socket, "hello")
        await socket.send(frame)
        with pytest.raises(ConnectionClosed):
            await _next(socket, "never")
        assert socket.close_code == 1008
    async with caller.live() as socket:
        await _next(socket, "hello")
        await socket.send('{"type": "ping"}')
        assert await _next(socket, "pong") == {"type": "pong"}


async def test_a_console_that_comes_back_gets_what_it_missed(caller: Caller) -> None:
    async with caller.live() as socket:
        epoch = (await _next(socket, "hello"))["epoch"]
        await socket.send(json.dumps({"type": "watch", "room_id": caller.room_id}))
        first = await _next(socket, "room")
    assert not first["resumed"]
    note = {"text": "while nobody looked"}
    await caller.http.post(f"/console/rooms/{caller.room_id}/notes", json=note)
    back = {
        "type": "watch",
        "room_id": caller.room_id,
        "epoch": epoch,
        "revision": first["revision"],
        "seen": len(first["rows"]),
    }
    async with caller.live() as socket:
        await socket.send(json.dumps(back))
        missed = await _next(socket, "room")
    assert missed["resumed"]
    assert [row["text"] for row in missed["rows"]] == ["while nobody looked"]
    # Of another run of the server nothing is known: everything comes again.
    async with caller.live() as socket:
        await socket.send(json.dumps({**back, "epoch": "another"}))
        anew = await _next(socket, "room")
    assert not anew["resumed"]
    assert len(anew["rows"]) == len(first["rows"]) + 1


async def test_the_desk_is_full_at_some_point(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "MAX_VISITORS", 1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{caller.port}") as second:
        await second.get("/")
        assert (await second.get("/console/rooms")).status_code == 403
    assert (await caller.http.get("/console/rooms")).status_code == 200
