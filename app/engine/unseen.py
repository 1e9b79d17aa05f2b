"""What has changed in the rows of one batch since somebody last looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.events import RowsAdded, RowSeed, RowSnapshot, SpanChange
from app.engine.row import Row, spans


class Unseen:
    """Collects changes until `take`. Loop only."""

    def __init__(self, batch_id: str) -> None:
        self._batch_id = batch_id
        self._told_rows = 0
        self._dirty: set[int] = set()
        self._spans: list[SpanChange] = []

    def mark(self, index: int) -> bool:
        """One row has changed; True when it is the first time since the last `take`."""
        if index in self._dirty:
            return False
        self._dirty.add(index)
        return True

    def mark_all(self, indexes: Iterable[int]) -> None:
        """Some rows have changed, each in its own way."""
        self._dirty.update(indexes)

    def mark_alike(self, rows: Sequence[Row]) -> None:
        """Rows, in order, have all gone one way: told as spans."""
        self._spans.extend(spans(self._batch_id, rows))

    def take(
        self,
        rows: Sequence[Row],
        added: list[RowsAdded],
        spans: list[SpanChange],
        changed: list[tuple[str, int, RowSnapshot]],
    ) -> None:
        """Append what is new of `rows`, which are all of the batch, and forget it."""
        if self._told_rows < len(rows):
            seeds = tuple(
                RowSeed(row.item.obj.key, row.item.path, row.item.obj.size_bytes)
                for row in rows[self._told_rows :]
            )
            added.append(RowsAdded(self._batch_id, self._told_rows, seeds))
            self._told_rows = len(rows)
        spans.extend(self._spans)
        changed.extend((self._batch_id, index, rows[index].snapshot()) for index in sorted(self._dirty))
        self._spans, self._dirty = [], set()
