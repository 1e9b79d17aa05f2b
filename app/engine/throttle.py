"""Limits on bytes a second: token buckets, handed round the transfers in turn. Loop only."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

BURST_S = 0.1
"""What was not used within so many seconds may still be used."""
TURNS_A_SECOND = 64
"""Into about so many portions a second is divided: few enough to cost nothing, many enough to be smooth."""
LEAST_BYTES, MOST_BYTES = 4 << 10, 256 << 10
"""Bounds of a portion."""
_LEAST_WAIT_S = 0.001


class Timer(Protocol):
    """What `later` gives."""

    def cancel(self) -> None:
        """Let nothing happen."""


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls a function once, so many seconds later."""


class _Turn(NamedTuple):
    granted: asyncio.Future[None]
    n_bytes: int


class _Turns:
    """Who of one owner waits: first those that have a connection, so that a large file opens few of them."""

    __slots__ = ("begun", "fresh")

    def __init__(self) -> None:
        self.begun: deque[_Turn] = deque()
        self.fresh: deque[_Turn] = deque()

    def pop(self) -> _Turn:
        return (self.begun or self.fresh).popleft()

    def __bool__(self) -> bool:
        return bool(self.begun or self.fresh)


class Throttle:
    """One token bucket. An owner with many waiters gets one portion, then the next owner has its turn.

    A debt is paid before anyone gets more, so the rate is held whatever the portions are.
    """

    def __init__(
        self, limit_bps: int = 0, *, ticks: Callable[[], float] = time.monotonic, later: Later | None = None
    ) -> None:
        """`limit_bps` 0 is no limit. `ticks` gives monotonic seconds."""
        self.on_switch: list[Callable[[], None]] = []
        self._limit_bps = limit_bps
        self._ticks = ticks
        self._later = later or _later
        self._at = ticks()
        self._balance = 0.0
        self._timer: Timer | None = None
        self._waiting: OrderedDict[Hashable, _Turns] = OrderedDict()

    @property
    def limit_bps(self) -> int:
        """Bytes a second, 0 for no limit. A change counts at once, for who waits too."""
        return self._limit_bps

    @limit_bps.setter
    def limit_bps(self, limit_bps: int) -> None:
        self._refill()
        self._limit_bps = limit_bps
        if not limit_bps:
            self._balance = 0.0
        if self._timer is not None:
            self._timer.cancel()
        self._hand_on()
        for tell in self.on_switch:
            tell()

    @property
    def portion_bytes(self) -> int:
        """What a transfer should ask for at a time."""
        return min(MOST_BYTES, max(LEAST_BYTES, self._limit_bps // TURNS_A_SECOND)) if self._limit_bps else 0

    async def take(self, owner: Hashable, n_bytes: int, *, is_begun: bool) -> None:
        """Wait for `n_bytes`, in turn; a cancelled wait takes none."""
        if not self._limit_bps:
            return
        turn = _Turn(asyncio.get_running_loop().create_future(), n_bytes)
        turns = self._waiting.setdefault(owner, _Turns())
        (turns.begun if is_begun else turns.fresh).append(turn)
        if self._timer is None:
            self._hand_on()
        try:
            await turn.granted
        except asyncio.CancelledError:
            if turn.granted.done() and not turn.granted.cancelled():
                self.give_back(n_bytes)
            raise

    def give_back(self, n_bytes: int) -> None:
        """Return what was taken and not used; less than 0 is what was used and not taken."""
        if self._limit_bps:
            self._balance += n_bytes

    def _refill(self) -> None:
        now = self._ticks()
        came = (now - self._at) * self._limit_bps
        self._at = now
        self._balance = min(self._balance + came, self._limit_bps * BURST_S)

    def _hand_on(self) -> None:
        self._timer = None
        self._refill()
        while self._waiting and (self._balance >= 0 or not self._limit_bps):
            owner, turns = self._waiting.popitem(last=False)
            turn = turns.pop()
            if turns:
                self._waiting[owner] = turns
            if not turn.granted.done():
                if self._limit_bps:
                    self._balance -= turn.n_bytes
                turn.granted.set_result(None)
        if self._waiting:
            self._timer = self._later(max(_LEAST_WAIT_S, -self._balance / self._limit_bps), self._hand_on)


class Limits:
    """What holds for the transfers of one batch: its own limit, and the one of all batches together."""

    def __init__(self, own: Throttle, total: Throttle) -> None:
        self.own = own
        self.total = total
        self.is_on = False
        for throttle in (own, total):
            throttle.on_switch.append(self._look)
        self._look()

    def allow(self, owner: Hashable) -> Allowance:
        """The allowance of one piece of `owner`."""
        return Allowance(self, owner)

    @property
    def portion_bytes(self) -> int:
        """What a transfer should ask for at a time; 0 without a limit."""
        return min(filter(None, (self.own.portion_bytes, self.total.portion_bytes)), default=0)

    async def take(self, owner: Hashable, n_bytes: int, *, is_begun: bool) -> None:
        """Wait until both limits allow it; a cancelled wait takes none."""
        await self.own.take(owner, n_bytes, is_begun=is_begun)
        try:
            await self.total.take(owner, n_bytes, is_begun=is_begun)
        except asyncio.CancelledError:
            self.own.give_back(n_bytes)
            raise

    def give_back(self, n_bytes: int) -> None:
        """Return what was taken and not used; less than 0 is what was used and not taken."""
        self.own.give_back(n_bytes)
        self.total.give_back(n_bytes)

    def _look(self) -> None:
        self.is_on = bool(self.own.limit_bps or self.total.limit_bps)


class Allowance:
    """What one piece may take before it has to wait again. `begin` before its first GET, `end` at last."""

    def __init__(self, limits: Limits, owner: Hashable) -> None:
        self.limits = limits
        self._owner = owner
        self._left_bytes = 0
        self._refill: asyncio.Task[None] | None = None

    async def begin(self, most_bytes: int) -> None:
        """Wait for leave to ask for a piece of `most_bytes`."""
        if self.limits.is_on:
            await self._take(min(most_bytes, self.limits.portion_bytes), is_begun=False)

    def spend(self, n_bytes: int) -> asyncio.Future[None] | None:
        """Bytes have come while a limit is on: what to wait for before more may, None for nothing."""
        self._left_bytes -= n_bytes
        if self._left_bytes > 0:
            return None
        if self._refill is None or self._refill.done():
            n_bytes = self.limits.portion_bytes - self._left_bytes
            self._refill = asyncio.ensure_future(self._take(n_bytes, is_begun=True))
        return self._refill

    def end(self) -> None:
        """No more bytes come."""
        if self._refill is not None:
            self._refill.cancel()
        self.limits.give_back(self._left_bytes)
        self._left_bytes = 0

    async def _take(self, n_bytes: int, *, is_begun: bool) -> None:
        await self.limits.take(self._owner, n_bytes, is_begun=is_begun)
        self._left_bytes += n_bytes


def _later(delay_s: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(delay_s, call)
