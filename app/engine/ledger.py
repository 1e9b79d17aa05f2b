"""The ledger: every batch, what changed since the last look, and the wake-up of who samples it. Loop only."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.core.events import BatchSnapshot, ChangeSet, RowsAdded, RowSnapshot, SpanChange
from app.core.policy import BatchPolicy
from app.engine.batch_rows import BatchRows


class Ledger:
    """The batches in the order they were started. One reader at a time takes the changes.

    `on_wake` is called once when something changes after a look that found nothing; it must not raise.
    """

    def __init__(self, clock: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic):
        """`clock` gives seconds since the epoch, `ticks` monotonic seconds for speeds."""
        self.on_wake: Callable[[], None] = _sleep_on
        self.clock = clock
        self._ticks = ticks
        self._batches: dict[str, BatchRows] = {}
        self._changed: set[str] = set()
        self._is_awake = False

    def open_batch(self, batch_id: str, title: str, destination: str, policy: BatchPolicy) -> BatchRows:
        """Begin the rows of a new batch."""
        rows = BatchRows(
            batch_id, title, destination, policy, self.clock, self._ticks, lambda: self._note(batch_id)
        )
        self._batches[batch_id] = rows
        rows.touch()
        return rows

    def take_changes(self) -> ChangeSet:
        """What changed since the last call, as values that may cross threads."""
        added: list[RowsAdded] = []
        spans: list[SpanChange] = []
        rows: list[tuple[str, int, RowSnapshot]] = []
        batches: list[BatchSnapshot] = []
        changed, self._changed = self._changed, set()
        for batch_id in sorted(changed):
            batch = self._batches[batch_id]
            batch.sample()
            batch.take(added, spans, rows)
            batches.append(batch.snapshot())
            if batch.is_moving:
                self._changed.add(batch_id)
        self._is_awake = bool(batches)
        return ChangeSet(tuple(added), tuple(spans), tuple(rows), tuple(batches))

    def _note(self, batch_id: str) -> None:
        self._changed.add(batch_id)
        if not self._is_awake:
            self._is_awake = True
            self.on_wake()


def _sleep_on() -> None:
    """Nobody samples this ledger."""
