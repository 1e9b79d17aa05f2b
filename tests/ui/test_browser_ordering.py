"""Natural keys, merging pages into an order, and the filter's words."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.browser.ordering import merged_order, name_filter, natural_key

names = st.text(string.ascii_letters + string.digits + ".-_ é中", max_size=12)


def test_numbers_in_names_sort_by_value() -> None:
    shown = ["take-1.mp4", "take-02.mp4", "Take-10.mp4", "take-100.mp4"]
    mixed = [shown[place] for place in (2, 0, 3, 1)]
    assert sorted(mixed, key=natural_key) == shown


@given(names, names)
def test_only_equal_names_have_equal_keys(first: str, second: str) -> None:
    assert (natural_key(first) == natural_key(second)) == (first == second)


@given(st.lists(st.lists(st.integers(0, 99), max_size=8), max_size=8), st.booleans())
def test_pages_merged_one_by_one_stand_as_if_sorted_at_once(pages: list[list[int]], descends: bool) -> None:
    values = [value for page in pages for value in page]
    key = [(value, item) for item, value in enumerate(values)].__getitem__
    order: list[int] = []
    first = 0
    for page in pages:
        new = list(range(first, first + len(page)))
        first += len(page)
        grown, runs = merged_order(order, new, key, is_descending=descends)
        rebuilt = list(order)
        for at, count in runs:
            rebuilt[at:at] = grown[at : at + count]
        assert rebuilt == grown
        order = grown
    assert order == sorted(range(len(values)), key=key, reverse=descends)


@pytest.mark.parametrize(
    ("text", "name", "is_shown"),
    [
        ("TAKE", "take-01.mp4", True),
        ("*.MP4", "take-01.mp4", True),
        ("*.mp4", "take-01.mp4.txt", False),
        ("take-0?.mp4", "take-01.mp4", True),
        ("take-?.mp4", "take-01.mp4", False),
        ("[1]*", "[1] take.mp4", True),
        ("[1]", "take-1.mp4", False),
        (".", "README", False),
        ("straße", "STRASSE", True),
    ],
)
def test_a_filter_is_a_part_of_the_name_or_a_glob(text: str, name: str, is_shown: bool) -> None:
    matches = name_filter(text)
    assert matches is not None
    assert matches(name) is is_shown


def test_an_empty_filter_is_no_filter() -> None:
    assert name_filter("  ") is None
