"""What a pool tells of a run: how its items end, which error was the first, and the report at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")

MAX_KEPT_FAILURES = 100
"""Failures a report keeps whole; the ones beyond are only counted."""


class Ending(Enum):
    """How an item ended. STOPPED is by an error elsewhere, CANCELLED is by a person."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FirstError(Generic[T]):
    """An error with the item whose work raised it (None: the source failed) and its time by the clock."""

    item: T | None
    error: BaseException
    at: float


@dataclass(frozen=True, slots=True)
class RunReport(Generic[T]):
    """What became of a run.

    `first_error` is the error that stopped the run; where none did, the first one to happen. `failures` are
    in the order in which they happened, the first 100 of `failure_count`. `is_stopped` and `is_cancelled`
    are both true when a person ended what a stop had let finish. `abandoned` items swallowed their
    cancellation. `internal_error` is one that is no Exception, or that an observer raised.
    """

    first_error: FirstError[T] | None
    failures: tuple[FirstError[T], ...]
    failure_count: int
    is_stopped: bool
    is_cancelled: bool
    abandoned: tuple[T, ...]
    internal_error: BaseException | None


class PoolObserver(Protocol[T]):
    """Is told what happens in a pool: on the loop, at the moment it happens. Must not raise."""

    def item_started(self, item: T) -> None:
        """The item's work begins now."""

    def item_ended(self, item: T, ending: Ending, error: BaseException | None) -> None:
        """The item ended, once. An item that came too late to start ends without having started."""

    def stopping(self, cause: FirstError[T] | None) -> None:
        """From now on nothing starts (None: a person cancelled). Once; after the failed item ended."""

    def rest_ended(self, items: Sequence[T], ending: Ending) -> None:
        """All known items that never started ended at once; right after `stopping`."""

    def finished(self, report: RunReport[T]) -> None:
        """The run is over: the last call, once."""


@dataclass(slots=True)
class RunRecord(Generic[T]):
    """What a run adds up while it goes on, to be reported at its end."""

    cause: FirstError[T] | None = None
    is_cancelled: bool = False
    internal_error: BaseException | None = None
    failure_count: int = 0
    _failures: list[FirstError[T]] = field(default_factory=list)
    _abandoned: list[T] = field(default_factory=list)

    def add_failure(self, failure: FirstError[T]) -> None:
        """Count a failure, and keep it while there are few."""
        self.failure_count += 1
        if len(self._failures) < MAX_KEPT_FAILURES:
            self._failures.append(failure)

    def add_internal_error(self, error: BaseException) -> None:
        """Keep the first internal error."""
        self.internal_error = self.internal_error or error

    def add_abandoned(self, item: T) -> None:
        """Keep an item whose work was given up."""
        self._abandoned.append(item)

    def report(self, *, is_stopped: bool) -> RunReport[T]:
        """The report of what was added so far."""
        return RunReport(
            first_error=self.cause or next(iter(self._failures), None),
            failures=tuple(self._failures),
            failure_count=self.failure_count,
            is_stopped=is_stopped,
            is_cancelled=self.is_cancelled,
            abandoned=tuple(self._abandoned),
            internal_error=self.internal_error,
        )
