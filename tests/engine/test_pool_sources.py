"""How a pool pulls its source: who, when, how far ahead, and what a bad source may not do."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from app.engine.pool import FailFastPool
from app.engine.run_report import Ending, FirstError
from app.engine.sources import BlockingSource
from tests.engine.pool_stage import (
    KEEP_GOING,
    NOW,
    STOP_AT_ONCE,
    Diary,
    Stage,
    Stocked,
    Tap,
    denied,
    do_nothing,
    play,
    pool_of,
    settled,
)

LIMIT_S = 20.0
"""Real seconds after which a test with threads gives up."""


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


def test_items_that_are_ready_start_in_one_turn_of_the_loop() -> None:
    async def scene() -> tuple[list[int], list[int]]:
        stage, diary, source = Stage(), Diary(), Stocked(5)
        pool = pool_of(stage.work, diary, workers=4)
        running = asyncio.ensure_future(pool.run(source))
        # One turn for `run`, one for the first worker, one for those that it makes.
        for _ in range(3):
            await asyncio.sleep(0)
        at_once = list(diary.started)
        for item in range(4):
            stage.finish(item)
        await settled()
        source.open()
        await settled()
        pool.cancel()
        await running
        return at_once, diary.started

    assert play(scene()) == ([0, 1, 2, 3], [0, 1, 2, 3, 4, 5])


def test_of_items_that_are_not_ready_one_is_waited_for() -> None:
    async def scene() -> int:
        stage = Stage()
        running = asyncio.ensure_future(pool_of(stage.work, Diary(), workers=8).run(Stocked(2)))
        others = asyncio.all_tasks() | {running}
        await settled()
        most = len(asyncio.all_tasks() - others)
        running.cancel()
        await asyncio.wait([running])
        return most

    assert play(scene()) == 3


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
        report = await pool_of(do_nothing, Diary(), policy=KEEP_GOING).run(Broken([1, 2, 3]))
        return report.failure_count

    assert play(scene()) == 1


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
        report = await asyncio.wait_for(pool_of(do_nothing, Diary()).run(Unreadable()), LIMIT_S)
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

        await asyncio.wait_for(pool_of(do_nothing, Diary()).run(names()), LIMIT_S)
        return seen

    (thread,) = asyncio.run(scene())
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_a_source_of_blocking_items_knows_of_no_rest() -> None:
    assert list(BlockingSource(iter([1, 2])).rest()) == []


def test_a_pool_refuses_to_have_no_workers_or_to_run_twice() -> None:
    with pytest.raises(ValueError, match="worker"):
        FailFastPool(do_nothing, 0, STOP_AT_ONCE, Diary())

    async def scene() -> None:
        pool = pool_of(do_nothing, Diary())
        await pool.run(())
        with pytest.raises(RuntimeError, match="once"):
            await pool.run(())

    play(scene())
