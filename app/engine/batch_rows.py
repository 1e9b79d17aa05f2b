"""One batch in the ledger: its rows, how it stands, and which error it ends with. Loop only."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from app.core.errors import ErrorRecord
from app.core.events import BatchPhase, BatchSnapshot, Outcome, Wait
from app.core.policy import BatchPolicy
from app.core.states import State
from app.engine.rate import SpeedMeter, eta_s
from app.engine.rows import Rows

_WAITING = frozenset({State.QUEUED, State.PAUSED})


class BatchRows(Rows):
    """The rows of one batch and what they have in common."""

    def __init__(
        self,
        batch_id: str,
        title: str,
        destination: str,
        policy: BatchPolicy,
        clock: Callable[[], float],
        ticks: Callable[[], float],
        on_change: Callable[[], None],
    ) -> None:
        super().__init__(batch_id, ticks, on_change)
        self.phase = BatchPhase.PLANNING
        self.outcome: Outcome | None = None
        self.is_listing_complete = False
        self.excluded_count = 0
        self.is_paused = False
        self.first_error: ErrorRecord | None = None
        self.wait: Wait | None = None
        self._first_error_index: int | None = None
        self.title = title
        self.destination = destination
        self._policy = policy
        self._clock = clock
        self.started_at = clock()
        self._finished_at: float | None = None
        self._meter = SpeedMeter(ticks())

    @property
    def policy(self) -> BatchPolicy:
        """The policy in force."""
        return self._policy

    @policy.setter
    def policy(self, policy: BatchPolicy) -> None:
        self._policy = policy
        self.touch()

    @property
    def has_open(self) -> bool:
        """True while a row waits, runs or is paused."""
        return self._totals.has_open

    @property
    def is_moving(self) -> bool:
        """True while numbers change without an event (speeds): not in a wait, once they have sunk."""
        return bool(self._running) and (self.wait is None or self._meter.bps >= 1.0)

    def blame(self, error: ErrorRecord, index: int | None) -> None:
        """Keep the batch's first error, once; `index` is the culprit's row, None for a listing."""
        if self.first_error is None:
            self.first_error, self._first_error_index = error, index
            self.touch()

    def convict(self, error: ErrorRecord, index: int | None) -> None:
        """This error has stopped the batch, whatever failed before it did not; its row carries the blame."""
        self.first_error, self._first_error_index = error, index
        if index is not None:
            self._rows[index].is_culprit = True
            self._mark(self._rows[index])
        self.touch()

    def stop(self, index: int) -> None:
        """Move a row to STOPPED by the first error."""
        row = self._rows[index]
        row.stopped_by = self._first_error_index
        self._drop_bytes(row)
        self._set(row, State.STOPPED)

    def end_waiting(self, state: State) -> None:
        """Move every QUEUED and PAUSED row to STOPPED or CANCELLED, told as spans of rows."""
        stopped_by = self._first_error_index if state is State.STOPPED else None
        pending = [row for row in self._rows if row.state in _WAITING]
        for row in pending:
            row.stopped_by = stopped_by
        self._move_alike(pending, state)

    def requeue(self, indexes: Iterable[int]) -> None:
        """Send ended rows back to QUEUED for a new attempt."""
        for index in indexes:
            row = self._rows[index]
            if index == self._first_error_index:
                self.first_error, self._first_error_index = None, None
            self._totals.hold(row, 0)
            row.reset()
            row.attempt += 1
            self._set(row, State.QUEUED)

    def begin_run(self) -> None:
        """A run of the pool begins: the first one or a retry, which another row may stop."""
        if self._first_error_index is not None:
            self._rows[self._first_error_index].is_culprit = False
            self._mark(self._rows[self._first_error_index])
        self.phase, self.outcome = BatchPhase.RUNNING, None
        self.first_error, self._first_error_index, self._finished_at = None, None, None
        self._meter = SpeedMeter(self._ticks(), self._totals.done_bytes)
        self.touch()

    def set_phase(self, phase: BatchPhase) -> None:
        """The batch is planning, running or stopping."""
        self.phase = phase
        self.touch()

    def end(self, outcome: Outcome) -> None:
        """The run has ended; every row is terminal."""
        self.phase, self.outcome, self._finished_at = BatchPhase.ENDED, outcome, self._clock()
        self.is_paused = False
        self.touch()

    def sample(self) -> None:
        """Take the speeds at this moment."""
        now = self._ticks()
        self._meter.sample(now, self._totals.done_bytes)
        for row in map(self._rows.__getitem__, self._running):
            if row.meter is not None:
                row.meter.sample(now, row.done_bytes)
        self._unseen.mark_all(self._running)

    def snapshot(self) -> BatchSnapshot:
        """The batch as a value."""
        is_running = self.phase is not BatchPhase.ENDED
        totals = self._totals
        is_still = totals.counts[State.PAUSED] > 0 and not self._running
        speed_bps = self._meter.bps if is_running and not is_still else 0.0
        return BatchSnapshot(
            batch_id=self.batch_id,
            title=self.title,
            destination=self.destination,
            policy=self._policy,
            phase=self.phase,
            rows=len(self._rows),
            is_listing_complete=self.is_listing_complete,
            excluded=self.excluded_count,
            counts=self.counts(),
            size_bytes=totals.size_bytes,
            done_bytes=totals.done_bytes,
            speed_bps=speed_bps,
            eta_s=eta_s(totals.awaited_bytes, speed_bps) if self.is_listing_complete else None,
            slots_used=len(self._running),
            started_at=self.started_at,
            finished_at=self._finished_at,
            outcome=self.outcome,
            first_error=self.first_error,
            first_error_index=self._first_error_index,
            wait=self.wait if is_running else None,
            is_paused=self.is_paused,
        )
