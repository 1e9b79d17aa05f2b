"""What a journal keeps of a batch, so that another start of the program can go on with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from app.core.errors import ErrorRecord
from app.core.events import Outcome
from app.core.integrity import Algorithm
from app.core.objects import ConnectionSpec, Source
from app.core.plan import PlannedItem
from app.core.policy import BatchPolicy
from app.core.states import State


@dataclass(frozen=True, slots=True)
class SavedBatch:
    """One batch. `spec` is kept without its secrets; `destination` is absolute; times are epoch seconds.

    `outcome` is None while the batch runs, and after a kill. `last_key` is the last key listed, or empty.
    """

    batch_id: str
    title: str
    spec: ConnectionSpec
    is_demo: bool
    endpoint: str
    sources: tuple[Source, ...]
    destination: str
    policy: BatchPolicy
    started_at: float
    finished_at: float | None = None
    is_listing_complete: bool = False
    last_key: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class PastBatch:
    """A batch on record, of whatever start, and how many of its rows are in each state."""

    batch: SavedBatch
    counts: dict[State, int]

    @property
    def has_rest(self) -> bool:
        """True when another run may get something done: rows that are not, or an unfinished listing."""
        ended = self.counts.get(State.DONE, 0) + self.counts.get(State.SKIPPED, 0)
        return not self.batch.is_listing_complete or sum(self.counts.values()) > ended


class SavedRow(NamedTuple):
    """One transfer. A row that was RUNNING or PAUSED is kept as QUEUED."""

    index: int  # type: ignore[assignment]  # in place of the tuple's method, which nobody misses
    item: PlannedItem
    state: State = State.QUEUED
    attempt: int = 1
    tries: int = 0
    verified: str | None = None
    note: str = ""
    error: ErrorRecord | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes `first` to `end` (excluded) of an object that lie in its part file, and their CRC."""

    first: int
    end: int
    crc: bytes


@dataclass(frozen=True, slots=True)
class SavedPart:
    """The part file of one row and what it holds: `name` in the folder of the row's path.

    The bytes are of the object with this `etag`, `version_id` and `size_bytes`. `algorithm` is the CRC of
    every extent. `extents` are in order of `first`; where they overlap, the file is not to be trusted.
    """

    index: int
    name: str
    etag: str
    version_id: str | None
    size_bytes: int
    algorithm: Algorithm
    extents: tuple[Extent, ...] = ()

    @property
    def held_bytes(self) -> int:
        """How many bytes of the object it holds."""
        return sum(extent.end - extent.first for extent in self.extents)
