"""Cancels by a person: a whole run or one item, from anywhere, at any moment."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.engine.pool import FailFastPool
from app.engine.run_report import Ending
from tests.engine.pool_stage import LET_FINISH, Diary, Stage, Stubborn, denied, play, pool_of, settled

LIMIT_S = 20.0
"""Real seconds after which a test with threads gives up."""


def test_a_person_may_cancel_what_a_stop_let_finish() -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2, policy=LET_FINISH)
        running = asyncio.ensure_future(pool.run(range(9)))
        await settled()
        stage.fail(0, denied())
        await settled()
        pool.cancel()
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.CANCELLED}
    assert [event for event in diary.events if event[0] == "stopping"] == [("stopping", 0)]
    assert diary.report is not None
    assert diary.report.is_stopped
    assert diary.report.is_cancelled


def test_a_cancel_ends_everything_as_cancelled_and_only_once() -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2)
        running = asyncio.ensure_future(pool.run(range(5)))
        await settled()
        pool.cancel()
        pool.cancel()
        await running
        pool.cancel()
        await settled()
        return diary

    diary = play(scene())
    assert diary.events[2:] == [
        ("stopping", None),
        ("rest", 3, Ending.CANCELLED),
        ("ended", 0, Ending.CANCELLED),
        ("ended", 1, Ending.CANCELLED),
        ("finished",),
    ]
    assert diary.report is not None
    assert diary.report.is_cancelled
    assert not diary.report.is_stopped


def test_a_cancel_from_another_thread_wakes_the_loop() -> None:
    async def scene() -> Diary:
        diary = Diary()
        pool = pool_of(Stage().work, diary)
        running = asyncio.ensure_future(pool.run(range(2)))
        asyncio.get_running_loop().call_soon(threading.Thread(target=pool.cancel, daemon=True).start)
        await asyncio.wait_for(running, LIMIT_S)
        return diary

    diary = asyncio.run(scene())
    assert diary.endings() == {0: Ending.CANCELLED, 1: Ending.CANCELLED}


def test_a_cancel_from_inside_work_ends_that_work_too() -> None:
    async def scene() -> Diary:
        diary = Diary()

        async def work(item: int) -> None:
            pool.cancel("enough")
            await asyncio.Event().wait()

        pool = pool_of(work, diary, workers=1)
        await pool.run(range(3))
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.CANCELLED}
    assert diary.rest == range(1, 3)


def test_running_work_is_told_the_reason_of_a_cancel() -> None:
    async def scene() -> tuple[object, ...]:
        reasons: list[object] = []

        async def work(item: int) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                reasons.extend(error.args)
                raise

        pool = pool_of(work, Diary())
        asyncio.get_running_loop().call_later(1, pool.cancel, "the window closes")
        await pool.run([0])
        return tuple(reasons)

    assert play(scene()) == ("the window closes",)


def test_a_cancel_before_the_run_lets_nothing_start() -> None:
    async def scene() -> Diary:
        diary = Diary()
        pool = pool_of(Stage().work, diary)
        pool.cancel()
        await pool.run(range(3))
        return diary

    diary = play(scene())
    assert diary.events == [("stopping", None), ("rest", 3, Ending.CANCELLED), ("finished",)]


def test_a_cancel_after_the_loop_is_closed_does_nothing() -> None:
    async def scene() -> tuple[FailFastPool[int], Diary]:
        diary = Diary()
        pool = pool_of(Stage().work, diary)
        await pool.run(())
        return pool, diary

    pool, diary = asyncio.run(scene())
    late = threading.Thread(target=pool.cancel)
    late.start()
    late.join(LIMIT_S)
    pool.cancel()
    assert diary.events == [("finished",)]


def test_cancelling_the_task_of_a_run_cancels_the_run_and_is_raised_once_it_is_over() -> None:
    async def scene() -> Diary:
        diary, stubborn = Diary(), Stubborn()
        running = asyncio.ensure_future(pool_of(stubborn.work, diary, workers=1).run(range(3)))
        await settled()
        running.cancel()
        await settled()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        stubborn.released.set()
        await settled()
        return diary

    diary = play(scene())
    assert diary.events == [
        ("started", 0),
        ("stopping", None),
        ("rest", 2, Ending.CANCELLED),
        ("ended", 0, Ending.CANCELLED),
        ("finished",),
    ]


def test_a_running_item_can_be_cancelled_alone() -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2)
        running = asyncio.ensure_future(pool.run(range(3)))
        await settled()
        pool.cancel_item(0)
        await settled()
        stage.finish(1)
        stage.finish(2)
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.CANCELLED, 1: Ending.DONE, 2: Ending.DONE}
    assert diary.report is not None
    assert not diary.report.is_cancelled


def test_an_item_cancelled_before_it_is_pulled_never_starts() -> None:
    async def scene() -> Diary:
        diary = Diary()
        pool = pool_of(Stage().work, diary, workers=1)
        for item in range(3):
            pool.cancel_item(item)
        await pool.run(range(3))
        return diary

    diary = play(scene())
    assert diary.started == []
    assert diary.endings() == dict.fromkeys(range(3), Ending.CANCELLED)


def test_a_stubborn_cancelled_item_gives_its_place_to_the_next() -> None:
    async def scene() -> Diary:
        diary, stubborn = Diary(), Stubborn()

        async def work(item: int) -> None:
            if item == 0:
                await stubborn.work(item)

        pool = pool_of(work, diary, workers=1)
        running = asyncio.ensure_future(pool.run(range(3)))
        await settled()
        pool.cancel_item(0)
        await running
        stubborn.released.set()
        await settled()
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.CANCELLED, 1: Ending.DONE, 2: Ending.DONE}
    assert diary.report is not None
    assert diary.report.abandoned == (0,)


def test_an_item_that_cancels_itself_leaves_the_next_one_alone() -> None:
    async def scene() -> Diary:
        diary = Diary()

        async def work(item: int) -> None:
            if item == 0:
                pool.cancel_item(0)
            else:
                await asyncio.sleep(1)

        pool = pool_of(work, diary, workers=1)
        await pool.run(range(2))
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.DONE, 1: Ending.DONE}
