"""What is shown, kept up with rows that come and wishes that change, beside sorting everything at once."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.core.objects import ObjectInfo
from app.ui.browser.arrangement import Arranged, Arrangement, Wish
from app.ui.browser.arranger import FEW_ROWS, Arranger
from app.ui.browser.entry import Column, class_words
from app.ui.browser.filtering import parse_filter
from app.ui.browser.ordering import natural_keys
from app.ui.browser.rows import Rows
from tests.ui.browser_pages import page

FILTERS = ("", "a", "1", "*b", "size>3", "zzz")

things = st.builds(
    ObjectInfo,
    st.text("abAB10", min_size=1, max_size=3),
    st.integers(0, 6),
    modified_at=st.sampled_from([None, 1.0, 2.0, 3.0]),
    storage_class=st.sampled_from(["STANDARD", "GLACIER"]),
)
pages = st.builds(
    lambda infos, folders: page(*infos, prefixes=tuple(f"{name}/" for name in folders)),
    st.lists(things, max_size=6),
    st.lists(st.text("aB1", min_size=1, max_size=2), max_size=2),
)
wishes = st.builds(
    lambda column, text: Wish(column, parse_filter(text)), st.sampled_from(Column), st.sampled_from(FILTERS)
)


class LeftError(Exception):
    """Something else was wanted."""


class Follower:
    """Does with what is told what a view does; its clock moves on by `tick_s` with every look."""

    def __init__(self, tick_s: float = 0.0) -> None:
        self.rows = Rows()
        self.now = 0.0
        self.tick_s = tick_s
        self.arrangement = Arrangement(self.rows, self.clock)
        self.folders, self.objects = array("I"), array("I")
        self.size_bytes = 0
        self.told: Arranged | None = None

    def clock(self) -> float:
        self.now += self.tick_s
        return self.now

    def ask(self, wish: Wish, *, anew: bool, is_last: bool = False, leave_at: int = 10**9) -> None:
        """Ask for a wish; the work is left at its `leave_at`-th step."""
        steps = itertools.count()

        def check() -> None:
            if next(steps) >= leave_at:
                raise LeftError

        arranged = self.arrangement.arrange(wish, self.rows.chunks, check, anew=anew, is_last=is_last)
        if arranged is None:
            return
        self.told = arranged
        if arranged.order is None or not arranged.is_anew:
            self.folders.extend(arranged.folders)
            self.objects.extend(arranged.objects)
            self.size_bytes += arranged.size_bytes
        if arranged.order is not None:
            if not arranged.is_anew:
                assert sorted(self.objects) == sorted(arranged.order.objects)
                assert sorted(self.folders) == sorted(arranged.order.folders)
            self.folders, self.objects = arranged.order.folders[:], arranged.order.objects[:]
            self.size_bytes = arranged.order.size_bytes
            for ids in (self.folders, self.objects):
                assert [arranged.order.places[row_id] for row_id in ids] == list(range(len(ids)))


def expected(rows: Rows, wish: Wish) -> tuple[list[int], list[int]]:
    """Folders and objects as one sort of everything has them."""
    sections: tuple[list[int], list[int]] = ([], [])
    for chunk in rows.chunks:
        mask = rows.mask_of(chunk, wish.row_filter) if wish.row_filter else b"\1" * len(chunk.ids)
        sections[not chunk.is_folders].extend(itertools.compress(chunk.ids, mask))
    keys: dict[Column, Callable[[int], Any]] = {
        Column.NAME: lambda row_id: natural_keys([rows.name(row_id)])[0],
        Column.SIZE: rows.sizes.__getitem__,
        Column.MODIFIED: rows.modified.__getitem__,
        Column.STORAGE_CLASS: lambda row_id: class_words(rows.entry(row_id).info.storage_class),
    }
    return sorted(sections[0], key=keys[Column.NAME]), sorted(sections[1], key=keys[wish.column])


@given(st.lists(st.tuples(pages, wishes, st.integers(0, 60), st.floats(0, 5)), min_size=1, max_size=8))
def test_what_is_shown_is_what_one_sort_of_everything_shows(script: list[Any]) -> None:
    follower = Follower(tick_s=1.0)
    told = None
    for number, (came, wish, leave_at, pause_s) in enumerate(script):
        follower.rows.take(came)
        follower.now += pause_s
        is_last = number + 1 == len(script)
        with suppress(LeftError):
            follower.ask(wish, anew=wish != told, is_last=is_last, leave_at=leave_at)
            told = wish
    follower.ask(wish, anew=wish != told, is_last=True)
    folders, objects = expected(follower.rows, wish)
    assert (list(follower.folders), list(follower.objects)) == (folders, objects)
    assert follower.size_bytes == sum(map(follower.rows.sizes.__getitem__, objects))
    assert not follower.arrangement.is_behind


def test_pages_in_order_are_added_and_a_page_out_of_order_waits_for_its_time() -> None:
    follower = Follower()
    wish = Wish()
    for names in (["b1", "b2"], ["b10", "c"]):
        follower.rows.take(page(*names))
        follower.ask(wish, anew=follower.told is None)
    assert follower.told is not None
    assert follower.told.order is None
    follower.arrangement.rests_until = 10.0
    follower.rows.take(page("a"))
    follower.ask(wish, anew=False)
    assert (list(follower.objects), follower.told.is_behind) == ([0, 1, 2, 3], True)
    follower.now = 10.0
    follower.ask(wish, anew=False)
    assert (list(follower.objects), follower.told.is_behind) == ([4, 0, 1, 2, 3], False)


def test_the_last_rows_do_not_wait() -> None:
    follower = Follower()
    follower.rows.take(page("b"))
    follower.ask(Wish(), anew=True)
    follower.arrangement.rests_until = 10.0
    follower.rows.take(page("a"))
    follower.ask(Wish(), anew=False, is_last=True)
    assert (list(follower.objects), follower.arrangement.is_behind) == ([1, 0], False)


@pytest.mark.parametrize("leave_at", range(4))
def test_what_was_left_is_made_up_for_the_next_time(leave_at: int) -> None:
    follower = Follower()
    wish = Wish(Column.NAME, parse_filter("a"))
    follower.rows.take(page("a1"))
    follower.ask(wish, anew=True)
    follower.rows.take(page("a2", "b"))
    with suppress(LeftError):
        follower.ask(wish, anew=False, leave_at=leave_at)
    follower.rows.take(page("a3"))
    follower.ask(wish, anew=False)
    assert list(follower.objects) == [0, 1, 3]


def test_nothing_new_is_nothing_to_tell() -> None:
    follower = Follower()
    follower.rows.take(page("a"))
    follower.ask(Wish(), anew=True)
    first = follower.told
    follower.ask(Wish(), anew=False)
    assert follower.told is first


@pytest.fixture
def arranger(qapp: object) -> Any:
    arranger = Arranger()
    yield arranger
    arranger.close()


def many(count: int) -> Rows:
    rows = Rows()
    for first in range(0, count, 1000):
        rows.take(page(*(f"{number:06}" for number in range(first, min(count, first + 1000)))))
    return rows


def test_few_rows_are_arranged_at_once(arranger: Arranger) -> None:
    told: list[Arranged] = []
    arranger.arranged.connect(told.append)
    arranger.begin(many(FEW_ROWS))
    arranger.go_on(is_last=True)
    assert [len(arranged.order.objects) for arranged in told if arranged.order] == [FEW_ROWS]


def test_many_rows_are_arranged_elsewhere_and_only_the_last_wish_is_told(
    arranger: Arranger, qtbot: QtBot
) -> None:
    told: list[Arranged] = []
    arranger.arranged.connect(told.append)
    arranger.begin(many(20_000))
    arranger.ask(Wish(Column.SIZE))
    last = Wish(Column.NAME, parse_filter("77"))
    arranger.ask(last)
    assert told == []
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert [arranged.wish for arranged in told] == [last]
    assert told[0].order is not None
    assert len(told[0].order.objects) == sum("77" in f"{number:06}" for number in range(20_000))


def test_rows_of_an_earlier_level_are_not_told(arranger: Arranger, qtbot: QtBot) -> None:
    told: list[Arranged] = []
    arranger.arranged.connect(told.append)
    arranger.begin(many(20_000))
    arranger.go_on()
    arranger.begin(many(30_000))
    arranger.go_on(is_last=True)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert {arranged.row_count for arranged in told} == {30_000}
