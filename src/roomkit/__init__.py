"""RoomKit: conversations in rooms, over any mix of channels.

Names are imported when they are first used, so that ``import roomkit`` costs little and needs
nothing but pydantic. ``__all__`` holds the documented top-level names; the other names of the
second table can be imported from here as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkit._exports import EVERYTHING
from roomkit._exports import PUBLIC as _PUBLIC
from roomkit._lazy import lazy_exports
from roomkit._version import __version__

if TYPE_CHECKING:
    from roomkit._typed_exports import *  # noqa: F403 - type checkers read the names from there

__all__ = [*_PUBLIC, "__version__"]

# Type checkers would take `__getattr__` as leave to import any name at all.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(__name__, EVERYTHING)
