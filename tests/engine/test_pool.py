"""The pool's source, errors and stops: one test or more for each of its rules."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from app.core.errors import TransferError
from app.engine.pool import Ending, FailFastPool, FirstError
from app.engine.sources import BlockingSource
from tests.engine.pool_stage import (
    KEEP_GOING,
    LET_FINISH,
    NOW,
    STOP_AT_ONCE,
    Diary,
    Spring,
    Stage,
    Tap,
    denied,
    disk_full,
    play,
    pool_of,
    reset,
    settled,
)

LIMIT_S = 20.0
"""Real seconds after which a test with threads gives up."""


async def _do_nothing(item: int) -> None:
    return


def test_a_run_without_an_error_ends_every_item_as_done() -> None:
    async def scene() -> Diary:
        diary = Diary()
        await pool_of(_do_nothing, diary, workers=3).run(range(10))
        return diary

    diary = play(scene())
    assert diary.started == list(range(10))
    assert diary.endings() == dict.fromkeys(range(10), Ending.DONE)
    assert diary.report is not None
    assert diary.report.first_error is None
    assert not diary.report.is_stopped


@pytest.mark.parametrize("items", [0, 1, 2])
def test_no_worker_is_made_for_an_item_that_does_not_exist(items: int) -> None:
    async def scene() -> int:
        stage = Stage()
        running = asyncio.ensure_future(pool_of(stage.work, Diary(), workers=8).run(range(items)))
        others = asyncio.all_tasks() | {running}
        most = 0
        for _ in range(5):
            most = max(most, len(asyncio.all_tasks() - others))
            await asyncio.sleep(0)
        for item in range(items):
            stage.finish(item)
        await running
        return most

    # An empty run has one task, which lets the source go.
    assert play(scene()) == max(items, 1)


def test_the_source_is_pulled_only_by_a_free_worker() -> None:
    """At most `workers` items are ahead of what is finished, from an endless source."""

    async def scene() -> list[int]:
        stage, tap = Stage(), Tap()
        tap.open(100)
        pool = pool_of(stage.work, Diary(), workers=3)
        running = asyncio.ensure_future(pool.run(tap.items()))
        await settled()
        pulled = [tap.pulled]
        stage.finish(1)
        await settled()
        pulled.append(tap.pulled)
        pool.cancel()
        await running
        return pulled

    assert play(scene()) == [3, 4]


def test_an_endless_blocking_iterator_ends_with_the_first_error() -> None:
    """An endless source is legal, and pulled at most `workers` ahead."""

    async def scene() -> tuple[int, int]:
        numbers = itertools.count()

        async def work(item: int) -> None:
            if item == 20:
                raise denied()

        report = await asyncio.wait_for(pool_of(work, Diary()).run(numbers), LIMIT_S)
        assert report.first_error is not None
        assert report.first_error.item is not None
        return report.first_error.item, next(numbers)

    blamed, pulled = asyncio.run(scene())
    assert blamed == 20
    assert pulled <= 20 + 1 + 4


def test_a_source_that_waits_does_not_hold_up_the_stop() -> None:
    """A source that blocks does not block the stop, and is closed by it."""

    async def scene() -> tuple[float, bool]:
        stage, tap = Stage(), Tap()
        tap.open(2)
        running = asyncio.ensure_future(pool_of(stage.work, Diary()).run(tap.items()))
        await settled()
        failed_at = asyncio.get_running_loop().time()
        stage.fail(0, denied())
        await running
        return asyncio.get_running_loop().time() - failed_at, tap.is_closed

    assert play(scene()) == (0.0, True)


def test_an_async_generator_is_closed_even_when_nobody_pulls_at_the_stop() -> None:
    async def scene() -> bool:
        stage, tap = Stage(), Tap()
        tap.open(9)
        running = asyncio.ensure_future(pool_of(stage.work, Diary(), workers=2).run(tap.items()))
        await settled()
        stage.fail(0, denied())
        await running
        return tap.is_closed

    assert play(scene())


def test_the_error_of_a_source_stops_the_run_with_no_item_to_blame() -> None:
    """A source that fails does not hang the run: its error has the item None."""
    error = denied()

    async def listing() -> AsyncIterator[int]:
        yield 0
        raise error

    async def scene() -> Diary:
        diary = Diary()
        await pool_of(Stage().work, diary).run(listing())
        return diary

    diary = play(scene())
    assert diary.report is not None
    assert diary.report.first_error == FirstError(None, error, NOW)
    assert diary.endings() == {0: Ending.STOPPED}


def test_a_failed_source_ends_a_keep_going_run_after_the_running_items() -> None:
    async def listing() -> AsyncIterator[int]:
        yield 0
        raise denied()

    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        running = asyncio.ensure_future(pool_of(stage.work, diary, policy=KEEP_GOING).run(listing()))
        await settled()
        stage.finish(0)
        await running
        return diary

    diary = play(scene())
    assert diary.endings() == {0: Ending.DONE}
    assert diary.report is not None
    assert diary.report.failure_count == 1
    assert not diary.report.is_stopped


def test_a_sequence_that_breaks_fails_once_as_a_source() -> None:
    class Broken(list[int]):
        def __getitem__(self, index: object) -> int:  # type: ignore[override]
            raise OSError("the index is gone")

    async def scene() -> int:
        report = await pool_of(_do_nothing, Diary(), policy=KEEP_GOING).run(Broken([1, 2, 3]))
        return report.failure_count

    assert play(scene()) == 1


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


def test_a_blocking_iterator_is_pulled_in_a_daemon_thread() -> None:
    """No coroutine survives a blocking `next()`: the loop goes on while the source blocks."""
    pullers: set[threading.Thread] = set()
    gate = threading.Event()

    def names() -> Iterator[int]:
        pullers.add(threading.current_thread())
        yield 0
        gate.wait(LIMIT_S)
        yield 1

    async def scene() -> Diary:
        diary, stage = Diary(), Stage()
        stage.finish(0)
        stage.finish(1)
        running = asyncio.ensure_future(pool_of(stage.work, diary).run(names()))
        asyncio.get_running_loop().call_soon(gate.set)
        await asyncio.wait_for(running, LIMIT_S)
        return diary

    diary = asyncio.run(scene())
    assert diary.endings() == {0: Ending.DONE, 1: Ending.DONE}
    assert threading.main_thread() not in pullers
    assert [thread.daemon for thread in pullers] == [True]


def test_a_blocked_iterator_does_not_hold_up_the_stop() -> None:
    gate = threading.Event()

    def names() -> Iterator[int]:
        yield 0
        gate.wait(LIMIT_S)
        yield 1

    async def scene() -> tuple[float, Diary]:
        diary = Diary()
        loop = asyncio.get_running_loop()
        has_failed = loop.create_future()

        async def work(item: int) -> None:
            has_failed.set_result(loop.time())
            raise denied()

        await pool_of(work, diary).run(names())
        return loop.time() - has_failed.result(), diary

    took_s, diary = asyncio.run(scene())
    gate.set()
    assert took_s < 2.0
    assert diary.started == [0]


def test_an_iterable_that_cannot_be_opened_fails_as_a_source() -> None:
    class Unreadable:
        def __iter__(self) -> Iterator[int]:
            raise OSError("no such list")

    async def scene() -> FirstError[int] | None:
        report = await asyncio.wait_for(pool_of(_do_nothing, Diary()).run(Unreadable()), LIMIT_S)
        return report.first_error

    first_error = asyncio.run(scene())
    assert first_error is not None
    assert first_error.item is None
    assert isinstance(first_error.error, OSError)


def test_a_blocking_source_lets_its_thread_end_with_the_run() -> None:
    async def scene() -> list[threading.Thread]:
        seen: list[threading.Thread] = []

        def names() -> Iterator[int]:
            seen.append(threading.current_thread())
            yield 0

        await asyncio.wait_for(pool_of(_do_nothing, Diary()).run(names()), LIMIT_S)
        return seen

    (thread,) = asyncio.run(scene())
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_a_source_of_blocking_items_knows_of_no_rest() -> None:
    assert list(BlockingSource(iter([1, 2])).rest()) == []


def test_a_pool_refuses_to_have_no_workers_or_to_run_twice() -> None:
    with pytest.raises(ValueError, match="worker"):
        FailFastPool(_do_nothing, 0, STOP_AT_ONCE, Diary())

    async def scene() -> None:
        pool = pool_of(_do_nothing, Diary())
        await pool.run(())
        with pytest.raises(RuntimeError, match="once"):
            await pool.run(())

    play(scene())


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
