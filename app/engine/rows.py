"""The rows of one batch, each with its moves: the only place that changes a transfer's state. Loop only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from app.core.errors import ErrorRecord
from app.core.events import RowsAdded, RowSnapshot, SpanChange
from app.core.plan import PlannedItem
from app.core.saved import SavedRow
from app.core.states import Phase, State, check_move
from app.engine.rate import SpeedMeter
from app.engine.row import Row
from app.engine.totals import Totals
from app.engine.unseen import Unseen


class Rows:
    """The rows and their totals. Every illegal move raises."""

    def __init__(self, batch_id: str, ticks: Callable[[], float], on_change: Callable[[], None]) -> None:
        """`ticks` gives monotonic seconds; `on_change` is called when a look would find something new."""
        self.batch_id = batch_id
        self.bytes_fetched = 0
        self.watchers: list[Callable[[Row], None]] = []
        self._ticks = ticks
        self._on_change = on_change
        self._rows: list[Row] = []
        self._running: set[int] = set()
        self._totals = Totals()
        self._unseen = Unseen(batch_id)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:
        return self._rows[index]

    def in_state(self, *states: State) -> Iterator[int]:
        """The rows in one of `states`, in order."""
        return (row.index for row in self._rows if row.state in states)

    def counts(self) -> dict[State, int]:
        """Rows by state; they add up to all rows."""
        return dict(self._totals.counts)

    def touch(self) -> None:
        """Something of the batch itself changed."""
        self._on_change()

    def add(self, items: Sequence[PlannedItem]) -> range:
        """Add QUEUED rows; returns their indexes."""
        rows = [Row(index, item) for index, item in enumerate(items, len(self._rows))]
        indexes = self._enter(rows)
        self._tell(rows)
        return indexes

    def restore(self, saved: Sequence[SavedRow]) -> None:
        """Add the rows that an earlier start of the program left; one that had not ended is QUEUED anew."""
        rows = [Row(index, entry.item) for index, entry in enumerate(saved, len(self._rows))]
        for row, entry in zip(rows, saved, strict=True):
            row.restore(entry)
        self._unseen.mark_all(self._enter(rows))
        self._tell([row for row in rows if row.state is State.QUEUED])

    def revise(self, index: int, item: PlannedItem) -> None:
        """Keep what is now known of a row's object, or a new verdict on it; its path stays."""
        row = self._rows[index]
        self._totals.drop(row)
        row.item = item
        self._totals.add(row)
        self._mark(row)

    def count_retry(self, index: int) -> None:
        """A request of the row has failed and will be made again."""
        self._rows[index].tries += 1

    def start(self, index: int) -> None:
        """QUEUED to RUNNING."""
        row = self._rows[index]
        self._set(row, State.RUNNING)
        row.tries, row.phase, row.meter = 1, Phase.CONNECTING, SpeedMeter(self._ticks())

    def enter(self, index: int, phase: Phase, *, retry_at: float | None = None) -> None:
        """Change a RUNNING row's phase."""
        row = self._rows[index]
        row.phase, row.retry_at = phase, retry_at
        self._mark(row)

    def progress(self, index: int, done_bytes: int, *, is_fetched: bool = True) -> None:
        """Set how many bytes the row holds now, out of its size; kept ones were not fetched again."""
        row = self._rows[index]
        came = done_bytes - row.done_bytes
        self._totals.hold(row, done_bytes)
        if came > 0 and is_fetched:
            self.bytes_fetched += came
        self._mark(row)

    def may_publish(self, index: int, attempt: int) -> bool:
        """The commit gate: whether this attempt may give its file the final name right now."""
        row = self._rows[index]
        return row.state is State.RUNNING and row.attempt == attempt

    def finish(self, index: int, state: State, *, note: str = "", verified: str | None = None) -> None:
        """Move to DONE, SKIPPED or CANCELLED."""
        row = self._rows[index]
        row.note, row.verified = note, verified
        if state is State.CANCELLED:
            self._drop_bytes(row)
        self._set(row, state)

    def fail(self, index: int, error: ErrorRecord) -> None:
        """Move to FAILED with its error."""
        row = self._rows[index]
        row.error = error
        self._drop_bytes(row)
        self._set(row, State.FAILED)

    def pause(self, index: int) -> None:
        """Move a QUEUED or RUNNING row to PAUSED."""
        row = self._rows[index]
        self._drop_bytes(row)
        self._set(row, State.PAUSED)

    def pause_queued(self) -> None:
        """Move every QUEUED row to PAUSED."""
        self._move_alike([row for row in self._rows if row.state is State.QUEUED], State.PAUSED)

    def unpause(self, indexes: Iterable[int]) -> list[int]:
        """Send those of the rows that are PAUSED back to QUEUED, for the same attempt; returns them."""
        paused = sorted(index for index in indexes if self._rows[index].state is State.PAUSED)
        self._move_alike([self._rows[index] for index in paused], State.QUEUED)
        return paused

    def take(
        self,
        added: list[RowsAdded],
        spans: list[SpanChange],
        rows: list[tuple[str, int, RowSnapshot]],
    ) -> None:
        """Append what changed in the rows since the last call."""
        self._unseen.take(self._rows, added, spans, rows)

    def _enter(self, rows: Sequence[Row]) -> range:
        first = len(self._rows)
        self._rows.extend(rows)
        for row in rows:
            self._totals.add(row)
        self.touch()
        return range(first, len(self._rows))

    def _set(self, row: Row, state: State) -> None:
        check_move(row.state, state)
        self._totals.move(row, state)
        if state is State.RUNNING:
            self._running.add(row.index)
        else:
            self._running.discard(row.index)
            row.phase, row.retry_at, row.meter, row.is_pausing = Phase.NONE, None, None, False
        self._mark(row)
        self._tell([row])

    def _move_alike(self, rows: Sequence[Row], state: State) -> None:
        """Move waiting rows, in order, told as spans."""
        self._totals.move_alike(rows, state)
        self._tell(rows)
        self._unseen.mark_alike(rows)
        # A span's rows look the same, but for those that hold something.
        self._unseen.mark_all(row.index for row in rows if row.done_bytes)
        self.touch()

    def _mark(self, row: Row) -> None:
        if self._unseen.mark(row.index):
            self._on_change()

    def _tell(self, rows: Sequence[Row]) -> None:
        for watch in self.watchers:
            for row in rows:
                watch(row)

    def _drop_bytes(self, row: Row) -> None:
        """Of an attempt that did not succeed only what was kept counts."""
        self._totals.hold(row, row.kept.held_bytes if row.kept else 0)
