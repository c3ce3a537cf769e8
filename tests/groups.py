"""Groups of tests that need something beyond the Python packages of the `dev` extra.

A group is a pytest marker. Where what it needs is missing, its tests are skipped with a reason;
with ``ROOMKIT_REQUIRE_ALL_GROUPS=1`` they fail instead, so that a gate cannot pass by leaving
them out. ``python -m tests.groups`` says how this machine stands.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

REQUIRE_ALL = "ROOMKIT_REQUIRE_ALL_GROUPS"


@dataclass(frozen=True, kw_only=True)
class Group:
    """What a group of tests needs, how to see whether it is there, and how to get it."""

    name: str
    needs: str
    is_available: Callable[[], bool]
    debian_packages: tuple[str, ...] = ()
    extra: str | None = None

    @property
    def remedy(self) -> str:
        """What a person types to add the group."""
        if self.extra is not None:
            return f"uv sync --inexact --extra {self.extra}"
        return f"apt-get install {' '.join(self.debian_packages)}"

    @property
    def reason(self) -> str:
        """Why the group stays out, in one line."""
        return f"group {self.name!r} needs {self.needs} ({self.remedy})"


def chromium_path() -> str | None:
    """The browser that the `browser` group drives."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


GROUPS = {
    group.name: group
    for group in (
        Group(
            name="browser",
            needs="Chromium or Chrome",
            is_available=lambda: chromium_path() is not None,
            debian_packages=("chromium",),
        ),
    )
}


def require_group(name: str) -> None:
    """Skip the running test unless the group can run; fail it where every group is required."""
    group = GROUPS[name]
    if group.is_available():
        return
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{REQUIRE_ALL} is set, and {group.reason}", pytrace=False)
    pytest.skip(group.reason)


def left_out() -> list[Group]:
    """The groups that cannot run on this machine."""
    return [group for group in GROUPS.values() if not group.is_available()]


def main() -> None:
    """Print the groups that stay out, or only the Debian packages that would add them."""
    parser = argparse.ArgumentParser(prog="python -m tests.groups", description=main.__doc__)
    parser.add_argument("what", nargs="?", choices=("report", "debian-packages"), default="report")
    if parser.parse_args().what == "debian-packages":
        print(*(package for group in left_out() for package in group.debian_packages))
        return
    missing = left_out()
    for group in missing:
        print(f"Left out: {group.reason}")
    print(f"{len(GROUPS) - len(missing)} of {len(GROUPS)} optional test groups can run here.")


if __name__ == "__main__":
    main()
