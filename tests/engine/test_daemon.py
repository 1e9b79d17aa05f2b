"""Blocking calls on daemon threads: results, errors, limits, and calls nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading

import pytest

from app.engine.daemon import DaemonThreads

LIMIT_S = 20.0


def _current_thread() -> threading.Thread:
    return threading.current_thread()


def test_a_call_runs_on_a_daemon_thread_and_brings_its_result() -> None:
    async def scene() -> threading.Thread:
        threads = DaemonThreads(name="test-blocking")
        thread = await threads(_current_thread)
        threads.close()
        return thread

    thread = asyncio.run(scene())
    assert thread.daemon
    assert thread.name.startswith("test-blocking")
    thread.join(LIMIT_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("error", [OSError("no such host"), SystemExit(3), KeyboardInterrupt()])
def test_the_error_of_a_call_is_raised_to_the_one_who_waits(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def scene() -> BaseException | None:
        threads = DaemonThreads()
        try:
            await threads(fail)
        except BaseException as raised:
            return raised
        finally:
            threads.close()
        return None

    assert asyncio.run(scene()) is error


def test_a_stop_iteration_of_a_call_is_raised_as_a_runtime_error() -> None:
    """A future refuses StopIteration: without this the one who waits would wait for ever."""

    async def scene() -> None:
        threads = DaemonThreads()
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(threads(lambda: next(iter(()))), LIMIT_S)
        threads.close()

    asyncio.run(scene())


def test_calls_beyond_the_limit_wait_in_line() -> None:
    gate = threading.Event()
    names: set[str] = set()

    def wait_at_the_gate() -> None:
        gate.wait(LIMIT_S)
        names.add(threading.current_thread().name)

    async def scene() -> None:
        threads = DaemonThreads(limit=2)
        calls = asyncio.gather(*(threads(wait_at_the_gate) for _ in range(9)))
        asyncio.get_running_loop().call_soon(gate.set)
        await asyncio.wait_for(calls, LIMIT_S)
        threads.close()

    asyncio.run(scene())
    assert 1 <= len(names) <= 2


def test_one_thread_serves_calls_that_follow_each_other() -> None:
    async def scene() -> set[threading.Thread]:
        threads = DaemonThreads()
        seen = {await threads(_current_thread) for _ in range(50)}
        threads.close()
        return seen

    assert len(asyncio.run(scene())) == 1


def test_no_thread_is_started_before_the_first_call() -> None:
    before = threading.active_count()
    DaemonThreads()
    assert threading.active_count() == before


def test_cancelling_abandons_a_running_call_at_once() -> None:
    gate = threading.Event()

    async def scene() -> str:
        threads = DaemonThreads(limit=2)
        is_running = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang() -> None:
            loop.call_soon_threadsafe(is_running.set)
            gate.wait(LIMIT_S)

        call = asyncio.ensure_future(threads(hang))
        await asyncio.wait_for(is_running.wait(), LIMIT_S)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        other = await asyncio.wait_for(threads(lambda: "still served"), LIMIT_S)
        threads.close()
        return other

    assert asyncio.run(scene()) == "still served"
    gate.set()


def test_a_call_cancelled_in_line_is_never_run() -> None:
    gate = threading.Event()
    ran: list[str] = []

    async def scene() -> None:
        threads = DaemonThreads(limit=1)
        first = asyncio.ensure_future(threads(lambda: gate.wait(LIMIT_S)))
        second = asyncio.ensure_future(threads(lambda: ran.append("cancelled")))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.set()
        await asyncio.wait_for(first, LIMIT_S)
        await asyncio.wait_for(threads(lambda: ran.append("wanted")), LIMIT_S)
        threads.close()

    asyncio.run(scene())
    assert ran == ["wanted"]


def test_a_result_for_a_closed_loop_is_dropped() -> None:
    """A raise on the thread would fail this test: pytest turns it into an error."""
    gate = threading.Event()
    thread: list[threading.Thread] = []

    async def scene() -> None:
        threads = DaemonThreads()
        is_running = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang() -> None:
            thread.append(threading.current_thread())
            loop.call_soon_threadsafe(is_running.set)
            gate.wait(LIMIT_S)

        call = asyncio.ensure_future(threads(hang))
        await asyncio.wait_for(is_running.wait(), LIMIT_S)
        call.cancel()
        threads.close()

    asyncio.run(scene())
    gate.set()
    thread[0].join(LIMIT_S)
    assert not thread[0].is_alive()


def test_closed_threads_refuse_a_call() -> None:
    async def scene() -> None:
        threads = DaemonThreads()
        threads.close()
        threads.close()
        with pytest.raises(RuntimeError, match="closed"):
            await threads(_current_thread)

    asyncio.run(scene())
