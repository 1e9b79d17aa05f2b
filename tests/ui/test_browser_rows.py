"""The rows of a level in little memory: nothing is lost, and how little it is."""

from __future__ import annotations

import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.objects import ObjectInfo
from app.ui.browser.packed import PackedTexts, packed_etags
from app.ui.browser.rows import Rows
from tests.ui.browser_pages import page, thing

texts = st.lists(st.text(st.characters(codec=None), max_size=8), max_size=12)


@given(texts)
def test_packed_texts_come_out_as_they_went_in(told: list[str]) -> None:
    packed = PackedTexts(told)
    assert packed.all() == told
    assert [packed[place] for place in range(len(packed))] == told


@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.from_regex("[0-9a-f]{32}", fullmatch=True), st.just("A" * 32)),
        max_size=8,
    )
)
def test_packed_etags_come_out_as_they_went_in(told: list[str]) -> None:
    packed = packed_etags(told)
    assert [packed[place] for place in range(len(packed))] == told


INFOS = (
    thing("p/a", 5, etag="0" * 32),
    thing("p/ü\0b", 0, etag="x-2", modified_at=None),
    thing("p/c", -7, storage_class="GLACIER"),
    thing("p/d", 2**80, storage_class="GLACIER", is_restored=True),
    thing("elsewhere", 6, problem="outside"),
    thing("p/e", 2**63 - 1, problem="twice"),
    thing("p/f", 9, modified_at=0.0),
)


def test_every_object_comes_out_as_it_was_listed() -> None:
    rows = Rows("p/")
    rows.take(page(*INFOS[:3], prefixes=("p/x/", "p/y/")))
    rows.take(page(*INFOS[3:]))
    assert [rows.entry(row_id).key for row_id in range(2)] == ["p/x/", "p/y/"]
    assert [rows.entry(row_id).info for row_id in range(2, 9)] == list(INFOS)
    assert [rows.key(row_id) for row_id in range(2, 9)] == [info.key for info in INFOS]
    assert rows.names_of([8, 2, 0]) == ["f", "a", "x/"]
    assert rows.names_of(range(2, 4)) == ["a", "ü\0b"]
    assert (rows.folder_count, rows.size_bytes) == (2, 20 + 2**63 - 1)


@pytest.mark.parametrize("count", [1, 1000])
def test_the_marker_of_the_open_folder_is_left_out_wherever_it_comes(count: int) -> None:
    rows = Rows("p/")
    rows.take(page(thing("p/", 0), *(f"p/{number}" for number in range(count))))
    assert len(rows) == count
    assert rows.entry(0).key == "p/0"


def test_a_row_takes_less_than_a_hundred_bytes_beyond_its_key() -> None:
    rows = Rows()
    for number in range(20):
        infos = (
            ObjectInfo(f"{number:04}{at:04}", at, f"{at:032x}", 1.0 + at, "STANDARD") for at in range(1000)
        )
        rows.take(page(*infos))
    held = sum(
        _size(getattr(part, name))
        for chunk in rows.chunks
        for part in (chunk.names, chunk.etags)
        for name in ("_data", "_ends")
        if hasattr(part, name)
    )
    held += _size(rows.sizes) + _size(rows.modified)
    assert held / len(rows) - 8 < 100


def _size(held: bytes | array[int] | array[float]) -> int:
    return sys.getsizeof(held)
