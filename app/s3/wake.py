"""Whether this computer has slept, from its two clocks."""

from __future__ import annotations

import time
from collections.abc import Callable

SLEPT_S = 10.0
"""A shorter sleep is one that connections survive."""


class WakeWatch:
    """Compares the wall clock with the monotonic one, which stands still in a sleep on Linux and macOS.

    Where it goes on (Windows), a look that comes much later than it was due tells the same. A clock that was
    set forward looks like a sleep too, and so does a process that was stopped.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """`wall` gives seconds since the epoch, `ticks` monotonic seconds."""
        self._wall = wall
        self._ticks = ticks
        self._ahead_s = wall() - ticks()
        self._due: float | None = None

    def expect(self, delay_s: float | None) -> None:
        """The next look comes in so many seconds; None when nobody can tell."""
        self._due = None if delay_s is None else self._ticks() + delay_s

    def has_slept(self) -> bool:
        """True once after each sleep."""
        now = self._ticks()
        ahead_s = self._wall() - now
        is_late = self._due is not None and now - self._due > SLEPT_S
        has_jumped = ahead_s - self._ahead_s > SLEPT_S
        self._ahead_s = ahead_s
        return is_late or has_jumped
