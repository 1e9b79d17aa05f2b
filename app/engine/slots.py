"""Slots: the permits for GETs in flight, shared fairly between transfers. Loop only."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

QUIET_S = 1.0
"""Requests that were in flight together are refused together: within so many seconds they count as one."""


class Slots:
    """`jobs` permits, handed round the owners in turn: an owner with many waiters gets one, then the next.

    While the server asks to slow down there are fewer. Nothing may hold a slot while it waits to retry.
    """

    def __init__(self, jobs: int, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks` gives monotonic seconds."""
        if jobs < 1:
            raise ValueError("there must be at least one slot")
        self.jobs = jobs
        self.limit = jobs
        self.used = 0
        self._ticks = ticks
        self._quiet_until = 0.0
        self._good_ends = 0
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    def slow_down(self) -> None:
        """The server asked for it: half as many from now on. What was in flight counts once."""
        now = self._ticks()
        if now >= self._quiet_until:
            self.limit = max(1, self.limit // 2)
            self._good_ends = 0
            self._quiet_until = now + QUIET_S

    def creep_up(self) -> None:
        """A request ended well: one slot more each time as many have as there are slots."""
        if self.limit == self.jobs:
            return
        self._good_ends += 1
        if self._good_ends >= self.limit:
            self._good_ends = 0
            self.limit += 1
            self._hand_on()

    def hold(self, owner: Hashable) -> SlotHold:
        """`async with slots.hold(owner)` holds one slot; waits its turn. A cancelled wait takes none."""
        return SlotHold(self, owner)

    async def acquire(self, owner: Hashable) -> None:
        """Wait for a slot; whoever has it must `release` it."""
        if self.used < self.limit and not self._waiting:
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
        self.used -= 1
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting and self.used < self.limit:
            owner, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[owner] = turns
            if not turn.done():
                self.used += 1
                turn.set_result(None)


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
