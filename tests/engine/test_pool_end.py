"""How a pool's run ends: running items, internal errors, and what is told last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.core.policy import InFlight, StopPolicy
from app.engine.run_report import Ending
from tests.engine.pool_stage import (
    KEEP_GOING,
    LET_FINISH,
    STOP_AT_ONCE,
    Diary,
    Stage,
    Tap,
    denied,
    play,
    pool_of,
    settled,
)


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
