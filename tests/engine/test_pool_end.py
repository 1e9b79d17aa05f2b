"""How a pool's run ends: cancels by a person, stubborn work, internal errors, and what is told last."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from app.core.policy import InFlight, StopPolicy
from app.engine.daemon import DaemonThreads
from app.engine.pool import Ending, FailFastPool
from tests.engine.pool_stage import (
    KEEP_GOING,
    LET_FINISH,
    STOP_AT_ONCE,
    Diary,
    Stage,
    Stubborn,
    Tap,
    denied,
    play,
    pool_of,
    settled,
)

LIMIT_S = 20.0
"""Real seconds after which a test with threads gives up."""


@pytest.mark.parametrize("in_flight", [InFlight.KEEP, InFlight.DISCARD])
def test_running_items_are_cancelled_at_once_by_the_stop(in_flight: InFlight) -> None:
    """No time-out has to pass: no virtual time goes by."""

    async def scene() -> tuple[float, Diary]:
        diary, stage = Diary(), Stage()
        policy = StopPolicy(in_flight=in_flight)
        running = asyncio.ensure_future(pool_of(stage.work, diary, policy=policy).run(range(9)))
        await settled()
        failed_at = asyncio.get_running_loop().time()
        stage.fail(2, denied())
        await running
        return asyncio.get_running_loop().time() - failed_at, diary

    took_s, diary = play(scene())
    assert took_s == 0.0
    assert diary.endings() == {
        0: Ending.STOPPED,
        1: Ending.STOPPED,
        2: Ending.FAILED,
        3: Ending.STOPPED,
    }


def test_running_items_may_finish_after_the_stop_while_no_new_ones_start() -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        running = asyncio.ensure_future(
            pool_of(stage.work, diary, workers=3, policy=LET_FINISH).run(range(9))
        )
        await settled()
        stage.fail(0, denied())
        await asyncio.sleep(60)
        stage.finish(1)
        stage.finish(2)
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.DONE, 2: Ending.DONE}
    assert diary.rest == range(3, 9)


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


def test_work_that_was_whole_when_the_stop_came_is_told_as_done() -> None:
    """The commit gate has let it publish: what returns without an error in time is no cancellation."""

    async def work(item: int) -> None:
        if item == 1:
            raise denied()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, workers=2).run(range(9))
        return diary

    diary = play(scene())
    assert diary.endings() == {1: Ending.FAILED, 0: Ending.DONE}


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


def _interrupt() -> BaseException:
    return KeyboardInterrupt()


def _exit() -> BaseException:
    return SystemExit(3)


def _unasked_cancellation() -> BaseException:
    return asyncio.CancelledError()


@pytest.mark.parametrize("policy", [STOP_AT_ONCE, KEEP_GOING, LET_FINISH])
@pytest.mark.parametrize("make", [_interrupt, _exit, _unasked_cancellation])
def test_an_error_that_is_no_exception_ends_the_run_as_an_internal_error(
    make: Callable[[], BaseException], policy: StopPolicy
) -> None:
    """In every mode, running items included: a worker never dies silently."""
    error = make()

    async def work(item: int) -> None:
        if item == 0:
            raise error
        await asyncio.Event().wait()

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, workers=2, policy=policy).run([1, 0, 2])
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.STOPPED}
    assert diary.report is not None
    assert diary.report.internal_error is error
    assert diary.report.first_error is not None
    assert diary.report.first_error.item == 0


def test_a_task_cancelled_from_outside_ends_the_run_as_an_internal_error() -> None:
    async def scene() -> Diary:
        diary = Diary()
        tasks: list[asyncio.Task[None] | None] = []

        async def work(item: int) -> None:
            tasks.append(asyncio.current_task())
            await asyncio.Event().wait()

        running = asyncio.ensure_future(pool_of(work, diary).run(range(2)))
        await settled()
        assert tasks[0] is not None
        tasks[0].cancel()
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.STOPPED}
    assert diary.report is not None
    assert isinstance(diary.report.internal_error, asyncio.CancelledError)


def test_an_observer_that_raises_ends_the_run_as_an_internal_error() -> None:
    error = LookupError("no such row")

    class Forgetful(Diary):
        def item_ended(self, item: int, ending: Ending, error_: BaseException | None) -> None:
            raise error

    async def scene() -> Diary:
        diary, stage = Forgetful(), Stage()
        running = asyncio.ensure_future(pool_of(stage.work, diary, policy=KEEP_GOING).run(range(50)))
        await settled()
        stage.fail(1, denied())
        await running
        return diary

    diary = play(scene())
    assert diary.report is not None
    assert diary.report.internal_error is error
    assert diary.started == list(range(4))


def test_the_report_that_is_told_is_the_one_returned_and_told_last() -> None:
    async def scene() -> tuple[bool, Diary]:
        diary, stage, tap = Diary(), Stage(), Tap()
        tap.open(3)
        running = asyncio.ensure_future(pool_of(stage.work, diary, workers=2).run(tap.items()))
        await settled()
        stage.fail(1, denied())
        report = await running
        return report is diary.report, diary

    is_same, diary = play(scene())
    assert is_same
    assert [event[0] for event in diary.events].count("finished") == 1
    assert diary.events[-1] == ("finished",)
