"""Slots: the permits for GETs in flight, shared fairly between transfers. Loop only."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Slots:
    """`jobs` permits, handed round the owners in turn: an owner with many waiters gets one, then the next.

    Nothing may hold a slot while it waits to retry.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError("there must be at least one slot")
        self.jobs = jobs
        self.used = 0
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def hold(self, owner: Hashable) -> AsyncIterator[None]:
        """Hold one slot for `owner` in the block; waits its turn. A cancelled wait takes none."""
        await self._acquire(owner)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, owner: Hashable) -> None:
        if self.used < self.jobs:
            self.used += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            owner, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[owner] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self.used -= 1
