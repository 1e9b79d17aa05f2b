"""Blocking calls on daemon threads: the engine's only way to wait for what cannot be awaited."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_DEFAULT_LIMIT = 8


class _Call:
    """One call on its way through a thread and back. Its result is delivered on the loop that asked."""

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._function = function
        self._loop = loop
        self._result: Any = None
        self._error: BaseException | None = None
        self.future: asyncio.Future[Any] = loop.create_future()
        self.is_abandoned = False

    def run(self) -> None:
        """Run the function, unless nobody waits for it. On a daemon thread; raises nothing."""
        if self.is_abandoned:
            return
        try:
            self._result = self._function()
        except StopIteration as raised:
            # A future refuses StopIteration, and the awaiting coroutine would take it for its own end.
            self._error = RuntimeError("the call raised StopIteration")
            self._error.__cause__ = raised
        except BaseException as raised:  # noqa: BLE001 (a thread's top frame; the caller gets it)
            self._error = raised

    def send_home(self) -> None:
        """Have the loop deliver what became of the call. On a daemon thread; raises nothing."""
        # A closed loop has nobody left who waits for this.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._result)


class DaemonThreads:
    """Runs blocking calls on at most `limit` daemon threads, each started when no other is idle.

    Python's exit waits for a ThreadPoolExecutor's threads, so one name look-up that hangs would hold the
    exit; a daemon thread holds nothing. Calls beyond `limit` wait in line. A call that never returns keeps
    its thread.
    """

    def __init__(self, limit: int = _DEFAULT_LIMIT, name: str = "downspout-blocking") -> None:
        self._limit = limit
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0
        self._is_closed = False

    async def __call__(self, function: Callable[[], T]) -> T:
        """Await `function()` run on a daemon thread. Cancelling abandons the call; its result is dropped.

        Raises what the function raises, and RuntimeError after `close`.
        """
        if self._is_closed:
            raise RuntimeError("these threads are closed")
        call = _Call(function, asyncio.get_running_loop())
        self._calls.put(call)
        self._start_if_needed()
        try:
            result: T = await call.future
        finally:
            # Matters for a call that is cancelled while it waits in line: no thread needs to run it.
            call.is_abandoned = True
        return result

    def close(self) -> None:
        """Let every thread end after what it is doing; blocks for nothing. Idempotent."""
        if not self._is_closed:
            self._is_closed = True
            for _ in range(self._threads):
                self._calls.put(None)

    def _start_if_needed(self) -> None:
        if not self._idle.acquire(blocking=False) and self._threads < self._limit:
            self._threads += 1
            name = f"{self._name}-{self._threads}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            # Before the result is home, so that whoever calls next finds this thread idle.
            self._idle.release()
            call.send_home()
            # Hold no result while waiting for the next call.
            del call
