"""One press of Download: plan, pool and ledger put together; cancel, retry, and the receipt. Loop only."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from app.core.errors import ErrorRecord, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.objects import Source
from app.core.policy import BatchPolicy
from app.core.receipt import ReceiptHead, ReceiptRow, receipt_values
from app.core.saved import SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.engine.batch_plan import AGAIN, BatchPlan, PlanListener
from app.engine.batch_rows import BatchRows
from app.engine.download import Download
from app.engine.pool import Ending, FailFastPool, FirstError, RunReport
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
        self._again: list[int] = []
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

    async def run(self) -> Outcome:
        """Run until every row is terminal; returns how it ended."""
        self.rows.begin_run()
        self._plan.put_on_record()
        source: Sequence[int] | AsyncIterator[int] = (
            list(self.rows.in_state(State.QUEUED)) if self._plan.is_complete else self._plan.stream()
        )
        while True:
            await self._tools.record.flush()
            if self._is_cancelled:
                break
            await self._run_pool(source)
            again = [index for index in self._again if self.rows[index].state is State.QUEUED]
            self._again = []
            if not again or self._report is None or self._report.is_stopped or self._report.is_cancelled:
                break
            source = again
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
                self.rows.end_queued(State.CANCELLED)
            return
        for index in indexes:
            state = self.rows[index].state
            if state is State.QUEUED:
                self.rows.finish(index, State.CANCELLED)
            if self._pool is not None and not state.is_terminal:
                self._pool.cancel_item(index)

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
        if self.rows.phase is not BatchPhase.ENDED:
            self._again.extend(ready)
        self._is_cancelled = False
        again = [index for index in ready if self.rows[index].state in AGAIN]
        self.rows.requeue(again)
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

    def let_go(self) -> None:
        """Nothing runs here any more. Part files stay where another start can go on with them."""
        if self._tools.record.is_lasting:
            return
        for row in map(self.rows.__getitem__, range(len(self.rows))):
            if row.kept is not None:
                self._tools.target.remove_parts(row.item.path, [row.kept.name])
                row.kept = None

    # The pool's work and what it tells

    async def _run_pool(self, source: Sequence[int] | AsyncIterator[int]) -> None:
        policy = self.rows.policy
        # More files than GETs may be in flight would only be open files.
        workers = min(policy.jobs, self._tools.slots.jobs)
        self._pool = FailFastPool(
            self._download, workers, policy.stop, self, grace_s=self._tools.timing.stop_grace_s
        )
        try:
            self._report = await self._pool.run(source)
        finally:
            self._pool = None

    async def _download(self, index: int) -> None:
        problem = self._plan.take_problem(index)
        if problem is not None:
            raise problem
        await Download(self._tools, self.rows, self.bucket, index).run()

    def item_started(self, item: int) -> None:
        """A worker has taken the row."""
        self.rows.start(item)

    def item_ended(self, item: int, ending: Ending, error: BaseException | None) -> None:
        """The row's attempt is over; one that the download itself finished stays as it is."""
        row = self.rows[item]
        if row.state.is_terminal:
            return
        if ending is Ending.FAILED:
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

    def stopping(self, cause: FirstError[int] | None) -> None:
        """The pool stops: everything that waits ends in this same step."""
        self.rows.set_phase(BatchPhase.STOPPING)
        if cause is None:
            self.rows.end_queued(State.CANCELLED)
            return
        error = self.rows[cause.item].error if cause.item is not None else None
        # A source that fails has no row; a row that stops the pool has been written already.
        error = error or ErrorRecord.of(cause.error, None, cause.at)
        self.rows.convict(error, cause.item)
        if self._listener is not None:
            self._listener.stopping(error)
        self.rows.end_queued(State.STOPPED)

    def rest_ended(self, items: Sequence[int], ending: Ending) -> None:
        """Nothing: `stopping` has ended every row that waited."""

    def finished(self, report: RunReport[int]) -> None:
        """Nothing: `run` reads the report."""

    def _outcome(self) -> Outcome:
        report, counts = self._report, self.rows.counts()
        if self._is_cancelled or (report is not None and report.is_cancelled):
            self.rows.end_queued(State.CANCELLED)
            return Outcome.CANCELLED
        if report is not None and report.is_stopped:
            return Outcome.STOPPED
        if counts[State.FAILED] or self.rows.first_error is not None:
            return Outcome.FAILED
        return Outcome.DONE
