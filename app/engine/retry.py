"""Whether and when a failed request is tried again. Pure, with the random source given in."""

from __future__ import annotations

from collections.abc import Callable

from app.core.errors import ErrorKind, TransferError
from app.core.timing import Timing

_MAX_DOUBLINGS = 30


def backoff_s(timing: Timing, failures: int, max_s: float) -> float:
    """The longest wait after so many failures in a row, at least one: doubling, at most `max_s` seconds."""
    doublings = min(failures - 1, _MAX_DOUBLINGS)
    return min(max_s, timing.backoff_first_s * 2.0**doublings)


class RetryBudget:
    """The tries of one request without progress (design: full jitter, doubling, Retry-After honoured)."""

    def __init__(self, timing: Timing, random: Callable[[], float]) -> None:
        """`random` gives a float in [0, 1)."""
        self._timing = timing
        self._random = random
        self.failed_tries = 0
        self._waits = 0
        self._new_bytes = 0

    def add_progress(self, new_bytes: int) -> None:
        """A failed try brought this much that is kept; enough of it, over tries, resets the counts."""
        self._new_bytes += new_bytes
        if self._new_bytes >= self._timing.progress_bytes:
            self.failed_tries = self._waits = self._new_bytes = 0

    def delay_s(self, error: TransferError) -> float | None:
        """Seconds to wait before the next try after `error`, None when there is none left or no use."""
        if not error.kind.is_retryable:
            return None
        self.failed_tries += 1
        if self.failed_tries >= self._tries_for(error.kind):
            return None
        longest_s = backoff_s(self._timing, self.failed_tries, self._timing.backoff_max_s)
        asked_s = min(error.retry_after_s or 0.0, self._timing.backoff_max_s)
        return max(self._random() * longest_s, asked_s)

    @property
    def can_wait(self) -> bool:
        """True when the request may wait for its connection once more, which costs no try.

        There is an end to that too: where every wait is over soon and the request fails again, waiting is no
        help.
        """
        return self._waits < self._timing.tries

    def count_wait(self) -> None:
        """The request waits for its connection."""
        self._waits += 1

    def forget_waits(self) -> None:
        """A person has seen to the connection: that is no loop."""
        self._waits = 0

    def _tries_for(self, kind: ErrorKind) -> int:
        if kind is ErrorKind.CONNECTION_REFUSED:
            return self._timing.tries_refused
        return self._timing.tries_throttled if kind is ErrorKind.THROTTLED else self._timing.tries
