"""Vectors in memory, and the closest of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkit.memory import IndexEntry, IndexHit, IndexScope, InMemoryVectorIndex

HERE = IndexScope("room", "ai")
THERE = IndexScope("other room", "ai")


def entry(name: str, position: int = 0) -> IndexEntry:
    return IndexEntry(event_id=name, position=position, text=f"text of {name}")


def names(hits: object) -> list[str]:
    assert isinstance(hits, list)
    found: list[IndexHit] = hits
    return [hit.entry.event_id for hit in found]


async def filled(*rows: tuple[str, list[float]]) -> InMemoryVectorIndex:
    index = InMemoryVectorIndex()
    await index.add(HERE, [entry(name) for name, _ in rows], [vector for _, vector in rows])
    return index


async def test_the_closest_first() -> None:
    index = await filled(("east", [1, 0]), ("north", [0, 1]), ("north-east", [5, 5]))
    hits = await index.search(HERE, [2, 0.1], 2)
    assert names(hits) == ["east", "north-east"]
    assert hits[0].score == pytest.approx(math.cos(math.atan2(0.1, 2)), abs=1e-6)
    assert await index.search(HERE, [2, 0.1], 0) == []


vectors = st.lists(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=3, max_size=3), min_size=1, max_size=30
)


@given(vectors, st.integers(1, 10))
async def test_scores_fall_from_one_at_most(points: list[list[float]], limit: int) -> None:
    rows = [(str(number), point) for number, point in enumerate(points)]
    index = await filled(*rows)
    hits = await index.search(HERE, points[0], limit)
    scores = [hit.score for hit in hits]
    assert len(hits) == min(limit, len(points))
    assert scores == sorted(scores, reverse=True)
    assert all(-1.00001 <= score <= 1.00001 for score in scores)
    if math.hypot(*points[0]) > 1e-3:
        assert scores[0] == pytest.approx(1, abs=1e-4)


async def test_scopes_are_walls() -> None:
    index = await filled(("secret", [1, 0]))
    await index.add(THERE, [entry("mine")], [[1, 0]])
    assert names(await index.search(THERE, [1, 0], 10)) == ["mine"]
    assert await index.search(IndexScope("room", "another ai"), [1, 0], 10) == []
    assert await index.search(IndexScope("room", None), [1, 0], 10) == []


async def test_adding_again_replaces() -> None:
    index = await filled(("a", [1, 0]), ("b", [0, 1]))
    await index.add(HERE, [entry("a", position=7)], [[0, 1]])
    hits = await index.search(HERE, [0, 1], 10)
    assert sorted(names(hits)) == ["a", "b"]
    assert {hit.entry.position for hit in hits} == {0, 7}
    assert len(index) == 2


async def test_removing() -> None:
    index = await filled(("a", [1, 0]), ("b", [1, 0]))
    await index.add(IndexScope("room", "another"), [entry("a")], [[1, 0]])
    await index.add(THERE, [entry("a")], [[1, 0]])
    await index.remove("room", ["a", "unknown"])
    assert names(await index.search(HERE, [1, 0], 10)) == ["b"]
    assert await index.search(IndexScope("room", "another"), [1, 0], 10) == []
    assert names(await index.search(THERE, [1, 0], 10)) == ["a"]
    await index.clear("room")
    assert len(index) == 1


async def test_a_scope_is_bounded() -> None:
    index = InMemoryVectorIndex(max_per_scope=3)
    for number in range(10):
        await index.add(HERE, [entry(str(number))], [[1, 0]])
    assert names(await index.search(HERE, [1, 0], 10)) == ["7", "8", "9"]


async def test_the_whole_is_bounded_and_the_least_used_pay() -> None:
    index = InMemoryVectorIndex(max_entries=4)
    for room in ("a", "b"):
        for number in range(2):
            await index.add(IndexScope(room, None), [entry(f"{room}{number}")], [[1, 0]])
    await index.search(IndexScope("a", None), [1, 0], 1)
    await index.add(IndexScope("c", None), [entry("c0"), entry("c1"), entry("c2")], [[1, 0]] * 3)
    left = [names(await index.search(IndexScope(room, None), [1, 0], 9)) for room in "abc"]
    assert left == [["a1"], [], ["c0", "c1", "c2"]]
    assert len(index) == 4


async def test_large_searches_give_the_same_beside_the_loop() -> None:
    index = InMemoryVectorIndex()
    size, count = 1000, 50
    rows = [[float(place == number) for place in range(size)] for number in range(count)]
    await index.add(HERE, [entry(str(number)) for number in range(count)], rows)
    assert names(await index.search(HERE, rows[17], 1)) == ["17"]


async def test_nothing_added_leaves_nothing() -> None:
    index = InMemoryVectorIndex(max_entries=1)
    await index.add(THERE, [], [])
    await index.add(HERE, [entry("a"), entry("b")], [[1], [1]])
    assert len(index) == 1


async def test_vectors_of_another_model() -> None:
    index = await filled(("a", [1, 0]))
    with pytest.raises(ValueError, match="3 numbers"):
        await index.add(HERE, [entry("b")], [[1, 2, 3]])
    with pytest.raises(ValueError, match="one embedding model"):
        await index.search(HERE, [1], 1)
    with pytest.raises(ValueError, match="finite"):
        await index.add(HERE, [entry("b")], [[math.nan, 1]])
    with pytest.raises(ValueError, match="zip"):
        await index.add(HERE, [entry("b")], [])
    assert len(index) == 1


async def test_a_vector_of_zeros_is_close_to_none() -> None:
    index = await filled(("a", [0, 0]))
    assert (await index.search(HERE, [1, 0], 1))[0].score == 0


@pytest.mark.parametrize("wrong", [{"max_entries": 0}, {"max_per_scope": 0}])
def test_bounds_that_make_no_sense(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        InMemoryVectorIndex(**wrong)
