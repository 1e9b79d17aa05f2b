"""The plan of one batch as rows: made ahead, made as the listing comes, or taken up from an earlier start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Protocol

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.naming import part_names
from app.core.objects import Source
from app.core.plan import PlannedItem, Verdict
from app.core.saved import SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.core.units import size_text
from app.engine.batch_rows import BatchRows
from app.engine.planning import Planned, Planner
from app.engine.row import Row
from app.engine.tools import DownloadTools

AGAIN = (State.FAILED, State.STOPPED, State.CANCELLED)
"""States from which a row may be tried again."""
_PLAN_FAILS = {
    Verdict.BLOCKED: ErrorKind.BLOCKED,
    Verdict.ARCHIVED: ErrorKind.ARCHIVED,
    Verdict.EXISTS: ErrorKind.EXISTS,
}
_ROWS_A_TURN = 200


class PlanListener(Protocol):
    """Who wants to hear of a plan as it grows. On the loop; must not raise."""

    def listed(self, keys: int, is_complete: bool) -> None:
        """A page of the listing has come; `keys` so far."""

    def planned(self, item: PlannedItem) -> None:
        """An item has its verdict."""


class BatchPlan:
    """Makes the rows of one batch and keeps them on record. Loop only."""

    def __init__(
        self,
        tools: DownloadTools,
        rows: BatchRows,
        sources: Sequence[Source],
        listener: PlanListener | None,
    ) -> None:
        self._tools = tools
        self._rows = rows
        self._listener = listener
        self._planner = Planner(
            tools.store, tools.target, tools.offload, tools.record, sources, rows.policy.if_exists
        )
        self._problems: dict[int, TransferError] = {}
        self._unrecorded: list[int] = []
        self._is_on_record = False

    @property
    def is_complete(self) -> bool:
        """True once every object of the sources has its row."""
        return self._planner.is_complete

    @property
    def last_key(self) -> str:
        """The last key that a listing gave, or empty."""
        return self._planner.last_key

    async def prepare(self) -> None:
        """Ask S3 once and plan what is finite whole. Raises TransferError: then nothing was started."""
        await self._planner.probe()
        self._rows.excluded_count = self._planner.excluded_keys
        if self._planner.is_finite:
            await self.make_all()
            self._check_room(range(len(self._rows)))

    async def make_all(self) -> None:
        """Make every row before any GET. Raises TransferError when a listing fails."""
        async with aclosing(self._planner.chunks()) as chunks:
            async for chunk in chunks:
                self._add(chunk)

    async def restore(
        self,
        saved: SavedBatch,
        rows: Sequence[SavedRow],
        parts: Sequence[SavedPart],
        *,
        is_on_record: bool,
    ) -> None:
        """Take up what an earlier start left, in place of `prepare`. Raises TransferError."""
        await self._planner.restore(
            [row.item for row in rows], saved.last_key, is_complete=saved.is_listing_complete
        )
        await self._planner.probe()
        self._rows.is_listing_complete = saved.is_listing_complete
        self._rows.restore(rows)
        if not is_on_record:
            self._unrecorded = [row.index for row in rows]
        kept = {part.index: part for part in parts}
        for number, index in enumerate(list(self._rows.in_state(State.QUEUED, *AGAIN)), 1):
            await self._take_up(self._rows[index], kept.get(index))
            if is_on_record:
                self._unrecorded.append(index)
            if number % _ROWS_A_TURN == 0:
                await asyncio.sleep(0)
        self._check_room(range(len(self._rows)))

    async def stream(self) -> AsyncGenerator[Sequence[int], None]:
        """The rows of the rest of the listing as it comes, by page. Raises TransferError."""
        try:
            async with aclosing(self._planner.chunks()) as chunks:
                async for chunk in chunks:
                    indexes = self._add(chunk)
                    self._check_room(indexes)
                    await self._tools.record.flush()
                    yield indexes
        except TransferError as error:
            self._rows.blame(ErrorRecord.of(error, None, self._tools.clock()), None)
            raise

    async def may_run_again(self, index: int) -> bool:
        """Judge a row anew for another attempt; False when the plan knows that it would fail or is done."""
        item = self._rows[index].item
        if item.verdict not in _PLAN_FAILS:
            return True
        judged = await self._planner.settle_again(item)
        self._rows.revise(index, judged)
        return judged.verdict not in _PLAN_FAILS and judged.verdict is not Verdict.SAME

    def problem_of(self, index: int) -> TransferError | None:
        """Why the row will fail when its turn comes, where that is known before."""
        return self._problems.get(index)

    def take_problem(self, index: int) -> TransferError | None:
        """The same, for its turn: another attempt asks anew."""
        return self._problems.pop(index, None)

    def problems(self) -> list[int]:
        """The rows that a start would not get done: failed by the plan, or of an object S3 denies."""
        waiting = [index for index in self._problems if self._rows[index].state is State.QUEUED]
        return sorted([*self._rows.in_state(State.FAILED), *waiting])

    def leave_out_problems(self) -> None:
        """Skip what a start would not get done, so that it neither fails nor stops the others."""
        for index in self.problems():
            row, problem = self._rows[index], self._problems.pop(index, None)
            why = problem.message if problem is not None else row.item.reason
            if row.state is State.FAILED:
                self._rows.requeue([index])
            self._rows.finish(index, State.SKIPPED, note=f"left out: {why}")

    def put_on_record(self) -> None:
        """A run begins: from the first one on there is a record, so what could not begin leaves none."""
        record = self._tools.record
        record.begin(self._rows.policy, self.last_key, is_listing_complete=self.is_complete)
        if not self._is_on_record:
            self._is_on_record = True
            self._rows.watchers.append(record.moved)
        self._record(self._unrecorded)
        self._unrecorded = []

    def _add(self, chunk: Sequence[Planned]) -> range:
        if self._listener is not None:
            self._listener.listed(self._planner.listed_keys, self._planner.is_complete)
            for planned in chunk:
                self._listener.planned(planned.item)
        self._rows.is_listing_complete = self._planner.is_complete
        self._rows.excluded_count = self._planner.excluded_keys
        indexes = self._rows.add([planned.item for planned in chunk])
        for index, planned in zip(indexes, chunk, strict=True):
            if planned.problem is not None:
                self._problems[index] = planned.problem
            else:
                self._end_by_plan(index)
        if self._is_on_record:
            self._record(indexes)
        else:
            self._unrecorded.extend(indexes)
        return indexes

    def _record(self, indexes: Sequence[int]) -> None:
        record = self._tools.record
        record.put(map(self._rows.__getitem__, indexes))
        record.listed(self.last_key, is_complete=self.is_complete)

    def _end_by_plan(self, index: int) -> None:
        item = self._rows[index].item
        kind = _PLAN_FAILS.get(item.verdict)
        if kind is not None:
            self._rows.fail(index, ErrorRecord(item.obj.key, kind, "", item.reason, "", self._tools.clock()))
        elif item.verdict is Verdict.SAME:
            self._rows.finish(index, State.SKIPPED, note=item.reason)

    async def _take_up(self, row: Row, kept: SavedPart | None) -> None:
        """Judge a row of an earlier start by what it has left: a finished file, a part file, or nothing."""
        target, item = self._tools.target, row.item
        left = part_names(self._rows.batch_id, item.path, row.attempt)
        target.remove_parts(item.path, [name for name in left if kept is None or name != kept.name])
        judged = await self._planner.settle_left(item)
        if row.state is State.FAILED and judged.verdict in _PLAN_FAILS:
            return
        self._rows.revise(row.index, judged)
        if row.state in AGAIN:
            self._rows.requeue([row.index])
        self._end_by_plan(row.index)
        if row.state is State.QUEUED:
            row.kept = kept
        elif kept is not None:
            target.remove_parts(item.path, [kept.name])

    def _check_room(self, indexes: Iterable[int]) -> None:
        """Raise DISK_FULL where what is to come of these rows does not fit; part files have their room."""
        waiting = [row for row in map(self._rows.__getitem__, indexes) if row.state is State.QUEUED]
        needed = sum(row.item.obj.size_bytes for row in waiting if row.kept is None)
        free = self._tools.target.free_bytes()
        if needed > free:
            raise TransferError(
                ErrorKind.DISK_FULL,
                f"The disk is full: {size_text(needed)} needed, {size_text(free)} free on "
                f"{self._tools.target.root}. Free some space, then start again.",
            )
