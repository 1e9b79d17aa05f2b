"""One press of Download: plan, pool and ledger put together; cancel, retry, and the receipt. Loop only."""

from __future__ import annotations

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
from app.engine.batch_runner import BatchRunner
from app.engine.download import Download
from app.engine.plan_sheet import sheet_of
from app.engine.row_queue import RowQueue
from app.engine.tools import DownloadTools


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
        self._plan = BatchPlan(tools, rows, sources, listener)
        on_stop = listener.stopping if listener is not None else _tell_nobody
        self._runner = BatchRunner(tools, rows, self._download, on_stop)

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

    async def plan_sheet(self) -> PlanSheet:
        """The plan as a person looks at it. Raises TransferError when the folder is gone."""
        return await sheet_of(self.rows, self._plan.problem_of, self._tools.target.free_bytes())

    async def run(self, probe: int | None = None) -> Outcome:
        """Run until every row is terminal; returns how it ended.

        With `probe`, a row that waits, that one runs alone, and what else is not done only if it went well.
        """
        runner = self._runner
        self.rows.begin_run()
        self._plan.put_on_record()
        runner.begin()
        if probe is not None:
            await runner.run(RowQueue(self.rows, None))
            if self.rows[probe].state in (State.DONE, State.SKIPPED) and not runner.is_over:
                self._put_again(await self._fit_again(None))
                probe = None
        if probe is None:
            await runner.run(RowQueue(self.rows, None if self._plan.is_complete else self._plan.stream()))
        outcome = runner.outcome()
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
        self._runner.change_policy(policy.stop)

    def cancel(self, indexes: Iterable[int] | None = None) -> None:
        """Cancel the batch, or some of its rows. Ended rows stay as they are."""
        self._runner.cancel(indexes)

    def pause(self, indexes: Iterable[int] | None = None) -> None:
        """Pause the batch, or some of its rows: they keep what they have. Nothing while it stops."""
        self._runner.pause(indexes)

    def unpause(self, indexes: Iterable[int] | None = None) -> None:
        """Go on with what is paused: rows, or (None) the whole batch."""
        self._runner.unpause(indexes)

    def shift(self, indexes: Collection[int], shift: Shift) -> None:
        """Change which of the rows that wait start next."""
        self._runner.shift(indexes, shift)

    async def claim(self) -> None:
        """Take a batch that has ended for this process again. Raises TransferError when it is taken."""
        await self._tools.record.claim()

    async def requeue(self, indexes: Iterable[int] | None) -> bool:
        """Send rows (None: all that may) back to QUEUED; True when the batch has ended and must `run` again.

        What the plan knew to fail is judged anew first and stays FAILED while the reason stands.
        """
        ready = await self._fit_again(indexes)
        self._put_again(ready)
        has_rest = indexes is None and not self._plan.is_complete
        return self.rows.phase is BatchPhase.ENDED and (bool(ready) or has_rest)

    def receipt(self) -> dict[str, object]:
        """The receipt as JSON values; the batch has ended."""
        head = ReceiptHead(
            endpoint=self._tools.store.endpoint,
            bucket=self.bucket,
            sources=tuple(source.uri for source in self.sources),
            rules=self.sources[0].rules,
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

    async def _fit_again(self, indexes: Iterable[int] | None) -> list[int]:
        """Those of the rows (None: all) that may be tried again, judged anew where the plan said no."""
        wanted = self.rows.in_state(*AGAIN) if indexes is None else indexes
        chosen = [index for index in wanted if self.rows[index].state in AGAIN]
        return [index for index in chosen if await self._plan.may_run_again(index)]

    def _put_again(self, ready: Iterable[int]) -> None:
        again = [index for index in ready if self.rows[index].state in AGAIN]
        self.rows.requeue(again)
        self._runner.put(again)
        self._tools.record.put(map(self.rows.__getitem__, again))

    async def _download(self, index: int) -> None:
        problem = self._plan.take_problem(index)
        if problem is not None:
            raise problem
        await Download(self._tools, self.rows, self.bucket, index).run()


def _tell_nobody(_: ErrorRecord) -> None:
    """Nobody listens."""
