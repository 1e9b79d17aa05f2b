"""One press of Download: plan, pool and ledger put together; cancel, retry, and the receipt. Loop only."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from app.core.errors import ErrorRecord, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.objects import Source
from app.core.policy import BatchPolicy
from app.core.receipt import ReceiptHead, ReceiptRow, receipt_values
from app.core.review import PlanSheet, Review
from app.core.saved import SavedBatch, SavedPart, SavedRow
from app.core.states import Shift, State
from app.engine.batch_plan import AGAIN, BatchPlan, PlanListener
from app.engine.batch_rows import BatchRows
from app.engine.download import Download
from app.engine.plan_sheet import sheet_of
from app.engine.pool import Ending, FailFastPool, FirstError, RunReport
from app.engine.row_queue import RowQueue
from app.engine.tools import DownloadTools

log = logging.getLogger(__name__)


class BatchListener(PlanListener, Protocol):
    """Who wants to hear of a batch as it happens (the terminal). On the loop; must not raise."""

    def stopping(self, error: ErrorRecord) -> None:
        """The first error is about to stop the batch."""


class Batch:
    """One batch from plan to receipt: `prepare` or `restore` once, then `run`; to run again, `requeue`."""

    def __init__(
        self,
        tools: DownloadTools,
        rows: BatchRows,
        sources: Sequence[Source],
        listener: BatchListener | None = None,
    ) -> None:
        self.rows = rows
        self.sources = tuple(sources)
        self._tools = tools
        self._listener = listener
        self._plan = BatchPlan(tools, rows, sources, listener)
        self._pool: FailFastPool[int] | None = None
        self._queue: RowQueue | None = None
        self._is_cancelled = False
        self._report: RunReport[int] | None = None

    @property
    def bucket(self) -> str:
        """The bucket of every source."""
        return self.sources[0].bucket

    async def prepare(self) -> None:
        """Ask S3 once and plan what is finite whole. Raises TransferError: then nothing was started."""
        await self._plan.prepare()

    async def restore(
        self,
        saved: SavedBatch,
        rows: Sequence[SavedRow],
        parts: Sequence[SavedPart],
        *,
        is_on_record: bool = True,
    ) -> None:
        """Take up what an earlier start of the program left, in place of `prepare`. Raises TransferError."""
        await self._plan.restore(saved, rows, parts, is_on_record=is_on_record)

    @property
    def is_planned(self) -> bool:
        """True once there are rows: from then on the batch is run again, not prepared again."""
        return len(self.rows) > 0

    async def plan_all(self) -> None:
        """Make every row before any GET. Raises TransferError when a listing fails."""
        await self._plan.make_all()

    def problem_of(self, index: int) -> TransferError | None:
        """Why the row will fail when its turn comes, where that is known before."""
        return self._plan.problem_of(index)

    def is_held_by(self, review: Review) -> bool:
        """True when a person is to see the whole plan before it starts."""
        return self._plan.is_complete and review.is_due(len(self.rows), len(self._plan.problems()))

    def leave_out_problems(self) -> None:
        """Skip what a start would not get done."""
        self._plan.leave_out_problems()

    def plan_sheet(self) -> PlanSheet:
        """The plan as a person looks at it. Raises TransferError when the folder is gone."""
        return sheet_of(self.rows, self._plan.problem_of, self._tools.target.free_bytes())

    async def run(self) -> Outcome:
        """Run until every row is terminal; returns how it ended."""
        self.rows.begin_run()
        self._plan.put_on_record()
        if self.rows.is_paused:
            self.rows.pause_queued()
        self._queue = RowQueue(self.rows, None if self._plan.is_complete else self._plan.stream())
        self._report = None
        # A listing that has failed ends a run of the pool, and rows may still be paused.
        while self._report is None or (not self._is_over(self._report) and self.rows.has_open):
            await self._tools.record.flush()
            if self._is_cancelled:
                break
            self._report = await self._run_pool(self._queue)
        self._queue = None
        outcome = self._outcome()
        self.end(outcome)
        return outcome

    def end(self, outcome: Outcome) -> None:
        """The batch is over, whether it came to run or not; every row is terminal."""
        self.rows.end(outcome)
        self._tools.record.end(outcome, self._tools.clock())

    def set_policy(self, policy: BatchPolicy) -> None:
        """Change the policy; it counts from now on, and never revives a stop."""
        self.rows.policy = policy
        self._tools.record.changed_policy(policy)
        if self._pool is not None:
            self._pool.policy = policy.stop

    def cancel(self, indexes: Iterable[int] | None = None) -> None:
        """Cancel the batch, or some of its rows. Ended rows stay as they are."""
        if self.rows.phase is BatchPhase.ENDED:
            return
        if indexes is None:
            self._is_cancelled = True
            if self._pool is not None:
                self._pool.cancel("cancelled by a person")
            else:
                self.rows.end_waiting(State.CANCELLED)
            return
        for index in indexes:
            state = self.rows[index].state
            if state in (State.QUEUED, State.PAUSED):
                self.rows.finish(index, State.CANCELLED)
            self._take_off(index)

    def pause(self, indexes: Iterable[int] | None = None) -> None:
        """Pause the batch, or some of its rows: they keep what they have. Nothing while it stops."""
        if self.rows.phase not in (BatchPhase.PLANNING, BatchPhase.RUNNING):
            return
        if indexes is None:
            self.rows.is_paused = True
            indexes = list(self.rows.in_state(State.RUNNING))
            self.rows.pause_queued()
            for index in list(self._queue.handed) if self._queue is not None else ():
                self._take_off(index)
        for index in indexes:
            row = self.rows[index]
            if row.state is State.QUEUED:
                self.rows.pause(index)
                self._take_off(index)
            elif row.state is State.RUNNING and self._pool is not None:
                row.is_pausing = True
                self._pool.cancel_item(index)

    def unpause(self, indexes: Iterable[int] | None = None) -> None:
        """Go on with what is paused: rows, or (None) the whole batch."""
        if indexes is None:
            self.rows.is_paused = False
            indexes = list(self.rows.in_state(State.PAUSED))
        waiting = self.rows.unpause(indexes)
        if self._queue is not None:
            self._queue.put(waiting)

    def shift(self, indexes: Collection[int], shift: Shift) -> None:
        """Change which of the rows that wait start next."""
        if self._queue is not None:
            self._queue.move(indexes, shift)

    def _take_off(self, index: int) -> None:
        """Whatever the pool does with a row is to end; one that waits in the queue is passed over there."""
        is_handed = self._queue is not None and index in self._queue.handed
        if self._pool is not None and (is_handed or self.rows[index].state is State.RUNNING):
            self._pool.cancel_item(index)
        if self._queue is not None:
            self._queue.wake()

    async def claim(self) -> None:
        """Take a batch that has ended for this process again. Raises TransferError when it is taken."""
        await self._tools.record.claim()

    async def requeue(self, indexes: Iterable[int] | None) -> bool:
        """Send rows (None: all that may) back to QUEUED; True when the batch has ended and must `run` again.

        What the plan knew to fail is judged anew first and stays FAILED while the reason stands.
        """
        wanted = self.rows.in_state(*AGAIN) if indexes is None else indexes
        chosen = [index for index in wanted if self.rows[index].state in AGAIN]
        ready = [index for index in chosen if await self._plan.may_run_again(index)]
        self._is_cancelled = False
        again = [index for index in ready if self.rows[index].state in AGAIN]
        self.rows.requeue(again)
        if self._queue is not None:
            self._queue.put(again)
        self._tools.record.put(map(self.rows.__getitem__, again))
        has_rest = indexes is None and not self._plan.is_complete
        return self.rows.phase is BatchPhase.ENDED and (bool(ready) or has_rest)

    def receipt(self) -> dict[str, object]:
        """The receipt as JSON values; the batch has ended."""
        head = ReceiptHead(
            endpoint=self._tools.store.endpoint,
            bucket=self.bucket,
            sources=tuple(source.uri for source in self.sources),
            last_key=self._plan.last_key,
            bytes_fetched=self.rows.bytes_fetched,
        )
        rows = map(self.rows.__getitem__, range(len(self.rows)))
        files = (ReceiptRow(row.item.obj, row.item.path, row.snapshot()) for row in rows)
        return receipt_values(head, self.rows.snapshot(), files)

    def let_go(self, *, keeps: bool = True) -> None:
        """Nothing runs here any more. Part files stay where another start can and (`keeps`) may go on."""
        if keeps and self._tools.record.is_lasting:
            return
        for row in map(self.rows.__getitem__, range(len(self.rows))):
            if row.kept is not None:
                self._tools.target.remove_parts(row.item.path, [row.kept.name])
                row.kept = None

    # The pool's work and what it tells

    async def _run_pool(self, source: RowQueue) -> RunReport[int]:
        policy = self.rows.policy
        # More files than GETs may be in flight would only be open files.
        workers = min(policy.jobs, self._tools.slots.jobs)
        self._pool = FailFastPool(
            self._download,
            workers,
            policy.stop,
            self,
            grace_s=self._tools.timing.stop_grace_s,
            count_items=self.rows.__len__,
        )
        try:
            return await self._pool.run(source)
        finally:
            self._pool = None

    async def _download(self, index: int) -> None:
        problem = self._plan.take_problem(index)
        if problem is not None:
            raise problem
        await Download(self._tools, self.rows, self.bucket, index).run()

    def item_started(self, item: int) -> None:
        """A worker has taken the row."""
        self._let_out(item)
        self.rows.start(item)

    def item_ended(self, item: int, ending: Ending, error: BaseException | None) -> None:
        """The row's attempt is over; one that the download itself finished stays as it is."""
        row = self.rows[item]
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
            self.rows.fail(item, record)
            self.rows.blame(record, item)
        elif ending is Ending.STOPPED:
            self.rows.stop(item)
        elif ending is Ending.CANCELLED:
            self.rows.finish(item, State.CANCELLED)
        else:
            raise AssertionError("a download ended without a verdict")

    def _let_out(self, index: int) -> None:
        if self._queue is not None:
            self._queue.handed.discard(index)
            self._queue.wake()

    def _paused(self, index: int) -> None:
        """The row has let go for a pause; a stop that came meanwhile ends it."""
        if self.rows.phase is not BatchPhase.STOPPING:
            self.rows.pause(index)
        elif self._is_cancelled or self.rows.first_error is None:
            self.rows.finish(index, State.CANCELLED)
        else:
            self.rows.stop(index)

    def stopping(self, cause: FirstError[int] | None) -> None:
        """The pool stops: everything that waits ends in this same step."""
        self.rows.set_phase(BatchPhase.STOPPING)
        if cause is None:
            self.rows.end_waiting(State.CANCELLED)
            return
        error = self.rows[cause.item].error if cause.item is not None else None
        # A source that fails has no row; a row that stops the pool has been written already.
        error = error or ErrorRecord.of(cause.error, None, cause.at)
        self.rows.convict(error, cause.item)
        if self._listener is not None:
            self._listener.stopping(error)
        self.rows.end_waiting(State.STOPPED)

    def rest_ended(self, items: Sequence[int], ending: Ending) -> None:
        """Nothing: `stopping` has ended every row that waited."""

    def finished(self, report: RunReport[int]) -> None:
        """Nothing: `run` reads the report."""

    def _is_over(self, report: RunReport[int]) -> bool:
        return report.is_stopped or report.is_cancelled

    def _outcome(self) -> Outcome:
        report, counts = self._report, self.rows.counts()
        if self._is_cancelled or (report is not None and report.is_cancelled):
            self.rows.end_waiting(State.CANCELLED)
            return Outcome.CANCELLED
        if report is not None and report.is_stopped:
            self.rows.end_waiting(State.STOPPED)
            return Outcome.STOPPED
        if counts[State.FAILED] or self.rows.first_error is not None:
            return Outcome.FAILED
        return Outcome.DONE
