"""The rows of one batch that wait for a worker, in the order in which they start. Loop only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence

from app.core.states import Shift, State
from app.engine.batch_rows import BatchRows


class RowQueue:
    """The pool's source: it ends when no row waits, runs or is paused, and no more are to be listed.

    `more` gives the rows of the rest of the listing by page, None where all are here; while the batch is
    paused nothing is asked of it.
    """

    def __init__(self, rows: BatchRows, more: AsyncGenerator[Sequence[int], None] | None) -> None:
        self.handed: set[int] = set()
        self._rows = rows
        self._more = more
        self._page: asyncio.Task[Sequence[int] | None] | None = None
        self._waiting = deque(rows.in_state(State.QUEUED))
        self._is_moved = False
        self._changed = asyncio.Event()

    def __aiter__(self) -> RowQueue:
        return self

    async def __anext__(self) -> int:
        """The next row; `handed` holds it until it has started or ended. Raises TransferError (listing)."""
        while True:
            while self._waiting:
                index = self._waiting.popleft()
                if self._rows[index].state is State.QUEUED and index not in self.handed:
                    self.handed.add(index)
                    return index
            has_more = self._more is not None and not self._rows.is_listing_complete
            if not has_more and self._page is None and not self._rows.has_open:
                raise StopAsyncIteration
            if self._more is not None and self._page is None and has_more and not self._rows.is_paused:
                self._page = asyncio.ensure_future(_next(self._more))
                self._page.add_done_callback(lambda _: self._changed.set())
            await self._changed.wait()
            self._changed.clear()
            self._take_page()

    def ready(self) -> int:
        """How many rows wait; some may have ended meanwhile."""
        return len(self._waiting)

    async def aclose(self) -> None:
        """Let go of the listing."""
        more, self._more = self._more, None
        if self._page is not None:
            self._page.cancel()
            await asyncio.gather(self._page, return_exceptions=True)
        if more is not None:
            await more.aclose()

    def wake(self) -> None:
        """Something has changed in the rows."""
        self._changed.set()

    def put(self, indexes: Iterable[int]) -> None:
        """Rows wait again, at their place; before all others where a person has moved some."""
        if self._is_moved:
            self._waiting.extendleft(sorted(indexes, reverse=True))
        else:
            self._waiting = deque(sorted([*self._waiting, *indexes]))
        self.wake()

    def move(self, indexes: Collection[int], shift: Shift) -> None:
        """Move waiting rows; among each other they keep their order."""
        waiting, chosen = list(self._waiting), set(indexes)
        if shift is Shift.UP:
            _step_up(waiting, chosen)
        elif shift is Shift.DOWN:
            waiting.reverse()
            _step_up(waiting, chosen)
            waiting.reverse()
        else:
            waiting.sort(key=lambda index: (index in chosen) is (shift is Shift.BOTTOM))
        self._waiting = deque(waiting)
        self._is_moved = True

    def _take_page(self) -> None:
        if self._page is not None and self._page.done():
            page, self._page = self._page, None
            more, self._more = self._more, None
            indexes = page.result()
            if indexes is not None:
                self._more = more
                self._waiting.extend(indexes)


def _step_up(waiting: list[int], chosen: Collection[int]) -> None:
    for place in range(1, len(waiting)):
        if waiting[place] in chosen and waiting[place - 1] not in chosen:
            waiting[place - 1], waiting[place] = waiting[place], waiting[place - 1]


async def _next(more: AsyncGenerator[Sequence[int], None]) -> Sequence[int] | None:
    return await anext(more, None)
