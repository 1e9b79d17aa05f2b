"""One transfer as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.core.errors import ErrorRecord
from app.core.events import RowSnapshot, SpanChange
from app.core.plan import PlannedItem
from app.core.saved import SavedPart, SavedRow
from app.core.states import Phase, State
from app.engine.rate import SpeedMeter


class Row:
    """One transfer. Read by anyone on the loop, changed by its BatchRows alone."""

    __slots__ = (
        "attempt",
        "done_bytes",
        "error",
        "index",
        "is_culprit",
        "is_pausing",
        "item",
        "kept",
        "meter",
        "note",
        "phase",
        "retry_at",
        "state",
        "stopped_by",
        "tries",
        "verified",
    )

    def __init__(self, index: int, item: PlannedItem) -> None:
        self.index = index
        self.item = item
        self.attempt = 1
        self.state = State.QUEUED
        self.meter: SpeedMeter | None = None
        self.kept: SavedPart | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the last attempt."""
        self.phase = Phase.NONE
        self.done_bytes = 0
        self.tries = 0
        self.retry_at: float | None = None
        self.error: ErrorRecord | None = None
        self.stopped_by: int | None = None
        self.is_culprit = False
        self.is_pausing = False
        self.verified: str | None = None
        self.note = ""

    def restore(self, saved: SavedRow) -> None:
        """Take the row up where an earlier start of the program left it."""
        self.state, self.attempt, self.tries = saved.state, saved.attempt, saved.tries
        self.error, self.verified, self.note = saved.error, saved.verified, saved.note
        if self.state is State.QUEUED:
            self.attempt += 1
        elif self.state is State.DONE:
            self.done_bytes = max(0, saved.item.obj.size_bytes)

    def snapshot(self) -> RowSnapshot:
        """The row as a value."""
        return RowSnapshot(
            state=self.state,
            phase=self.phase,
            done_bytes=self.done_bytes,
            speed_bps=self.meter.bps if self.meter else 0.0,
            attempt=self.attempt,
            tries=self.tries,
            retry_at=self.retry_at,
            error=self.error,
            stopped_by=self.stopped_by,
            is_culprit=self.is_culprit,
            verified=self.verified,
            note=self.note,
        )


def spans(batch_id: str, rows: Sequence[Row]) -> Iterator[SpanChange]:
    """Rows that have all gone one way, as spans of neighbours that look the same. `rows` is by index."""
    start = 0
    for position, row in enumerate(rows):
        following = rows[position + 1] if position + 1 < len(rows) else None
        if following and following.index == row.index + 1 and following.attempt == row.attempt:
            continue
        yield SpanChange(batch_id, rows[start].index, row.index, row.snapshot())
        start = position + 1
