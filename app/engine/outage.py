"""A network that is gone and comes back: noticed once for a connection, waited out with one probe."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import Wait
from app.core.states import Phase
from app.core.timing import Timing
from app.engine.repair import Repair
from app.engine.retry import backoff_s

log = logging.getLogger(__name__)


class Outage:
    """The network of one connection. It can only be gone after it was there. Loop only."""

    def __init__(
        self,
        probe: Callable[[str], Awaitable[None]],
        timing: Timing,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        ticks: Callable[[], float],
        on_change: Callable[[], None],
    ) -> None:
        """`probe` asks the server of a bucket for anything, and raises TransferError when nothing answers.

        `random` gives a float in [0, 1), `sleep` takes seconds, `ticks` gives monotonic seconds. `on_change`
        is told when the wait begins and ends.
        """
        self._probe = probe
        self._timing = timing
        self._random = random
        self._sleep = sleep
        self._ticks = ticks
        self._on_change = on_change
        self._has_answered = False
        self._repair: Repair | None = None
        self.wait: Wait | None = None

    def answered(self) -> None:
        """The server has answered a request, whatever it said."""
        self._has_answered = True

    def takes(self, error: TransferError, bucket: str) -> bool:
        """True when the failed request, of `bucket`, is to be made again once the network is back."""
        if not error.kind.is_network_gone:
            return False
        if self._repair is None and self._has_answered:
            log.warning("Waiting for the network: %s", error.message)
            self.wait = Wait(Phase.WAITING_FOR_NETWORK, ErrorRecord.of(error, None, time.time()))
            self._repair = Repair(self._wait_out(error, bucket), self._end)
            self._on_change()
        return self._repair is not None

    async def over(self) -> None:
        """Wait until a probe is answered. Raises TransferError when none was for too long."""
        if self._repair is not None:
            await self._repair.over()

    def _end(self) -> None:
        self._repair = self.wait = None
        self._on_change()

    async def _wait_out(self, error: TransferError, bucket: str) -> None:
        began = self._ticks()
        probes = 0
        while (elapsed_s := self._ticks() - began) < self._timing.outage_s:
            probes += 1
            longest_s = backoff_s(self._timing, probes, self._timing.probe_max_s)
            # Not the full jitter of a retry: of one client there is one probe.
            wanted_s = longest_s * (1.0 + self._random()) / 2.0
            await self._sleep(min(wanted_s, self._timing.outage_s - elapsed_s))
            try:
                await self._probe(bucket)
            except TransferError as failed:
                # A network that wants a sign-in of its own answers in the server's place.
                if not failed.kind.is_transport and failed.kind is not ErrorKind.TLS_UNTRUSTED:
                    break
                error = failed
            else:
                break
        else:
            self._has_answered = False
            raise self._given_up(error)
        log.warning("The network is back.")

    def _given_up(self, error: TransferError) -> TransferError:
        limit_s = self._timing.outage_s
        limit = f"{limit_s:g} s" if limit_s < 120 else f"{limit_s / 60:g} minutes"
        kind = error.kind if error.kind.is_systemic else ErrorKind.UNREACHABLE
        return TransferError(
            kind,
            f"The network did not come back within {limit}. {error.message} "
            "What came is kept: resume when the network is back.",
        )
