"""The order in which rows start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.core.objects import ObjectInfo
from app.core.plan import PlannedItem, Verdict
from app.core.policy import BatchPolicy
from app.core.states import Shift, State
from app.engine.batch_rows import BatchRows
from app.engine.ledger import Ledger
from app.engine.row_queue import RowQueue


def _rows(count: int) -> BatchRows:
    rows = Ledger().open_batch("b", "b", "/to", BatchPolicy())
    rows.add([PlannedItem(ObjectInfo(str(n), 1), str(n), False, Verdict.NEW, "") for n in range(count)])
    return rows


def _start(rows: BatchRows, queue: RowQueue, index: int) -> int:
    rows.start(index)
    queue.handed.discard(index)
    return index


async def _all(rows: BatchRows, queue: RowQueue) -> list[int]:
    order = []
    async for index in queue:
        order.append(_start(rows, queue, index))
        rows.finish(index, State.DONE)
    return order


def _play(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        async with asyncio.timeout(5):
            await scene()

    asyncio.run(act())


@pytest.mark.parametrize(
    ("shift", "order"),
    [
        (Shift.TOP, [2, 5, 0, 1, 3, 4]),
        (Shift.UP, [0, 2, 1, 3, 5, 4]),
        (Shift.DOWN, [0, 1, 3, 2, 4, 5]),
        (Shift.BOTTOM, [0, 1, 3, 4, 2, 5]),
    ],
)
def test_rows_are_moved_and_keep_their_order_among_each_other(shift: Shift, order: list[int]) -> None:
    async def scene() -> None:
        rows = _rows(6)
        queue = RowQueue(rows, None)
        queue.move([2, 5], shift)
        assert await _all(rows, queue) == order

    _play(scene)


@pytest.mark.parametrize("shift", [Shift.UP, Shift.TOP])
def test_what_is_on_top_stays_there(shift: Shift) -> None:
    async def scene() -> None:
        rows = _rows(4)
        queue = RowQueue(rows, None)
        queue.move([0, 1], shift)
        assert await _all(rows, queue) == [0, 1, 2, 3]

    _play(scene)


def test_a_row_that_no_longer_waits_is_passed_over() -> None:
    async def scene() -> None:
        rows = _rows(3)
        queue = RowQueue(rows, None)
        rows.finish(1, State.CANCELLED)
        assert await _all(rows, queue) == [0, 2]

    _play(scene)


def test_the_queue_stays_open_for_a_row_that_is_paused_and_ends_with_it() -> None:
    async def scene() -> None:
        rows = _rows(2)
        queue = RowQueue(rows, None)
        rows.pause(1)
        ended = asyncio.ensure_future(_all(rows, queue))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not ended.done()
        queue.put(rows.unpause([1]))
        assert await ended == [0, 1]

    _play(scene)
