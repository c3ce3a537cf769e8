"""The console's endpoints: what an expert can do in the rooms of their own desk.

Every one of them belongs to the visitor whose cookie the request has, and to nobody else: a room
of another visitor's does not exist here.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, Field

from examples.support_desk.desk import Desk
from examples.support_desk.feed import Feed
from examples.support_desk.feeds import Feeds
from examples.support_desk.views import LATEST, Frame, find_in, rows_before, summary_of
from examples.support_desk.visitors import Me
from roomkit import Access, ChannelNotFoundError
from roomkit.models.enums import TaskStatus

ShortId = Annotated[str, Path(max_length=64)]

router = APIRouter(prefix="/console")


class ChannelChange(BaseModel):
    """What a channel may do from now on."""

    muted: bool | None = None
    access: Access | None = None


class Note(BaseModel):
    """Words for the desk alone."""

    text: str = Field(min_length=1, max_length=4000)


class TaskChange(BaseModel):
    """How far a task has got."""

    status: TaskStatus


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _feed(request: Request, visitor: Me, room_id: ShortId) -> Feed:
    feeds: Feeds = request.app.state.feeds
    feed = (await feeds.of_visitor(visitor)).get(room_id)
    if feed is None:
        raise HTTPException(404, "there is no such room")
    return feed


TheDesk = Annotated[Desk, Depends(_desk)]
Here = Annotated[Feed, Depends(_feed)]


@router.get("/rooms")
async def list_rooms(
    desk: TheDesk, visitor: Me, q: Annotated[str, Query(max_length=100)] = ""
) -> list[Frame]:
    """The visitor's rooms, or those in which something was said or somebody is called so."""
    rooms = await desk.rooms(visitor)
    if not q.strip():
        return [await summary_of(desk.kit, room) for room in rooms]
    found = [await find_in(desk.kit, room, q.strip()) for room in rooms]
    return [summary for summary in found if summary is not None]


@router.get("/rooms/{room_id}/rows")
async def earlier_rows(
    desk: TheDesk, feed: Here, before: Annotated[int, Query(ge=0, le=10**9)]
) -> list[Frame]:
    return await rows_before(desk.kit, feed.room_id, before, LATEST)


@router.post("/rooms/{room_id}/take-over", status_code=204)
async def take_over(desk: TheDesk, visitor: Me, feed: Here) -> Response:
    await desk.take_over(visitor, feed.room_id)
    return _done(feed)


@router.post("/rooms/{room_id}/hand-back", status_code=204)
async def hand_back(desk: TheDesk, visitor: Me, feed: Here) -> Response:
    await desk.hand_back(visitor, feed.room_id)
    return _done(feed)


@router.post("/rooms/{room_id}/notes", status_code=204)
async def write_note(desk: TheDesk, visitor: Me, feed: Here, note: Note) -> Response:
    await desk.note(visitor, feed.room_id, note.text)
    return _done(feed)


@router.patch("/rooms/{room_id}/channels/{channel_id}", status_code=204)
async def change_channel(
    desk: TheDesk, feed: Here, channel_id: ShortId, change: ChannelChange
) -> Response:
    try:
        if change.muted is not None:
            await (desk.kit.mute if change.muted else desk.kit.unmute)(feed.room_id, channel_id)
        if change.access is not None:
            await desk.kit.set_access(feed.room_id, channel_id, change.access)
    except ChannelNotFoundError as error:
        raise HTTPException(404, "there is no such channel in the room") from error
    return _done(feed)


@router.patch("/rooms/{room_id}/tasks/{task_id}", status_code=204)
async def change_task(desk: TheDesk, feed: Here, task_id: ShortId, change: TaskChange) -> Response:
    task = await desk.kit.store.get_task(task_id)
    if task is None or task.room_id != feed.room_id:
        raise HTTPException(404, "there is no such task in the room")
    await desk.kit.store.update_task(task.model_copy(update={"status": change.status}))
    return _done(feed)


def _done(feed: Feed) -> Response:
    """Let the consoles look, whatever has changed, and answer without words."""
    feed.touch()
    return Response(status_code=204)
