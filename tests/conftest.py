"""What holds for every test: the optional groups, and no traffic to other machines."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.groups import GROUPS, left_out, require_group
from tests.network import other_machine

# A busy machine must not fail a property for being slow, and nobody's tests must fail by luck:
# they try the same examples every time, unless one goes looking for new ones.
EXPLORED = int(os.environ.get("ROOMKIT_EXPLORE", "0"))
settings.register_profile(
    "roomkit",
    deadline=None,
    derandomize=not EXPLORED,
    max_examples=EXPLORED or 100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("roomkit")

# The certificate authorities that HTTP clients trust: one, whose key nobody has. Tests speak TLS
# to servers of their own at most, and each new client would read all of the world's for 30 ms.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).with_name("authority.pem"))


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    host = other_machine(event, args)
    if host is not None:
        # Not an ordinary exception: error handling that is under test would swallow it.
        pytest.fail(f"a test tried to reach {host!r}; tests reach this machine only")


def pytest_configure(config: pytest.Config) -> None:
    for group in GROUPS.values():
        config.addinivalue_line("markers", f"{group.name}: needs {group.needs}")
    # An audit hook sees every connection, whatever library makes it, and cannot be bypassed.
    sys.addaudithook(_refuse_network)


def pytest_report_header() -> list[str]:
    return [f"left out: {group.reason}" for group in left_out()]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for name in GROUPS:
        if item.get_closest_marker(name) is not None:
            require_group(name)
