"""Requests made until they succeed: the one place where a failed request is judged and waited for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from app.core.errors import TransferError
from app.core.events import Wait
from app.core.states import Phase
from app.core.timing import Timing
from app.engine.outage import Outage
from app.engine.ports import ObjectStore
from app.engine.retry import RetryBudget
from app.engine.sign_in import SignIn

T = TypeVar("T")
log = logging.getLogger(__name__)


class Asker(Protocol):
    """Who makes a request of `bucket`. One that `is_patient` waits until a person has signed in."""

    bucket: str
    is_patient: bool

    def slot(self) -> AbstractAsyncContextManager[object]:
        """What is held while a request is in flight, and never during a wait."""

    def failed(self, error: TransferError) -> None:
        """A request has failed; what comes of it is told next."""

    def waits(self, phase: Phase, delay_s: float | None = None) -> None:
        """The request waits for its next try, `delay_s` seconds where that is known."""

    def tries_again(self) -> None:
        """The wait for a try of the request's own is over."""


class Patience:
    """What all requests of one connection have in common when they fail. Loop only.

    A failure of one request is tried again by its own budget. A network that is gone and keys that have
    expired hold up every request of the connection: they are put right once, and then all go on, without a
    try lost. Every wait ends when its request is cancelled.
    """

    def __init__(
        self,
        store: ObjectStore,
        timing: Timing,
        random: Callable[[], float],
        *,
        is_attended: bool = False,
        on_change: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`random` gives a float in [0, 1), `sleep` takes seconds, `ticks` gives monotonic seconds.

        With `is_attended` somebody can be asked to sign in. `on_change` is told when `wait` changes.
        """
        self._timing = timing
        self._random = random
        self._sleep = sleep
        self._outage = Outage(store.probe, timing, random, sleep, ticks, on_change)
        self.sign_in = SignIn(store.renew_keys, is_attended, on_change)

    @property
    def wait(self) -> Wait | None:
        """What every request waits for at this moment, None when they may be made."""
        return self._outage.wait or self.sign_in.wait

    async def ask(
        self, asker: Asker, request: Callable[[], Awaitable[T]], held_bytes: Callable[[], int] = int
    ) -> T:
        """Make the request until it succeeds; raises TransferError when another try is no use.

        `held_bytes` tells what has come so far: progress gives more tries.
        """
        budget = RetryBudget(self._timing, self._random)
        while True:
            if await self._ready(asker):
                budget.forget_waits()
            async with asker.slot():
                if self.wait is not None:
                    continue
                held, version = held_bytes(), self.sign_in.version
                try:
                    answer = await request()
                except TransferError as error:
                    failure = error
                else:
                    self._outage.answered()
                    self.sign_in.worked(version)
                    return answer
            asker.failed(failure)
            new_bytes = max(0, held_bytes() - held)
            if new_bytes or failure.code:
                self._outage.answered()
            budget.add_progress(new_bytes)
            if budget.can_wait and self._takes(failure, asker, version):
                budget.count_wait()
                continue
            delay_s = budget.delay_s(failure)
            if delay_s is None:
                raise failure
            asker.waits(Phase.WAITING_TO_RETRY, delay_s)
            log.info("next try in %.2f s (%s: %s)", delay_s, failure.kind.value, failure.message)
            await self._sleep(delay_s)
            asker.tries_again()

    async def _ready(self, asker: Asker) -> bool:
        """Wait until requests may be made; True when a person has seen to it."""
        is_by_person = False
        while (wait := self.wait) is not None:
            asker.waits(wait.phase)
            if wait is self._outage.wait:
                await self._outage.over()
            else:
                is_by_person = await self.sign_in.over(is_patient=asker.is_patient)
        return is_by_person

    def _takes(self, failure: TransferError, asker: Asker, version: int) -> bool:
        return self._outage.takes(failure, asker.bucket) or self.sign_in.takes(failure, version)
