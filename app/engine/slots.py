"""Slots: the permits for GETs in flight, shared fairly between transfers. Loop only."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable


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

    def hold(self, owner: Hashable) -> SlotHold:
        """`async with slots.hold(owner)` holds one slot; waits its turn. A cancelled wait takes none."""
        return SlotHold(self, owner)

    async def acquire(self, owner: Hashable) -> None:
        """Wait for a slot; whoever has it must `release` it."""
        if self.used < self.jobs:
            self.used += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Pass a slot on to the next owner in turn, or give it back."""
        while self._waiting:
            owner, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[owner] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self.used -= 1


class SlotHold:
    """One slot for the time of a block."""

    __slots__ = ("_owner", "_slots")

    def __init__(self, slots: Slots, owner: Hashable) -> None:
        self._slots = slots
        self._owner = owner

    async def __aenter__(self) -> None:
        await self._slots.acquire(self._owner)

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()
