"""How many rows of a batch are in which state, and how many bytes that is. Loop only."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.states import State
from app.engine.row import Row

OPEN = (State.QUEUED, State.RUNNING, State.PAUSED)


class Totals:
    """Adds up rows; whoever changes a row tells it, so that no sum is ever taken anew.

    `size_bytes` is of all rows but the skipped ones, `done_bytes` what is here of them, `awaited_bytes` what
    is still to come of the rows that wait, run or are paused: not of those that have failed or were stopped.
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys(State, 0)
        self.size_bytes = 0
        self.done_bytes = 0
        self.awaited_bytes = 0

    @property
    def has_open(self) -> bool:
        """True while a row waits, runs or is paused."""
        return any(self.counts[state] for state in OPEN)

    def add(self, row: Row) -> None:
        """Count a row as it is now."""
        self._count(row, 1)

    def drop(self, row: Row) -> None:
        """Count it no longer: it is about to change, and to be added again."""
        self._count(row, -1)

    def hold(self, row: Row, held_bytes: int) -> None:
        """Set how many bytes a counted row has here."""
        came = held_bytes - row.done_bytes
        row.done_bytes = held_bytes
        self.done_bytes += came
        if row.state in OPEN:
            self.awaited_bytes -= came

    def move(self, row: Row, state: State) -> None:
        """Set the state of a counted row."""
        old, row.state = row.state, state
        size_bytes = max(0, row.item.obj.size_bytes)
        self.counts[old] -= 1
        self.counts[state] += 1
        self.size_bytes += size_bytes * ((state is not State.SKIPPED) - (old is not State.SKIPPED))
        self.awaited_bytes += (size_bytes - row.done_bytes) * ((state in OPEN) - (old in OPEN))

    def move_alike(self, rows: Sequence[Row], state: State) -> None:
        """Set the state of counted rows that wait to any but SKIPPED: of a hundred thousand at once."""
        for row in rows:
            self.counts[row.state] -= 1
            row.state = state
        self.counts[state] += len(rows)
        if state not in OPEN:
            self.awaited_bytes -= sum(max(0, row.item.obj.size_bytes) - row.done_bytes for row in rows)

    def _count(self, row: Row, sign: int) -> None:
        size_bytes = max(0, row.item.obj.size_bytes)
        self.counts[row.state] += sign
        self.done_bytes += sign * row.done_bytes
        if row.state is not State.SKIPPED:
            self.size_bytes += sign * size_bytes
        if row.state in OPEN:
            self.awaited_bytes += sign * (size_bytes - row.done_bytes)
