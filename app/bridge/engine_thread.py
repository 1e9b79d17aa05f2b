"""The engine's thread: one daemon thread with one selector event loop."""

from __future__ import annotations

import asyncio
import logging
import selectors
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from app.bridge.right_of_way import give_way

log = logging.getLogger(__name__)

SWITCH_S = 0.0005
"""How long a thread may keep the interpreter while another waits. With Python's 5 ms a 10 ms timer of the
window was 2 to 11 ms late in the median while 5,000 files came, with this 1 to 4 (tests/bench, window)."""


class _GivingWay(selectors.DefaultSelector):
    """The loop's selector: before each turn of the loop the main thread may go first."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, as ever."""
        ready = super().select(timeout)
        give_way()
        return ready


class EngineThread:
    """Runs coroutines on a loop of its own. `start` and the submitting methods are for the main thread."""

    def __init__(self) -> None:
        self._loop: asyncio.SelectorEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self, first: Callable[[], object]) -> None:
        """Start the thread; it runs `first` before anything else."""
        sys.setswitchinterval(SWITCH_S)
        self._loop = asyncio.SelectorEventLoop(_GivingWay())
        self.call(first)
        self._thread.start()

    def call(self, function: Callable[[], object]) -> None:
        """Run `function` on the loop soon. Any thread; a loop that is not there drops it."""
        if self._loop is None or self._loop.is_closed():
            log.debug("the engine's loop is closed: a call was dropped")
            return
        # It may be closed in between.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the coroutine that `work` makes as a task of the loop. Any thread."""
        self.call(lambda: self._spawn(work()))

    def stop(self) -> None:
        """Ask the loop to end; does not wait. Any thread."""
        if self._loop is not None:
            self.call(self._loop.stop)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end, at most `timeout_s`; True when it has ended. Blocks: not from a slot."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the engine failed", exc_info=task.exception())

    def _run(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
