"""Which rows the Transfers panel shows: by state and by a text in the path."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import Enum

from app.bridge.mirror import Mirror
from app.core.events import BatchSnapshot
from app.core.states import State


class StateFilter(Enum):
    """The filters over the table. Every state but by ALL belongs to one of them, so their counts add up."""

    ALL = "All"
    ACTIVE = "Active"
    FAILED = "Failed"
    STOPPED = "Stopped"
    DONE = "Done"

    @property
    def states(self) -> tuple[State, ...]:
        """The states that this filter shows."""
        return _STATES[self]

    def count(self, batch: BatchSnapshot) -> int:
        """How many rows of `batch` it shows."""
        return sum(batch.counts[state] for state in self.states)


# Tuples: a member is found by identity, while a set would hash it, in Python, for each of 100,000 rows.
_STATES = {
    StateFilter.ALL: tuple(State),
    StateFilter.ACTIVE: (State.QUEUED, State.RUNNING, State.PAUSED),
    StateFilter.FAILED: (State.FAILED,),
    StateFilter.STOPPED: (State.STOPPED, State.CANCELLED),
    StateFilter.DONE: (State.DONE, State.SKIPPED),
}


@dataclass(frozen=True, slots=True)
class RowFilter:
    """What a row must be to be shown: in a state of the filter, with `text` (case-folded) in its path."""

    state: StateFilter = StateFilter.ALL
    text: str = ""

    @property
    def is_open(self) -> bool:
        """True when every row passes."""
        return self.state is StateFilter.ALL and not self.text

    def matching(self, mirror: Mirror, batch_id: str, first: int, last: int) -> array[int]:
        """The rows from `first` to `last`, both included, that pass, in order."""
        states = self.state.states
        rows = mirror.rows(batch_id)
        if self.state is StateFilter.ALL:
            found = range(first, last + 1)
        else:
            found = [index for index in range(first, last + 1) if rows[index].state in states]
        if self.text:
            text, seed = self.text, mirror.seed
            found = [index for index in found if text in seed(batch_id, index).path.casefold()]
        return array("q", found)
