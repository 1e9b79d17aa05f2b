"""Which rows are shown and in what order, kept up with the rows that come and what a person asks. No Qt."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from app.ui.browser.entry import Column
from app.ui.browser.filtering import RowFilter
from app.ui.browser.ordering import Ordered, natural_keys, places_of, selected, steps
from app.ui.browser.rows import Chunk, Rows

REST = 2.0
"""After an order was made anew, this many times as long passes before the next time: pages go on coming."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for. The direction is no part of it: a list can be read from either end."""

    column: Column = Column.NAME
    row_filter: RowFilter | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """All that is shown: the ids of folders and of objects, each in ascending order.

    `places` says where each id stands in its list, and the number of rows for one that is not shown.
    `size_bytes` is what the objects have together.
    """

    folders: array[int]
    objects: array[int]
    places: array[int]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is new in what is shown for a wish: ids to be added at the end of the folders and of the objects.

    With an `order` the rows have got new places, those that are new as well; when that `is_anew` it says
    all, and nothing counts that was told before. `row_count` rows have been looked at; `is_behind` when some
    of them wait until the order is made anew.
    """

    wish: Wish
    folders: array[int]
    objects: array[int]
    row_count: int
    size_bytes: int
    is_behind: bool
    order: Order | None = None
    is_anew: bool = False


class _Section:
    """The folders or the objects of a level: those in order, and the chunks that do not fit at the end."""

    def __init__(self, keys_of: Callable[[Sequence[int]], list[Any]], *, is_folders: bool) -> None:
        self.ordered = Ordered(keys_of)
        self._keys_of = keys_of
        self._is_folders = is_folders
        self._parts: list[range] = []
        self._placed = 0
        self._taken = 0

    @property
    def is_behind(self) -> bool:
        """True when chunks wait for the order to be made anew."""
        return self._placed < len(self._parts)

    def take(self, chunks: Sequence[Chunk], check: Callable[[], object]) -> array[int]:
        """Take in the chunks that are new; gives the ids that could be added at the end."""
        added = array("I")
        for chunk in chunks[self._taken :]:
            check()
            self._taken += 1
            if chunk.is_folders is self._is_folders:
                self._parts.append(chunk.ids)
                if self._placed + 1 == len(self._parts):
                    new = self.ordered.append(chunk.ids, self._keys_of(chunk.ids))
                    self._placed += new is not None
                    added.extend(new or ())
        return added

    def sort(self, check: Callable[[], object]) -> array[int]:
        """Put everything in order; gives the ids that had waited for it."""
        waiting = array("I")
        if self.is_behind:
            for _ in self.ordered.sort(self._parts):
                check()
            for ids in self._parts[self._placed :]:
                waiting.extend(ids)
            self._placed = len(self._parts)
        return waiting


class Arrangement:
    """Arranges one level's rows; to be used by one thread at a time."""

    def __init__(self, rows: Rows, clock: Callable[[], float] = monotonic) -> None:
        self.rests_until = 0.0
        self._rows = rows
        self._clock = clock
        self._was_left = False
        self._row_count = 0
        self._column = Column.NAME
        self._folders = _Section(self._natural_keys, is_folders=True)
        self._by_name = self._objects = _Section(self._natural_keys, is_folders=False)
        self._filter: RowFilter | None = None
        self._mask = bytearray()

    @property
    def is_behind(self) -> bool:
        """True when rows wait for the order to be made anew."""
        return self._folders.is_behind or self._objects.is_behind

    def arrange(
        self, wish: Wish, chunks: Sequence[Chunk], check: Callable[[], object], *, anew: bool, is_last: bool
    ) -> Arranged | None:
        """What to show for `wish` with the rows of `chunks`; None when that is known already.

        With `anew` everything is told. Orders are made anew at most a third of the time, unless `is_last`: no
        more rows will come. `check` is called between small steps; what it raises ends the work, which may
        be asked for again.
        """
        anew, self._was_left = anew or self._was_left, True
        row_count = chunks[-1].ids.stop if chunks else 0
        self._turn_to(wish.column)
        new = [section.take(chunks, check) for section in (self._folders, self._objects)]
        is_sorted = self.is_behind and (is_last or self._clock() >= self.rests_until)
        if is_sorted:
            for ids, waiting in zip(new, self._sort(check), strict=True):
                ids.extend(waiting)
        self._look(wish.row_filter, chunks, check)
        arranged = None
        if anew or is_sorted or row_count > self._row_count:
            new_folders, new_objects = (self._shown(ids, check) for ids in new)
            size_bytes = self._size_bytes(new_objects)
            arranged = Arranged(wish, new_folders, new_objects, row_count, size_bytes, self.is_behind)
        if arranged and (anew or is_sorted):
            arranged = replace(arranged, order=self._order(row_count, check), is_anew=anew)
        self._row_count = row_count
        self._was_left = False
        return arranged

    def _order(self, row_count: int, check: Callable[[], object]) -> Order:
        folders, objects = (self._shown(part.ordered.ids, check) for part in (self._folders, self._objects))
        places = array("I")
        for step in places_of((folders, objects), row_count):
            check()
            places = step
        return Order(folders, objects, places, self._size_bytes(objects))

    def _size_bytes(self, ids: array[int]) -> int:
        """The sizes of objects, added up."""
        size_of = self._rows.sizes.__getitem__
        return sum(sum(map(size_of, piece)) for piece in steps(ids))

    def _turn_to(self, column: Column) -> None:
        if column is self._column:
            return
        self._column = column
        self.rests_until = 0.0
        keys = {Column.SIZE: self._sizes, Column.MODIFIED: self._dates, Column.STORAGE_CLASS: self._classes}
        if column is Column.NAME:
            self._objects = self._by_name
        else:
            self._objects = _Section(keys[column], is_folders=False)

    def _sort(self, check: Callable[[], object]) -> list[array[int]]:
        began = self._clock()
        waiting = [section.sort(check) for section in (self._folders, self._objects)]
        now = self._clock()
        self.rests_until = now + REST * (now - began)
        return waiting

    def _look(
        self, row_filter: RowFilter | None, chunks: Sequence[Chunk], check: Callable[[], object]
    ) -> None:
        """Bring the mask of what is shown up to date."""
        if row_filter is None:
            self._filter, self._mask = None, bytearray()
            return
        mask = self._mask if row_filter == self._filter else bytearray()
        new = chunks if not mask else [chunk for chunk in chunks if chunk.first >= len(mask)]
        self._filter, self._mask = row_filter, mask
        for chunk in new:
            check()
            mask += self._rows.mask_of(chunk, row_filter)

    def _shown(self, ids: array[int], check: Callable[[], object]) -> array[int]:
        if self._filter is None:
            return ids[:]
        shown = array("I")
        for piece in selected(ids, self._mask):
            check()
            shown.extend(piece)
        return shown

    def _natural_keys(self, ids: Sequence[int]) -> list[Any]:
        return natural_keys(self._rows.names_of(ids))

    def _sizes(self, ids: Iterable[int]) -> list[Any]:
        # As floats, which are compared in half the time; sizes that differ by a billionth may change places.
        return list(map(float, map(self._rows.sizes.__getitem__, ids)))

    def _dates(self, ids: Iterable[int]) -> list[Any]:
        return list(map(self._rows.modified.__getitem__, ids))

    def _classes(self, ids: Iterable[int]) -> list[Any]:
        return self._rows.class_words_of(ids)
