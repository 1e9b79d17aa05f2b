"""When a batch stops, what happens to running files then, and what an existing file means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.core.errors import ErrorKind, TransferError

PART_BYTES = 8 << 20
MIN_PART_BYTES = 64 << 10
MAX_PART_BYTES = 5 << 30


class InFlight(Enum):
    """What happens to running files when the batch stops."""

    KEEP = "keep"
    FINISH = "finish"
    DISCARD = "discard"


class IfExists(Enum):
    """What a file that already stands at the target path means.

    AUTO skips it when it is the same file, else the row fails with the kind `exists`.
    """

    AUTO = "auto"
    SKIP = "skip"
    REPLACE = "replace"
    KEEP_BOTH = "keep-both"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class StopPolicy:
    """When the pool stops. Replaced whole when it is changed; it counts from then on.

    Without `stop_on_first_error` the run stops at its `max_errors`-th error, or once `max_percent` of the
    batch's files have failed; 0 is never.
    """

    stop_on_first_error: bool = True
    in_flight: InFlight = InFlight.KEEP
    max_errors: int = 0
    max_percent: int = 0

    def is_stopped_by(self, error: BaseException, failures: int, items: int) -> bool:
        """True when `error`, the last of `failures` in a run of `items`, ends it; one that is systemic or
        unknown does so always.
        """
        is_systemic = not isinstance(error, TransferError) or error.kind.is_systemic
        is_one_too_many = 0 < self.max_errors <= failures
        is_share_too_large = 0 < self.max_percent * items <= failures * 100
        return self.stop_on_first_error or is_systemic or is_one_too_many or is_share_too_large


def is_verdict(error: BaseException) -> bool:
    """True when an error that arrives after a stop still counts as the file's own failure.

    A transport error after the stop is the cancellation itself; a server's answer is a verdict.
    """
    if not isinstance(error, TransferError):
        return True
    return not error.kind.is_transport and error.kind is not ErrorKind.THROTTLED


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """Everything a batch is told when it starts. `jobs` is GETs in flight, 1 to 256.

    `limit_bps` is bytes a second, 0 for no limit.

    Objects larger than `part_size_bytes` are fetched in ranges of that size. With `is_strict` a file that no
    checksum can verify fails.
    """

    stop: StopPolicy = StopPolicy()
    if_exists: IfExists = IfExists.AUTO
    jobs: int = 32
    part_size_bytes: int = PART_BYTES
    is_strict: bool = False
    limit_bps: int = 0
