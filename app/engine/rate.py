"""How fast bytes come: a smoothed speed from counts and times. Pure, with the clock given in."""

from __future__ import annotations

import math

SMOOTHING_S = 2.0
"""Time constant of the average, in seconds: about this long ago counts for a third."""


class SpeedMeter:
    """An exponentially smoothed speed in bytes a second, sampled at any interval."""

    def __init__(self, now_s: float, total_bytes: int = 0) -> None:
        self.bps = 0.0
        self._began_s = now_s
        self._at_s = now_s
        self._total = total_bytes

    def sample(self, now_s: float, total_bytes: int) -> float:
        """Take in the count at `now_s` (monotonic seconds) and return the speed."""
        elapsed = now_s - self._at_s
        if elapsed <= 0.0:
            return self.bps
        came = max(0, total_bytes - self._total)
        # Young meters average over their whole life, so that the first second is not an underestimate.
        weight = 1.0 - math.exp(-elapsed / min(SMOOTHING_S, max(now_s - self._began_s, 1e-3)))
        self.bps += weight * (came / elapsed - self.bps)
        self._at_s, self._total = now_s, total_bytes
        return self.bps


def eta_s(left_bytes: int, bps: float) -> float | None:
    """Seconds until `left_bytes` have come at `bps`; None when that cannot be told."""
    if bps < 1.0 or left_bytes < 0:
        return None
    return left_bytes / bps
