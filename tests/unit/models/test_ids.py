"""Identifiers are random version 4 UUIDs, whoever asks for them."""

from __future__ import annotations

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from roomkit.models._base import new_id

FORK = """
import os
from roomkit.models._base import new_id

new_id()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, "".join(new_id() for _ in range(100)).encode())
    os._exit(0)
os.wait()
theirs = os.read(read, 3200).decode()
assert len(theirs) == 3200
assert not {theirs[at : at + 32] for at in range(0, 3200, 32)} & {new_id() for _ in range(100)}
"""


def test_id_is_a_version_4_uuid_in_hex() -> None:
    for identifier in [new_id() for _ in range(200)]:
        parsed = uuid.UUID(identifier)
        assert parsed.hex == identifier
        assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


def test_threads_never_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = pool.map(lambda _: [new_id() for _ in range(1000)], range(8))
    identifiers = [identifier for batch in batches for identifier in batch]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_forked_process_gets_other_ids_than_its_parent() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)
