"""Something that is put right once for all who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Repair:
    """One repair: goes on while somebody waits for it, and everybody who waits gets its end. Loop only."""

    def __init__(self, work: Coroutine[Any, Any, None], on_end: Callable[[], None]) -> None:
        """`work` returns when all is well and raises when it gives up; `on_end` is told once, before all."""
        self._on_end: Callable[[], None] | None = on_end
        self._waiting = 0
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(self._ended)

    async def over(self, sooner: asyncio.Future[Any] | None = None) -> None:
        """Wait for the end, or until `sooner` is done. Raises what the work raised.

        Whoever is the last to leave before the end ends it.
        """
        self._waiting += 1
        try:
            await asyncio.wait(
                {self._task} if sooner is None else {self._task, sooner}, return_when=asyncio.FIRST_COMPLETED
            )
            if self._task.done():
                self._task.result()
        finally:
            self._waiting -= 1
            if not self._waiting and not self._task.done():
                self._task.cancel()
                self._tell()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # whoever waits raises it
        self._tell()

    def _tell(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()
