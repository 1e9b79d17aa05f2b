"""A connection whose network and keys a test takes away and gives back, and whose waits it ends by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from app.core.errors import ErrorKind, TransferError
from app.core.states import Phase
from app.core.timing import Timing
from app.engine.patience import Patience
from app.engine.slots import Slots
from tests.engine.stage import until

T = TypeVar("T")
LIMIT_S = 10.0
TIMING = Timing(
    backoff_first_s=0.25, backoff_max_s=1.0, tries=4, tries_refused=3, outage_s=60.0, probe_max_s=4.0
)
REFUSED = TransferError(ErrorKind.CONNECTION_REFUSED, "The server refuses connections.")
EXPIRED = TransferError(ErrorKind.EXPIRED_CREDENTIALS, "The sign-in has expired.", code="ExpiredToken")
SERVED = "served"


class Connection:
    """A store as far as a Patience needs it, and a request that depends on network and keys.

    `error` is what a request and a probe end with, None while all is well. `renewals` are the answers to
    the next wishes for new keys: whether other ones come, or an error.
    """

    def __init__(self) -> None:
        self.error: TransferError | None = None
        self.probe_error: TransferError | None = None
        self.requests = 0
        self.probes: list[str] = []
        self.probes_at_once = self.most_probes_at_once = 0
        self.renewals: list[bool | TransferError] = []
        self.renewed = 0

    def break_off(self, error: TransferError) -> None:
        """From now on requests and probes end with this."""
        self.error = self.probe_error = error

    def mend(self) -> None:
        """From now on all is well."""
        self.error = self.probe_error = None

    async def request(self) -> str:
        """What is asked for."""
        self.requests += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return SERVED

    async def probe(self, bucket: str) -> None:
        self.probes.append(bucket)
        self.probes_at_once += 1
        self.most_probes_at_once = max(self.most_probes_at_once, self.probes_at_once)
        await asyncio.sleep(0)
        self.probes_at_once -= 1
        if self.probe_error is not None:
            raise self.probe_error

    async def renew_keys(self) -> bool:
        self.renewed += 1
        await asyncio.sleep(0)
        answer = self.renewals.pop(0)
        if isinstance(answer, TransferError):
            raise answer
        return answer


class Time:
    """Sleeps that end when the test says so, or at once; `now` is as much later as was slept."""

    def __init__(self, *, is_quick: bool = False) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._is_quick = is_quick
        self._sleeping: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        """Sleep until `pass_by`."""
        self.slept.append(seconds)
        if not self._is_quick:
            over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleeping.append(over)
            await over
        await asyncio.sleep(0)
        self.now += seconds

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return sum(not over.done() for over in self._sleeping)

    async def pass_by(self) -> None:
        """Wait until somebody sleeps, and end all sleeps."""
        await until(lambda: self.sleepers > 0)
        for over in self._sleeping:
            if not over.done():
                over.set_result(None)


class Asking:
    """One that asks, with what it was told. Its slots are few, so that a slot held in a wait shows."""

    def __init__(self, slots: Slots | None = None, *, is_patient: bool = True) -> None:
        self.bucket = "bucket"
        self.is_patient = is_patient
        self.phases: list[Phase] = []
        self.failures: list[ErrorKind] = []
        self.tried_again = 0
        self._slots = slots or Slots(1)

    def slot(self) -> Any:
        return self._slots.hold(self)

    def failed(self, error: TransferError) -> None:
        self.failures.append(error.kind)

    def waits(self, phase: Phase, delay_s: float | None = None) -> None:
        assert self._slots.used == 0 or self._slots.jobs > 1
        self.phases.append(phase)

    def tries_again(self) -> None:
        self.tried_again += 1


class Stage:
    """A connection, its patience and the tasks that ask."""

    def __init__(self, *, is_attended: bool = False, is_quick: bool = False) -> None:
        self.connection = Connection()
        self.time = Time(is_quick=is_quick)
        self.changes = 0
        self.tasks: list[asyncio.Task[str]] = []
        self.patience = Patience(
            self.connection,  # type: ignore[arg-type]  # as much of a store as is used
            TIMING,
            lambda: 0.0,
            is_attended=is_attended,
            on_change=self._count,
            sleep=self.time.sleep,
            ticks=lambda: self.time.now,
        )

    def ask(self, asker: Asking | None = None) -> asyncio.Task[str]:
        """Ask in a task of its own."""
        task = asyncio.ensure_future(self.patience.ask(asker or Asking(), self.connection.request))
        self.tasks.append(task)
        return task

    async def succeed(self) -> None:
        """Ask once, well: from then on the connection is one that has been there."""
        assert await self.patience.ask(Asking(), self.connection.request) == SERVED
        self.connection.requests = 0

    async def waiting(self, phase: Phase) -> None:
        """Wait until the connection does."""
        await until(lambda: self.patience.wait is not None and self.patience.wait.phase is phase)

    def _count(self) -> None:
        self.changes += 1


@asynccontextmanager
async def stage(*, is_attended: bool = False, is_quick: bool = False) -> AsyncIterator[Stage]:
    """A stage whose tasks have all ended when the block ends."""
    made = Stage(is_attended=is_attended, is_quick=is_quick)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def failure_of(task: asyncio.Task[str]) -> TransferError:
    """The TransferError that a task ends with."""
    try:
        await task
    except TransferError as error:
        return error
    raise AssertionError("the request succeeded")


def play(scene: Coroutine[Any, Any, T]) -> T:
    """Run a scene within a limit; no task is left behind."""

    async def limited() -> T:
        async with asyncio.timeout(LIMIT_S):
            result = await scene
            await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    return asyncio.run(limited())
