"""Natural keys, and the sort in small steps beside Python's own."""

from __future__ import annotations

import random
import string
from array import array
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.browser.ordering import STEP, Ordered, natural_keys, places_of, selected

names = st.text(string.ascii_letters + string.digits + ".-_ é中\0", max_size=12)


def test_numbers_in_names_sort_by_value() -> None:
    shown = ["take-1.mp4", "take-02.mp4", "Take-10.mp4", "take-100.mp4"]
    mixed = [shown[place] for place in (2, 0, 3, 1)]
    assert [name for _, name in sorted(zip(natural_keys(mixed), mixed, strict=True))] == shown


@given(st.lists(names, max_size=20))
def test_a_names_key_does_not_depend_on_the_names_beside_it(texts: list[str]) -> None:
    assert natural_keys(texts) == [key for text in texts for key in natural_keys([text])]


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 5))
def test_numbers_of_any_length_sort_by_value(first: int, second: int, zeros: int) -> None:
    keys = natural_keys([f"a{first}", f"a{'0' * zeros}{second}"])
    assert (keys[0] < keys[1]) == (first < second)


def made(keys: Sequence[Any]) -> Ordered:
    return Ordered(lambda ids: [keys[row_id] for row_id in ids])


KEYS: dict[str, Callable[[random.Random], Any]] = {
    "many": lambda draw: draw.random(),
    "few": lambda draw: float(draw.randrange(3)),
    "none": lambda draw: draw.choice([-inf, 1.0]),
    "words": lambda draw: draw.choice(["Standard", "Glacier", "a", "", "\0"]),
    "names": lambda draw: f"{draw.randrange(10**6)}",
    "lopsided": lambda draw: 0.0 if draw.random() < 0.9 else draw.random(),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("count", [0, 1, 2, 700, 3 * STEP + 5])
def test_many_rows_are_sorted_as_python_sorts_them(kind: str, count: int) -> None:
    draw = random.Random(5)
    keys = [KEYS[kind](draw) for _ in range(count)]
    ordered = made(keys)
    cut = count // 3
    for _ in ordered.sort([range(cut), range(cut, count)]):
        pass
    assert list(ordered.ids) == sorted(range(count), key=keys.__getitem__)


def test_no_step_of_a_sort_asks_for_many_keys_at_once() -> None:
    keys = [float(number * 7919 % 100_003) for number in range(20 * STEP)]
    asked: list[int] = []

    def keys_of(ids: Sequence[int]) -> list[float]:
        asked.append(len(ids))
        return [keys[row_id] for row_id in ids]

    for _ in Ordered(keys_of).sort([range(len(keys))]):
        pass
    assert max(asked) <= STEP


def test_rows_that_come_behind_all_others_are_added_and_others_are_not() -> None:
    keys = [1.0, 3.0, 2.0, 3.0, 9.0, 2.5]
    ordered = made(keys)
    assert ordered.append(range(3), keys[0:3]) == array("I", [0, 2, 1])
    assert ordered.append(range(3, 5), keys[3:5]) == array("I", [3, 4])
    assert ordered.append(range(5, 6), keys[5:6]) is None
    assert list(ordered.ids) == [0, 2, 1, 3, 4]
    assert ordered.append(range(6, 6), []) == array("I")


def test_places_and_what_a_mask_leaves() -> None:
    ids = array("I", [4, 0, 3])
    steps = list(places_of((array("I", [1]), ids), 6))
    assert list(steps[-1]) == [1, 0, 6, 2, 0, 6]
    assert [list(piece) for piece in selected(ids, bytes([0, 1, 1, 1, 1, 1]))] == [[4, 3]]
