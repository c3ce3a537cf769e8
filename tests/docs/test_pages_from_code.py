"""What pages repeat from the code is what the code says."""

from __future__ import annotations

from tests.docs import channel_matrix, vendor_matrix


def test_the_matrix_of_channels_is_that_of_the_channels() -> None:
    assert channel_matrix.shown() == channel_matrix.table(), (
        "after a change to what a channel can do, run python -m tests.docs.channel_matrix"
    )


def test_the_matrix_of_vendors_is_that_of_their_providers() -> None:
    assert vendor_matrix.shown() == vendor_matrix.table(), (
        "after a change to what a provider can do, run python -m tests.docs.vendor_matrix"
    )
