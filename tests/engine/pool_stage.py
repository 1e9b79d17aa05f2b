"""The stage for pool tests: time that jumps, an observer that writes down, work that waits for its cue."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from app.core.errors import ErrorKind, TransferError
from app.core.policy import InFlight, StopPolicy
from app.engine.pool import FailFastPool
from app.engine.run_report import Ending, FirstError, RunReport

R = TypeVar("R")

STOP_AT_ONCE = StopPolicy()
KEEP_GOING = StopPolicy(stop_on_first_error=False)
LET_FINISH = StopPolicy(in_flight=InFlight.FINISH)
ROUNDS = 20_000
"""Rounds of the virtual loop without time passing that are taken for an endless one."""
NOW = 1_700_000_000.0
"""What the pool's wall clock shows when virtual time is 0."""


def denied() -> TransferError:
    """A server's own verdict on one object."""
    return TransferError(ErrorKind.ACCESS_DENIED, "The server refused the object.")


def reset() -> TransferError:
    """A transport error."""
    return TransferError(ErrorKind.NETWORK, "The connection was reset.")


def disk_full() -> TransferError:
    """An error that would fail every item."""
    return TransferError(ErrorKind.DISK_FULL, "The disk is full.")


class _JumpingSelector(selectors.DefaultSelector):
    """Moves its loop's clock to the next timer instead of waiting for it."""

    loop: VirtualTimeLoop
    idle_rounds = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everything waits, and no timer is left to wake it")
        self.idle_rounds = 0 if timeout else self.idle_rounds + 1
        if self.idle_rounds > ROUNDS:
            raise AssertionError("the loop goes round and round, and no time passes")
        self.loop.now += max(timeout, 0.0)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when nothing else is left to do, and then at once."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def play(scene: Coroutine[Any, Any, R]) -> R:
    """Run a test's coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scene)


async def settled() -> None:
    """Return when all that can happen without time passing has happened (virtual time only)."""
    await asyncio.sleep(0.000_001)


class Diary:
    """A pool's observer that writes down every call as a tuple, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.rest: Sequence[int] = ()
        self.report: RunReport[int] | None = None

    def item_started(self, item: int) -> None:
        self.events.append(("started", item))

    def item_ended(self, item: int, ending: Ending, error: BaseException | None) -> None:
        self.events.append(("ended", item, ending))

    def stopping(self, cause: FirstError[int] | None) -> None:
        self.events.append(("stopping", None if cause is None else cause.item))

    def rest_ended(self, items: Sequence[int], ending: Ending) -> None:
        self.rest = items
        self.events.append(("rest", len(items), ending))

    def finished(self, report: RunReport[int]) -> None:
        self.report = report
        self.events.append(("finished",))

    @property
    def started(self) -> list[int]:
        return [event[1] for event in self.events if event[0] == "started"]

    def endings(self) -> dict[int, Ending]:
        """How each item that was told on its own ended."""
        return {event[1]: event[2] for event in self.events if event[0] == "ended"}


class Stage:
    """Work whose every item waits until the test gives it its cue."""

    def __init__(self) -> None:
        self._cues: dict[int, asyncio.Future[None]] = {}

    async def work(self, item: int) -> None:
        await self._cue(item)

    def finish(self, item: int) -> None:
        self._cue(item).set_result(None)

    def fail(self, item: int, error: BaseException) -> None:
        self._cue(item).set_exception(error)

    def _cue(self, item: int) -> asyncio.Future[None]:
        if item not in self._cues:
            self._cues[item] = asyncio.get_running_loop().create_future()
        return self._cues[item]


async def do_nothing(item: int) -> None:
    """Work that is done as soon as it starts."""


class Stubborn:
    """Work that swallows its cancellation and goes on until it is released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.late_results = 0

    async def work(self, item: int) -> None:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                continue
        self.late_results += 1


class Tap:
    """An async source that hands out the next number each time it is opened, and counts what was pulled."""

    def __init__(self) -> None:
        self._opened = asyncio.Semaphore(0)
        self.pulled = 0
        self.is_closed = False

    def open(self, items: int = 1) -> None:
        for _ in range(items):
            self._opened.release()

    async def items(self) -> AsyncIterator[int]:
        try:
            while True:
                await self._opened.acquire()
                self.pulled += 1
                yield self.pulled - 1
        finally:
            self.is_closed = True


class Stocked:
    """Numbers of which some are ready; of the rest one comes each time it is opened."""

    def __init__(self, stock: int) -> None:
        self.stock = stock
        self.pulled = 0
        self._tap = Tap()
        self._rest = self._tap.items()

    def __aiter__(self) -> Stocked:
        return self

    async def __anext__(self) -> int:
        if self.stock:
            self.stock -= 1
        else:
            await anext(self._rest)
        self.pulled += 1
        return self.pulled - 1

    def ready(self) -> int:
        return self.stock

    def open(self) -> None:
        self._tap.open()


class Spring:
    """An endless async iterator that nobody can close; counts what was pulled."""

    def __init__(self) -> None:
        self.pulled = 0

    def __aiter__(self) -> Spring:
        return self

    async def __anext__(self) -> int:
        self.pulled += 1
        return self.pulled - 1


def pool_of(
    work: Callable[[int], Coroutine[Any, Any, None]],
    diary: Diary,
    *,
    workers: int = 4,
    policy: StopPolicy = STOP_AT_ONCE,
    count_items: Callable[[], int] = int,
) -> FailFastPool[int]:
    """A pool whose wall clock follows the running loop's time."""
    loop = asyncio.get_running_loop()
    return FailFastPool(
        work, workers, policy, diary, clock=lambda: NOW + loop.time(), count_items=count_items
    )
