"""Whether and when a failed request is tried again. Pure, with the random source given in."""

from __future__ import annotations

from collections.abc import Callable

from app.core.errors import ErrorKind, TransferError
from app.core.timing import Timing


class RetryBudget:
    """The tries of one transfer without progress (design: full jitter, doubling, Retry-After honoured)."""

    def __init__(self, timing: Timing, random: Callable[[], float]) -> None:
        """`random` gives a float in [0, 1)."""
        self._timing = timing
        self._random = random
        self.failed_tries = 0
        self._new_bytes = 0

    @property
    def tries(self) -> int:
        """How many tries there are in all."""
        return self._timing.tries

    def delay_s(self, error: TransferError, new_bytes: int) -> float | None:
        """Seconds to wait before the next try after `error`, None when there is none left or no use.

        `new_bytes` is what this try brought that is kept; enough of it, over tries, resets the count.
        """
        self._new_bytes += new_bytes
        if self._new_bytes >= self._timing.progress_bytes:
            self.failed_tries = self._new_bytes = 0
        if not error.kind.is_retryable:
            return None
        self.failed_tries += 1
        if self.failed_tries >= self._tries_for(error.kind):
            return None
        doubled_s = self._timing.backoff_first_s * 2.0 ** (self.failed_tries - 1)
        jitter: float = self._random() * min(self._timing.backoff_max_s, doubled_s)
        asked_s = min(error.retry_after_s or 0.0, self._timing.backoff_max_s)
        return max(jitter, asked_s)

    def _tries_for(self, kind: ErrorKind) -> int:
        if kind is ErrorKind.CONNECTION_REFUSED:
            return self._timing.tries_refused
        return self._timing.tries_throttled if kind is ErrorKind.THROTTLED else self._timing.tries
