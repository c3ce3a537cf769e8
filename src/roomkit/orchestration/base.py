"""`Orchestration`, the interface to strategies that furnish a room with agents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roomkit.core.framework import RoomKit


class Orchestration(ABC):
    """Sets a new room up. Pass one to `RoomKit` for every room or to `RoomKit.create_room` for
    one."""

    @abstractmethod
    async def install(self, kit: RoomKit, room_id: str) -> None:
        """Register and attach agents, add room hooks, write the first state.

        Called once for each new room, before `RoomKit.create_room` returns. What it raises goes to
        that caller; the room exists all the same.
        """
