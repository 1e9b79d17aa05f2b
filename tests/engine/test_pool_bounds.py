"""A run ends in time whatever does not obey (work, source, blocking call); what it brings late is dropped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from app.engine.daemon import DaemonThreads
from app.engine.run_report import Ending
from tests.engine.pool_stage import (
    LET_FINISH,
    Diary,
    Stage,
    Stubborn,
    denied,
    play,
    pool_of,
    settled,
)

LIMIT_S = 20.0
"""Real seconds after which a test with threads gives up."""


def test_a_run_ends_in_two_seconds_though_work_swallows_its_cancellation() -> None:
    """Such work is abandoned, and its late result is dropped: the finish stays the last event."""

    async def scene() -> tuple[float, Diary]:
        diary, stubborn = Diary(), Stubborn()

        async def work(item: int) -> None:
            if item == 1:
                await asyncio.sleep(5)
                raise denied()
            await stubborn.work(item)

        await pool_of(work, diary, workers=2).run(range(9))
        ended_at = asyncio.get_running_loop().time()
        stubborn.released.set()
        await settled()
        assert stubborn.late_results == 1
        return ended_at, diary

    ended_at, diary = play(scene())
    assert ended_at == pytest.approx(5 + 2.0)
    assert diary.endings() == {1: Ending.FAILED, 0: Ending.STOPPED}
    assert diary.events[-1] == ("finished",)
    assert diary.report is not None
    assert diary.report.abandoned == (0,)


def test_the_late_error_of_abandoned_work_is_dropped() -> None:
    async def scene() -> Diary:
        diary, stubborn = Diary(), Stubborn()

        async def work(item: int) -> None:
            if item == 0:
                await stubborn.work(item)
                raise denied()
            await asyncio.sleep(10)

        pool = pool_of(work, diary, workers=2)
        loop = asyncio.get_running_loop()
        loop.call_later(1, pool.cancel_item, 0)
        loop.call_later(5, stubborn.released.set)
        await pool.run(range(2))
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.CANCELLED, 1: Ending.DONE}
    assert diary.report is not None
    assert diary.report.failure_count == 0


def test_a_source_that_swallows_its_cancellation_is_left_behind_in_time() -> None:
    """With running items let finish, too, and what the source brings in the end is dropped."""
    stubborn_released = asyncio.Event()

    async def stubborn_source() -> AsyncIterator[int]:
        yield 0
        yield 1
        while not stubborn_released.is_set():
            try:
                await stubborn_released.wait()
            except asyncio.CancelledError:
                continue
        yield 2

    async def scene() -> tuple[float, Diary]:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, policy=LET_FINISH)
        running = asyncio.ensure_future(pool.run(stubborn_source()))
        await settled()
        loop = asyncio.get_running_loop()
        failed_at = loop.time()
        stage.fail(0, denied())
        loop.call_later(1, stage.finish, 1)
        await running
        took_s = loop.time() - failed_at
        stubborn_released.set()
        await settled()
        return took_s, diary

    took_s, diary = play(scene())
    assert took_s == pytest.approx(2.0)
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.DONE}
    assert diary.events[-1] == ("finished",)


def test_a_source_that_never_closes_is_left_behind_in_time() -> None:
    released = asyncio.Event()

    async def sticky() -> AsyncIterator[int]:
        try:
            yield 0
        finally:
            await released.wait()

    async def scene() -> float:
        async def work(item: int) -> None:
            raise denied()

        await pool_of(work, Diary(), workers=1).run(sticky())
        took_s = asyncio.get_running_loop().time()
        released.set()
        await settled()
        return took_s

    assert play(scene()) == pytest.approx(2.0)


def test_a_blocking_call_that_never_returns_does_not_hold_up_the_stop() -> None:
    gate = threading.Event()

    async def scene() -> tuple[float, Diary]:
        diary, blocking = Diary(), DaemonThreads(limit=2)
        is_blocked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang() -> None:
            loop.call_soon_threadsafe(is_blocked.set)
            gate.wait(LIMIT_S)

        async def work(item: int) -> None:
            if item == 0:
                await blocking(hang)
            await is_blocked.wait()
            raise denied()

        started_at = loop.time()
        await pool_of(work, diary).run(range(2))
        blocking.close()
        return loop.time() - started_at, diary

    took_s, diary = asyncio.run(scene())
    gate.set()
    assert took_s < 2.0
    assert diary.endings() == {1: Ending.FAILED, 0: Ending.STOPPED}
