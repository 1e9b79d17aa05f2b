"""The pool's first error and its stop: what they do, in which order, and whom they blame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.core.errors import TransferError
from app.core.policy import StopPolicy
from app.engine.run_report import Ending, FirstError
from tests.engine.pool_stage import (
    KEEP_GOING,
    LET_FINISH,
    NOW,
    STOP_AT_ONCE,
    Diary,
    Spring,
    Stage,
    denied,
    disk_full,
    do_nothing,
    play,
    pool_of,
    reset,
    settled,
)


def test_a_run_without_an_error_ends_every_item_as_done() -> None:
    async def scene() -> Diary:
        diary = Diary()
        await pool_of(do_nothing, diary, workers=3).run(range(10))
        return diary

    diary = play(scene())
    assert diary.started == list(range(10))
    assert diary.endings() == dict.fromkeys(range(10), Ending.DONE)
    assert diary.report is not None
    assert diary.report.first_error is None
    assert not diary.report.is_stopped


def test_the_first_error_is_the_first_to_happen() -> None:
    """Never the first by order: item 3 fails before item 0 would."""
    first = denied()

    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        running = asyncio.ensure_future(pool_of(stage.work, diary).run(range(4)))
        await asyncio.sleep(1.5)
        stage.fail(3, first)
        stage.fail(0, denied())
        await running
        return diary

    diary = play(scene())
    assert diary.report is not None
    assert diary.report.first_error == FirstError(3, first, NOW + 1.5)
    assert diary.report.failure_count == 1


@pytest.mark.parametrize("is_failure_first", [True, False])
def test_nothing_starts_after_the_first_error_even_when_a_worker_is_free_in_the_same_moment(
    is_failure_first: bool,
) -> None:
    """Recording the first error and stopping are one step."""

    async def scene() -> list[int]:
        diary, stage = Diary(), Stage()
        running = asyncio.ensure_future(pool_of(stage.work, diary, workers=2).run(range(10)))
        await settled()
        if is_failure_first:
            stage.fail(0, denied())
        stage.finish(1)
        if not is_failure_first:
            stage.fail(0, denied())
        await running
        return diary.started

    assert play(scene()) == [0, 1]


def test_the_source_is_not_pulled_again_after_the_stop() -> None:
    async def scene() -> int:
        stage, spring = Stage(), Spring()
        pool = pool_of(stage.work, Diary(), workers=2, policy=LET_FINISH)
        running = asyncio.ensure_future(pool.run(spring))
        await settled()
        stage.fail(0, denied())
        stage.finish(1)
        await running
        return spring.pulled

    assert play(scene()) == 2


def test_an_item_that_the_source_hands_over_after_the_stop_never_starts() -> None:
    async def late_source() -> AsyncIterator[int]:
        yield 0
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield 1

    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        running = asyncio.ensure_future(pool_of(stage.work, diary).run(late_source()))
        await settled()
        stage.fail(0, denied())
        await running
        return diary

    diary = play(scene())
    assert diary.started == [0]
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.STOPPED}


def test_the_queued_items_end_in_the_step_of_the_error_and_after_the_failed_one() -> None:
    """The failed row is written before any row that it stopped; 100,000 queued items end as one range."""

    async def scene() -> Diary:
        diary = Diary()

        async def work(item: int) -> None:
            if item == 1:
                asyncio.get_running_loop().call_soon(diary.events.append, ("next step",))
                raise denied()
            await asyncio.Event().wait()

        await pool_of(work, diary, workers=2).run(range(100_000))
        return diary

    diary = play(scene())
    assert diary.events == [
        ("started", 0),
        ("started", 1),
        ("ended", 1, Ending.FAILED),
        ("stopping", 1),
        ("rest", 99_998, Ending.STOPPED),
        ("next step",),
        ("ended", 0, Ending.STOPPED),
        ("finished",),
    ]
    assert diary.rest == range(2, 100_000)


def test_an_error_leaves_the_others_running_in_keep_going_mode() -> None:
    """Errors are recorded, work goes on."""

    async def work(item: int) -> None:
        if item % 2:
            raise denied()

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, policy=KEEP_GOING).run(range(6))
        return diary

    diary = play(scene())
    assert list(diary.endings().values()).count(Ending.DONE) == 3
    assert diary.report is not None
    assert [failure.item for failure in diary.report.failures] == [1, 3, 5]
    assert diary.report.first_error == diary.report.failures[0]
    assert not diary.report.is_stopped


@pytest.mark.parametrize("error", [disk_full(), ValueError("a bug")])
def test_a_systemic_or_unknown_error_stops_a_keep_going_run(error: Exception) -> None:
    async def work(item: int) -> None:
        if item == 2:
            raise error

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, workers=1, policy=KEEP_GOING).run(range(50))
        return diary

    diary = play(scene())
    assert diary.started == [0, 1, 2]
    assert diary.report is not None
    assert diary.report.is_stopped


def test_switching_the_toggle_on_stops_for_the_next_error_and_blames_that_one() -> None:
    """The toggle counts from now on: an old error never stops."""

    async def scene() -> tuple[list[int], Diary]:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2, policy=KEEP_GOING)
        running = asyncio.ensure_future(pool.run(range(10)))
        stage.fail(0, denied())
        await settled()
        pool.policy = STOP_AT_ONCE
        stage.finish(1)
        await settled()
        after_toggle = diary.started
        stage.fail(2, denied())
        await running
        return after_toggle, diary

    after_toggle, diary = play(scene())
    assert after_toggle == [0, 1, 2, 3]
    assert diary.started == after_toggle
    assert diary.report is not None
    assert diary.report.first_error is not None
    assert diary.report.first_error.item == 2
    assert [failure.item for failure in diary.report.failures] == [0, 2]


@pytest.mark.parametrize(
    "policy", [StopPolicy(False, max_errors=3), StopPolicy(False, max_percent=30)], ids=["number", "percent"]
)
def test_a_run_stops_at_as_many_errors_as_the_policy_says_and_blames_the_last(policy: StopPolicy) -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2, policy=policy, count_items=lambda: 10)
        running = asyncio.ensure_future(pool.run(range(10)))
        for item in range(3):
            stage.fail(item, denied())
            await settled()
        await running
        return diary

    diary = play(scene())
    assert diary.started == [0, 1, 2, 3]
    assert diary.report is not None
    assert diary.report.is_stopped
    assert diary.report.first_error is not None
    assert diary.report.first_error.item == 2
    assert diary.report.failure_count == 3


def test_switching_the_toggle_off_never_revives_a_stop() -> None:
    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        pool = pool_of(stage.work, diary, workers=2, policy=LET_FINISH)
        running = asyncio.ensure_future(pool.run(Spring()))
        await settled()
        stage.fail(0, denied())
        await settled()
        pool.policy = KEEP_GOING
        stage.finish(1)
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.DONE}
    assert diary.report is not None
    assert diary.report.is_stopped


def test_a_transport_error_after_the_stop_is_the_cancellation_of_its_item() -> None:
    async def work(item: int) -> None:
        if item == 0:
            raise denied()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise reset() from None

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, workers=2).run([1, 0])
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.FAILED, 1: Ending.STOPPED}
    assert diary.report is not None
    assert diary.report.failure_count == 1


def test_a_verdict_after_the_stop_is_a_further_failure_and_only_a_hundred_are_kept() -> None:
    async def work(item: int) -> None:
        if item == 149:
            raise denied()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise denied() from None

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(work, diary, workers=150).run(range(150))
        return diary

    diary = play(scene())
    assert diary.report is not None
    assert diary.report.failure_count == 150
    assert [failure.item for failure in diary.report.failures] == [149, *range(99)]
    assert diary.report.first_error == diary.report.failures[0]
    assert set(diary.endings().values()) == {Ending.FAILED}


def test_an_error_keeps_its_type_on_the_way_to_the_report() -> None:
    error = disk_full()

    async def work(item: int) -> None:
        raise error

    async def scene() -> BaseException | None:
        report = await pool_of(work, Diary()).run([7])
        return report.first_error.error if report.first_error else None

    kept = play(scene())
    assert kept is error
    assert isinstance(kept, TransferError)
