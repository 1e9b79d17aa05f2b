"""Every wait of the program in one place, so that tests run the same rules at a fraction of the time."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Timing:
    """Time limits in seconds, tries as counts.

    `low_speed_bps` under for `low_speed_s` ends a connection. Back-off is full jitter from `backoff_first_s`
    doubling to `backoff_max_s`. `tries` is without progress; `progress_bytes` of new data reset the count.
    A server that asks to slow down is asked `tries_throttled` times: at 30 % of refusals six are too few for
    a thousand files.
    A network that is gone is waited for up to `outage_s`, with one probe at least every `probe_max_s`.
    `stop_grace_s` is how long a stop waits for work that swallows its cancellation.
    """

    connect_s: float = 10.0
    low_speed_s: float = 30.0
    low_speed_bps: int = 1024
    backoff_first_s: float = 0.2
    backoff_max_s: float = 20.0
    tries: int = 6
    tries_refused: int = 3
    tries_throttled: int = 9
    progress_bytes: int = 1 << 20
    outage_s: float = 600.0
    probe_max_s: float = 5.0
    stop_grace_s: float = 2.0
    close_s: float = 3.0

    def scaled(self, factor: float) -> Timing:
        """The same rules with every wait multiplied by `factor`; counts stay."""
        return replace(
            self,
            connect_s=self.connect_s * factor,
            low_speed_s=self.low_speed_s * factor,
            backoff_first_s=self.backoff_first_s * factor,
            backoff_max_s=self.backoff_max_s * factor,
            outage_s=self.outage_s * factor,
            probe_max_s=self.probe_max_s * factor,
            stop_grace_s=self.stop_grace_s * factor,
            close_s=self.close_s * factor,
        )
