"""What `roomkit.sources` holds."""

from __future__ import annotations

import pytest

import roomkit
from roomkit import sources


@pytest.mark.parametrize("name", sources.__all__)
def test_each_name_is_what_the_top_level_has(name: str) -> None:
    assert name in dir(sources)
    found = getattr(sources, name)
    if name.endswith(("Source", "Provider")):
        assert found is getattr(roomkit, name)
