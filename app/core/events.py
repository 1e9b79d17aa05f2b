"""What the ledger tells the window: immutable rows, batches and change sets that may cross threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from app.core.errors import ErrorRecord
from app.core.policy import BatchPolicy
from app.core.states import Phase, State


@dataclass(frozen=True, slots=True)
class RowSeed:
    """The fixed half of a row: what is fetched and where it goes. `path` is relative, with `/`."""

    key: str
    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RowSnapshot:
    """The changing half of a row at one moment.

    `stopped_by` is the index of the row whose error stopped this one (None: no row, or not stopped).
    `is_culprit` marks the one row that stopped the batch. `retry_at` is seconds since the epoch while
    waiting to retry. `verified` names the checksum; `note` is the plain reason of a skip or of not verified.
    """

    state: State = State.QUEUED
    phase: Phase = Phase.NONE
    done_bytes: int = 0
    speed_bps: float = 0.0
    attempt: int = 1
    tries: int = 0
    retry_at: float | None = None
    error: ErrorRecord | None = None
    stopped_by: int | None = None
    is_culprit: bool = False
    verified: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """What all requests of a connection wait for: the network, or that somebody signs in.

    `phase` is the one of the rows that wait. `error` is what the wait began with. With `needs_person` the
    wait goes on until somebody has signed in and says so.
    """

    phase: Phase
    error: ErrorRecord
    needs_person: bool = False


class BatchPhase(Enum):
    """Where a batch stands. PLANNED waits for a person's word to start."""

    PLANNING = "planning"
    PLANNED = "planned"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Outcome(Enum):
    """How a batch ended; the word in the receipt."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BatchSnapshot:
    """One batch at one moment. `counts` has every state; they add up to `rows`.

    `first_error_index` is the culprit's row, None when there is none or the listing failed.
    `eta_s` is None when it cannot be told honestly. Times are seconds since the epoch. `wait` is what keeps
    its connection from asking at this moment, None when nothing does. `is_paused` is by a person, as a whole:
    no more is listed, though single rows may run. `excluded` objects were left out by a person's patterns.
    """

    batch_id: str
    title: str
    destination: str
    policy: BatchPolicy
    phase: BatchPhase
    rows: int
    is_listing_complete: bool
    counts: dict[State, int]
    size_bytes: int
    done_bytes: int
    speed_bps: float
    eta_s: float | None
    slots_used: int
    started_at: float
    finished_at: float | None = None
    outcome: Outcome | None = None
    first_error: ErrorRecord | None = None
    first_error_index: int | None = None
    wait: Wait | None = None
    is_paused: bool = False
    excluded: int = 0


@dataclass(frozen=True, slots=True)
class RowsAdded:
    """Rows `first` and on of a batch, all QUEUED unless `rows` in the same change set says more."""

    batch_id: str
    first: int
    seeds: tuple[RowSeed, ...]


@dataclass(frozen=True, slots=True)
class SpanChange:
    """Rows `first` to `last`, both included, are now all `row`: a mass change as one record."""

    batch_id: str
    first: int
    last: int
    row: RowSnapshot


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All that changed since the last look. Apply in order: `added`, `spans`, `rows`, `batches`."""

    added: tuple[RowsAdded, ...] = ()
    spans: tuple[SpanChange, ...] = ()
    rows: tuple[tuple[str, int, RowSnapshot], ...] = ()
    batches: tuple[BatchSnapshot, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """True when nothing changed."""
        return not (self.added or self.spans or self.rows or self.batches)
