"""Runs the rows of a batch through the pool: what a stop, a cancel and a pause make of them. Loop only."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from app.core.errors import ErrorRecord, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.policy import StopPolicy
from app.core.states import Shift, State
from app.engine.batch_rows import BatchRows
from app.engine.pool import FailFastPool
from app.engine.row_queue import RowQueue
from app.engine.run_report import Ending, FirstError, RunReport
from app.engine.tools import DownloadTools

log = logging.getLogger(__name__)


class BatchRunner:
    """Drives one batch's rows, and moves them as the pool tells. `begin` each time, then `run`, `outcome`."""

    def __init__(
        self,
        tools: DownloadTools,
        rows: BatchRows,
        download: Callable[[int], Awaitable[None]],
        on_stop: Callable[[ErrorRecord], None],
    ) -> None:
        """`download` is the work of one row; `on_stop` is told the error that stops and must not raise."""
        self._tools = tools
        self._rows = rows
        self._download = download
        self._on_stop = on_stop
        self._pool: FailFastPool[int] | None = None
        self._queue: RowQueue | None = None
        self._report: RunReport[int] | None = None
        self._is_cancelled = False
        self._let_on: set[int] = set()

    def begin(self) -> None:
        """A run of the batch begins."""
        self._report = None
        if self._rows.is_paused:
            self._rows.pause_queued()

    async def run(self, queue: RowQueue) -> None:
        """Run the rows of the queue until none is left, or until a stop or a cancel."""
        self._queue = queue
        # A listing that has failed ends a run of the pool, and rows may still be paused.
        is_first = True
        while not self.is_over and (is_first or self._rows.has_open):
            is_first = False
            await self._tools.record.flush()
            if not self._is_cancelled:
                self._report = await self._run_pool(queue)
        self._queue = None

    @property
    def is_over(self) -> bool:
        """True once a stop or a cancel has ended the run."""
        report = self._report
        return self._is_cancelled or (report is not None and (report.is_stopped or report.is_cancelled))

    def outcome(self) -> Outcome:
        """How the run has ended; whatever has not is ended now."""
        report, rows = self._report, self._rows
        is_cancelled, self._is_cancelled = self._is_cancelled, False
        if is_cancelled or (report is not None and report.is_cancelled):
            rows.end_waiting(State.CANCELLED)
            return Outcome.CANCELLED
        if report is not None and report.is_stopped:
            rows.end_waiting(State.STOPPED)
            return Outcome.STOPPED
        if rows.counts()[State.FAILED] or rows.first_error is not None:
            return Outcome.FAILED
        return Outcome.DONE

    def change_policy(self, stop: StopPolicy) -> None:
        """It counts from now on."""
        if self._pool is not None:
            self._pool.policy = stop

    def cancel(self, indexes: Iterable[int] | None = None) -> None:
        """Cancel the batch, or some of its rows. Ended rows stay as they are."""
        if self._rows.phase is BatchPhase.ENDED:
            return
        if indexes is None:
            self._is_cancelled = True
            if self._pool is not None:
                self._pool.cancel("cancelled by a person")
            else:
                self._rows.end_waiting(State.CANCELLED)
            return
        for index in indexes:
            state = self._rows[index].state
            if state in (State.QUEUED, State.PAUSED):
                self._rows.finish(index, State.CANCELLED)
            self._rows[index].is_pausing = False
            self._take_off(index)

    def pause(self, indexes: Iterable[int] | None = None) -> None:
        """Pause the batch, or some of its rows: they keep what they have. Nothing while it stops."""
        if self._rows.phase not in (BatchPhase.PLANNING, BatchPhase.RUNNING):
            return
        if indexes is None:
            self._rows.is_paused = True
            indexes = list(self._rows.in_state(State.RUNNING))
            self._rows.pause_queued()
            for index in list(self._queue.handed) if self._queue is not None else ():
                self._take_off(index)
        for index in indexes:
            row = self._rows[index]
            if row.state is State.QUEUED:
                self._rows.pause(index)
                self._take_off(index)
            elif row.state is State.RUNNING and self._pool is not None:
                row.is_pausing = True
                self._let_on.discard(index)
                self._pool.cancel_item(index)

    def unpause(self, indexes: Iterable[int] | None = None) -> None:
        """Go on with what is paused: rows, or (None) the whole batch."""
        if indexes is None:
            self._rows.is_paused = False
            indexes = list(self._rows.in_state(State.PAUSED, State.RUNNING))
        indexes = list(indexes)
        self._let_on.update(index for index in indexes if self._rows[index].is_pausing)
        self.put(self._rows.unpause(indexes))

    def put(self, indexes: Sequence[int]) -> None:
        """Rows wait again."""
        if self._queue is not None:
            self._queue.put(indexes)

    def shift(self, indexes: Collection[int], shift: Shift) -> None:
        """Change which of the rows that wait start next."""
        if self._queue is not None:
            self._queue.move(indexes, shift)

    def _take_off(self, index: int) -> None:
        """Whatever the pool does with a row is to end; one that waits in the queue is passed over there."""
        is_handed = self._queue is not None and index in self._queue.handed
        if self._pool is not None and (is_handed or self._rows[index].state is State.RUNNING):
            self._pool.cancel_item(index)
        if self._queue is not None:
            self._queue.wake()

    # What the pool tells

    def item_started(self, item: int) -> None:
        """A worker has taken the row."""
        self._let_out(item)
        self._rows.start(item)

    def item_ended(self, item: int, ending: Ending, error: BaseException | None) -> None:
        """The row's attempt is over; one that the download itself finished stays as it is."""
        row = self._rows[item]
        self._let_out(item)
        # A row that was paused and let on again before it started waits in the queue.
        is_waiting = row.state is State.PAUSED or (row.state is State.QUEUED and ending is Ending.CANCELLED)
        if row.state.is_terminal or is_waiting:
            return
        if row.is_pausing and ending is Ending.CANCELLED:
            self._paused(item)
        elif ending is Ending.FAILED:
            assert error is not None
            if not isinstance(error, TransferError):
                log.error("a download failed inside", exc_info=error)
            record = ErrorRecord.of(error, row.item.obj.key, self._tools.clock())
            self._rows.fail(item, record)
            self._rows.blame(record, item)
        elif ending is Ending.STOPPED:
            self._rows.stop(item)
        elif ending is Ending.CANCELLED:
            self._rows.finish(item, State.CANCELLED)
        else:
            raise AssertionError("a download ended without a verdict")

    def _let_out(self, index: int) -> None:
        if self._queue is not None:
            self._queue.handed.discard(index)
            self._queue.wake()

    def _paused(self, index: int) -> None:
        """The row has let go for a pause; a stop that came meanwhile ends it."""
        if self._rows.phase is not BatchPhase.STOPPING:
            self._rows.pause(index)
            if index in self._let_on:
                self._let_on.discard(index)
                self.put(self._rows.unpause([index]))
        elif self._is_cancelled or self._rows.first_error is None:
            self._rows.finish(index, State.CANCELLED)
        else:
            self._rows.stop(index)

    def stopping(self, cause: FirstError[int] | None) -> None:
        """The pool stops: everything that waits ends in this same step."""
        self._rows.set_phase(BatchPhase.STOPPING)
        if cause is None:
            self._rows.end_waiting(State.CANCELLED)
            return
        error = self._rows[cause.item].error if cause.item is not None else None
        # A source that fails has no row; a row that stops the pool has been written already.
        error = error or ErrorRecord.of(cause.error, None, cause.at)
        self._rows.convict(error, cause.item)
        self._on_stop(error)
        self._rows.end_waiting(State.STOPPED)

    def rest_ended(self, items: Sequence[int], ending: Ending) -> None:
        """Nothing: `stopping` has ended every row that waited."""

    def finished(self, report: RunReport[int]) -> None:
        """Nothing: `run` reads the report."""

    async def _run_pool(self, source: RowQueue) -> RunReport[int]:
        policy = self._rows.policy
        # More files than GETs may be in flight would only be open files.
        workers = min(policy.jobs, self._tools.slots.jobs)
        self._pool = FailFastPool(
            self._download,
            workers,
            policy.stop,
            self,
            grace_s=self._tools.timing.stop_grace_s,
            count_items=self._rows.__len__,
        )
        try:
            return await self._pool.run(source)
        finally:
            self._pool = None
