"""Text that every database takes, and containers that do not let themselves be changed."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from roomkit.models._frozen import (
    EMPTY_DICT,
    EMPTY_LIST,
    MAX_DEPTH,
    FrozenDict,
    FrozenList,
    clean_text,
    freeze,
    thaw,
)
from tests.unit.models.examples import clean_text as any_clean_text
from tests.unit.models.examples import containers, json_values, wild_text

DICT_CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda one: one.__setitem__("a", 1),
    lambda one: one.__delitem__("a"),
    lambda one: one.__ior__({"b": 1}),
    lambda one: one.clear(),
    lambda one: one.pop("a"),
    lambda one: one.popitem(),
    lambda one: one.setdefault("b", 1),
    lambda one: one.update(b=1),
]
LIST_CHANGES: list[Callable[[list[Any]], object]] = [
    lambda one: one.__setitem__(0, 2),
    lambda one: one.__delitem__(0),
    lambda one: one.__iadd__([2]),
    lambda one: one.__imul__(2),
    lambda one: one.append(2),
    lambda one: one.clear(),
    lambda one: one.extend([2]),
    lambda one: one.insert(0, 2),
    lambda one: one.pop(),
    lambda one: one.remove(1),
    lambda one: one.reverse(),
    lambda one: one.sort(),
]


@given(wild_text)
def test_cleaned_text_can_be_stored_anywhere(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


@given(any_clean_text)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean_text(text) is text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "a\ufffdb"),
        ("é\x00", "é\ufffd"),
        ("\ud83d", "\ufffd"),
        ("a\ude00b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d\x00\ude00", "\ufffd\ufffd\ufffd"),
    ],
)
def test_what_cannot_be_stored_is_replaced(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@pytest.mark.parametrize("value", [None, 1, b"\x00", ["\x00"]])
def test_only_text_is_cleaned(value: object) -> None:
    assert clean_text(value) is value


@given(json_values())
def test_a_frozen_value_is_equal_and_reads_as_before(value: Any) -> None:
    frozen = freeze(value)
    assert frozen == value
    assert json.dumps(frozen) == json.dumps(value)


@given(json_values(wild_text))
def test_freezing_cleans_what_is_inside(value: Any) -> None:
    frozen = freeze(value)
    json.dumps(frozen, ensure_ascii=False).encode()
    assert freeze(frozen) == frozen


@given(json_values())
def test_a_frozen_value_is_no_handle_to_the_original(value: Any) -> None:
    original = copy.deepcopy(value)
    frozen = freeze(value)
    for container in list(containers(value)):
        container.clear()
    assert frozen == original


@given(json_values())
def test_thawing_gives_plain_containers(value: Any) -> None:
    frozen = freeze(value)
    for writable in (thaw(frozen), copy.deepcopy(frozen)):
        assert writable == value
        assert all(type(container) in (dict, list) for container in containers(writable))


@given(json_values())
def test_a_frozen_value_survives_pickling_frozen(value: Any) -> None:
    frozen = freeze(value)
    again = pickle.loads(pickle.dumps(frozen))
    assert again == frozen
    assert type(again) is type(frozen)


@pytest.mark.parametrize("change", DICT_CHANGES)
def test_a_frozen_dict_refuses_every_change(change: Callable[[dict[str, Any]], object]) -> None:
    frozen = FrozenDict({"a": 1})
    with pytest.raises(TypeError, match=r"read-only.*model_copy"):
        change(frozen)
    assert frozen == {"a": 1}


@pytest.mark.parametrize("change", LIST_CHANGES)
def test_a_frozen_list_refuses_every_change(change: Callable[[list[Any]], object]) -> None:
    frozen = FrozenList([1])
    with pytest.raises(TypeError, match=r"read-only.*model_copy"):
        change(frozen)
    assert frozen == [1]


def test_shallow_copies_are_writable() -> None:
    for copied in (copy.copy(FrozenDict(a=1)), FrozenDict(a=1).copy()):
        copied["a"] = 2
    for items in (copy.copy(FrozenList([1])), FrozenList([1]).copy()):
        items.append(2)


def test_empty_containers_are_shared() -> None:
    assert freeze({}) is EMPTY_DICT
    assert EMPTY_DICT == {}
    assert EMPTY_LIST == []


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"a": one}], ids=["list", "dict"])
def test_nesting_has_a_limit(wrap: Callable[[object], object]) -> None:
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    assert freeze(value) == value
    with pytest.raises(ValueError, match=f"deeper than {MAX_DEPTH}"):
        freeze(wrap(value))


def test_bottomless_metadata_is_refused_and_not_recursed_into() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested deeper"):
        freeze(value)
