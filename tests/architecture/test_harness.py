"""The test harness keeps its own promises: no traffic to other machines, no silent skips."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests import groups
from tests.groups import GROUPS, REQUIRE_ALL, Group, require_group


def test_connection_to_another_machine_fails_the_test() -> None:
    with (
        socket.socket() as client,
        pytest.raises(pytest.fail.Exception, match="this machine only"),
    ):
        client.connect(("192.0.2.1", 9))


async def test_async_connection_to_another_machine_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="this machine only"):
        await asyncio.open_connection("192.0.2.1", 9)


def test_name_lookup_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


def test_this_machine_may_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Group:
    group = Group(name="absent", needs="a unicorn", is_available=lambda: False, extra="unicorn")
    monkeypatch.setitem(GROUPS, "absent", group)
    return group


def test_missing_group_is_skipped_with_its_remedy(
    absent: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"a unicorn \(uv sync --inexact --extra"):
        require_group(absent.name)
    assert absent in groups.left_out()


def test_missing_group_fails_where_all_are_required(
    absent: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    with pytest.raises(pytest.fail.Exception, match="a unicorn"):
        require_group(absent.name)


def test_groups_say_how_to_add_them() -> None:
    for name, group in GROUPS.items():
        assert group.name == name
        assert bool(group.debian_packages) != (group.extra is not None)
