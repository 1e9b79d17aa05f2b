"""One batch in the flat table: its header, and which of its rows stand below it at which offset."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from app.bridge.mirror import Span
from app.core.events import RowSnapshot
from app.core.states import State

MAX_RANK = 99
"""The places in the queue that are told; further back it is just "waiting"."""


class Section:
    """A batch's rows as they are shown. Offsets count the shown rows below the header, from 0.

    `matches` holds the indexes that pass the filter, in order, or None when all do. A section whose filter
    lets nothing pass has no header either.
    """

    __slots__ = ("_first_queued", "batch_id", "is_unfolded", "known", "matches")

    def __init__(self, batch_id: str, matches: array[int] | None = None) -> None:
        self.batch_id = batch_id
        self.known = 0
        self.is_unfolded = True
        self.matches = matches
        self._first_queued = 0

    @property
    def count(self) -> int:
        """How many rows pass the filter, folded or not."""
        return self.known if self.matches is None else len(self.matches)

    @property
    def has_header(self) -> bool:
        """True when the batch is shown at all."""
        return self.matches is None or len(self.matches) > 0

    @property
    def height(self) -> int:
        """How many lines of the table it takes."""
        if not self.has_header:
            return 0
        return 1 + (self.count if self.is_unfolded else 0)

    def index_at(self, offset: int) -> int:
        """The row at an offset."""
        return offset if self.matches is None else self.matches[offset]

    def offset_of(self, index: int) -> int | None:
        """Where a row is shown, None when the filter hides it."""
        if self.matches is None:
            return index if index < self.known else None
        offset = bisect_left(self.matches, index)
        return offset if offset < len(self.matches) and self.matches[offset] == index else None

    def offsets(self, spans: Iterable[Span]) -> list[Span]:
        """The offsets of the rows in `spans` that are shown, as spans."""
        if self.matches is None:
            return [(first, min(last, self.known - 1)) for first, last in spans if first < self.known]
        edges = (
            (bisect_left(self.matches, first), bisect_right(self.matches, last)) for first, last in spans
        )
        return [(low, high - 1) for low, high in edges if low < high]

    def matches_within(self, first: int, last: int) -> array[int]:
        """The rows from `first` to `last`, both included, that are among the matches."""
        assert self.matches is not None
        return self.matches[bisect_left(self.matches, first) : bisect_right(self.matches, last)]

    # The place in the queue

    def note_changed(self, rows: Sequence[RowSnapshot], spans: Iterable[Span]) -> None:
        """Take note that `spans` of `rows` changed: one of them may be queued again before the others."""
        for first, last in spans:
            for index in range(first, min(last + 1, self._first_queued)):
                if rows[index].state is State.QUEUED:
                    self._first_queued = index
                    return

    def rank(self, rows: Sequence[RowSnapshot], index: int) -> int | None:
        """The place of a queued row in the queue, 1 for the next one; None beyond `MAX_RANK`."""
        while self._first_queued < index and rows[self._first_queued].state is not State.QUEUED:
            self._first_queued += 1
        if index - self._first_queued >= MAX_RANK:
            return None
        return 1 + sum(rows[before].state is State.QUEUED for before in range(self._first_queued, index))


def removed_runs(matches: array[int], gone: Iterable[int]) -> list[Span]:
    """The offsets in `matches` of the indexes `gone`, as spans, the last one first."""
    runs: list[Span] = []
    for offset in (bisect_left(matches, index) for index in sorted(gone)):
        if runs and runs[-1][1] + 1 == offset:
            runs[-1] = (runs[-1][0], offset)
        else:
            runs.append((offset, offset))
    return runs[::-1]


def added_runs(matches: array[int], come: Iterable[int]) -> list[tuple[int, array[int]]]:
    """The indexes `come` grouped by the offset in `matches` that they go in at, the last offset first."""
    runs: list[tuple[int, array[int]]] = []
    for index in sorted(come):
        offset = bisect_left(matches, index)
        if runs and runs[-1][0] == offset:
            runs[-1][1].append(index)
        else:
            runs.append((offset, array("q", (index,))))
    return runs[::-1]
