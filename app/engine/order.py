"""One batch as it was asked for, from its entry in the ledger to its end, even if it cannot begin."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.naming import part_names
from app.core.objects import Source
from app.core.policy import BatchPolicy, StopPolicy
from app.core.review import PlanSheet, Review
from app.core.saved import SavedBatch, SavedPart, SavedRow
from app.core.states import Shift, State
from app.engine.batch import Batch, BatchListener
from app.engine.batch_rows import BatchRows
from app.engine.parts import Connection, EngineParts
from app.engine.patience import Patience
from app.engine.ports import TargetFolder
from app.engine.record import BatchRecord
from app.engine.slots import Slots
from app.engine.throttle import Limits, Throttle
from app.engine.tools import DownloadTools

log = logging.getLogger(__name__)


class Order:
    """One batch of one connection. `batch` is there once its folder could be opened. Loop only."""

    def __init__(
        self,
        parts: EngineParts,
        slots: Slots,
        throttle: Throttle,
        connection: Connection,
        rows: BatchRows,
        sources: Sequence[Source],
        saved: SavedBatch | None = None,
        left: Sequence[SavedRow] | None = None,
    ) -> None:
        """`throttle` is that of all batches; `saved` is what an earlier start of the program left of this.

        `left` is its rows where the journal has none of them.
        """
        self.rows = rows
        self.batch: Batch | None = None
        self._parts = parts
        self._slots = slots
        self._limits = Limits(Throttle(rows.policy.limit_bps), throttle)
        self._connection = connection
        self._sources = tuple(sources)
        self._saved = saved
        self._rows_left = left
        self._target: TargetFolder | None = None
        self._task: asyncio.Task[None] | None = None
        self._review = Review.NEVER
        self._word: asyncio.Future[bool] | None = None

    async def prepare(self, listener: BatchListener | None = None) -> Batch:
        """Open the target, plan, and give back a batch that may run. Raises TransferError."""
        parts, destination = self._parts, self.rows.destination
        self._target = target = await parts.offload(lambda: parts.open_target(destination))
        self.rows.destination = target.root
        record = BatchRecord(parts.journal, parts.offload, self._saved or self._about())
        await record.claim()
        store = self._connection.store.for_batch()
        tools = DownloadTools(
            store,
            target,
            self._slots,
            parts.offload,
            parts.timing,
            parts.digests,
            record,
            self._limits,
            store.patience,
        )
        self.batch = Batch(tools, self.rows, self._sources, listener)
        if self._saved is None:
            await self.batch.prepare()
        else:
            await self.batch.restore(self._saved, *await self._left(), is_on_record=self._rows_left is None)
        return self.batch

    def start(self, review: Review = Review.NEVER) -> asyncio.Task[None]:
        """Prepare and run as a task; a batch that cannot begin ends with its error in sight.

        Where `review` is due it is PLANNED in between, until `go` or a cancel.
        """
        self._review = review
        self._task = asyncio.ensure_future(self._run(self._begin()))
        return self._task

    def go(self, *, without_problems: bool) -> None:
        """Start a batch that is PLANNED, with or without what the plan knows not to get done."""
        if self._word is not None and not self._word.done():
            self._word.set_result(without_problems)

    async def plan_sheet(self) -> PlanSheet:
        """The plan of a batch that is PLANNED. Raises TransferError for any other."""
        if self.batch is None or self.rows.phase is not BatchPhase.PLANNED:
            raise TransferError(ErrorKind.USAGE, "The batch does not wait for a start.")
        return await self.batch.plan_sheet()

    def retry(self, indexes: Sequence[int] | None) -> asyncio.Task[None]:
        """Run rows again as a task (None: all that did not get done, and what was not listed yet)."""
        self._task = asyncio.ensure_future(self._run(self._again(indexes)))
        return self._task

    def probe(self) -> asyncio.Task[None]:
        """Run the culprit again as a task, and what else is not done only if it goes well."""
        self._task = asyncio.ensure_future(self._run(self._probed()))
        return self._task

    def set_stop(self, stop: StopPolicy) -> None:
        """Change the policy of a batch that has not ended."""
        if not self.has_ended and stop != self.rows.policy.stop:
            log.info("batch %s: from now on %s", self.rows.batch_id, stop)
            self._set_policy(replace(self.rows.policy, stop=stop))

    def set_limit(self, limit_bps: int) -> None:
        """Limit the batch to so many bytes a second, 0 for no limit; it counts at once."""
        self._limits.own.limit_bps = limit_bps
        self._set_policy(replace(self.rows.policy, limit_bps=limit_bps))

    def cancel(self, indexes: Sequence[int] | None = None) -> None:
        """Cancel the batch, even while it is planned, or some of its rows."""
        if self.rows.phase is BatchPhase.PLANNED and indexes is None and self._word is not None:
            self._word.cancel()
        elif self.rows.phase is BatchPhase.PLANNING and indexes is None and self._task is not None:
            self._task.cancel()
        elif self.batch is not None:
            self.batch.cancel(indexes)

    @property
    def patience(self) -> Patience:
        """That of the batch's connection."""
        return self._connection.store.patience

    def pause(self, indexes: Sequence[int] | None = None) -> None:
        """Pause the batch, even while it is planned, or some of its rows."""
        if self.batch is not None:
            self.batch.pause(indexes)
        elif indexes is None and self.rows.phase is BatchPhase.PLANNING:
            self.rows.is_paused = True
        self.rows.touch()

    def unpause(self, indexes: Sequence[int] | None = None) -> None:
        """Go on with what is paused."""
        if self.batch is not None:
            self.batch.unpause(indexes)
        elif indexes is None:
            self.rows.is_paused = False
        self.rows.touch()

    def shift(self, indexes: Collection[int], shift: Shift) -> None:
        """Change which of the rows that wait start next."""
        if self.batch is not None:
            self.batch.shift(indexes, shift)

    def receipt(self) -> dict[str, object]:
        """The receipt as JSON values. Raises TransferError when there is none (yet)."""
        if self.batch is None or not self.has_ended:
            raise TransferError(
                ErrorKind.USAGE, "Only a batch that has run, and has ended, leaves a receipt."
            )
        return self.batch.receipt()

    @property
    def has_ended(self) -> bool:
        """True when nothing of it runs, or waits to run."""
        return self.rows.phase is BatchPhase.ENDED

    def close(self, *, keeps: bool = True) -> None:
        """Let go of the batch and its folder; nothing of it runs any more."""
        if self.batch is not None:
            self.batch.let_go(keeps=keeps)
        if self._target is not None:
            self._target.close()

    def _set_policy(self, policy: BatchPolicy) -> None:
        if self.batch is not None and not self.has_ended:
            self.batch.set_policy(policy)
        else:
            self.rows.policy = policy

    def _about(self) -> SavedBatch:
        info, rows = self._connection.info, self.rows
        return SavedBatch(
            rows.batch_id,
            rows.title,
            info.spec,
            info.is_demo,
            info.endpoint,
            self._sources,
            rows.destination,
            rows.policy,
            rows.started_at,
        )

    async def _left(self) -> tuple[Sequence[SavedRow], Sequence[SavedPart]]:
        if self._rows_left is not None:
            return self._rows_left, ()
        journal, batch_id = self._parts.journal, self.rows.batch_id
        rows = await self._parts.offload(lambda: journal.rows(batch_id))
        if [row.index for row in rows] != list(range(len(rows))):
            raise TransferError(
                ErrorKind.DISK, f"The record of the batch {batch_id} has a gap. Start the download anew."
            )
        return rows, await self._parts.offload(lambda: journal.parts(batch_id))

    async def _begin(self) -> None:
        batch = await self.prepare()
        if batch.is_held_by(self._review):
            self.rows.set_phase(BatchPhase.PLANNED)
            self._word = asyncio.get_running_loop().create_future()
            if await self._word:
                batch.leave_out_problems()
        await batch.run()

    async def _probed(self) -> None:
        culprit = self.rows.snapshot().first_error_index
        if culprit is None or not self.has_ended:
            await self._again(None)
        else:
            await self._again([culprit], probe=culprit)

    async def _again(self, indexes: Sequence[int] | None, probe: int | None = None) -> None:
        if self.batch is None or not self.batch.is_planned:
            if self.has_ended:
                self.rows.set_phase(BatchPhase.PLANNING)
                await self._begin()
            return
        if self.has_ended:
            await self.batch.claim()
        if await self.batch.requeue(indexes):
            await self.batch.run(probe)

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            self.rows.end_waiting(State.CANCELLED)
            self._end(Outcome.CANCELLED)
        except Exception as error:
            if not isinstance(error, TransferError):
                log.exception("a batch failed inside")
            # It could not begin: its rows, if any, were not started.
            self.rows.begin_run()
            self.rows.blame(ErrorRecord.of(error, None, time.time()), None)
            self.rows.end_waiting(State.STOPPED)
            self._end(Outcome.FAILED)

    def _end(self, outcome: Outcome) -> None:
        if self.batch is not None:
            self.batch.end(outcome)
        else:
            self.rows.end(outcome)


def remove_left(target: TargetFolder, batch_id: str, rows: Sequence[SavedRow]) -> None:
    """Remove every part file that a batch of an earlier start may have left below `target`."""
    for row in rows:
        target.remove_parts(row.item.path, part_names(batch_id, row.item.path, row.attempt))
