"""The states of a transfer and the moves between them (the only table of both)."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where a transfer stands. STOPPED is by another file's error, CANCELLED is by a person."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"

    # By identity, in C: Enum's own hashes the name in Python, and each move of a row looks states up.
    __hash__ = object.__hash__

    @property
    def is_terminal(self) -> bool:
        """True when the transfer's attempt has ended."""
        return self in TERMINAL


class Phase(Enum):
    """What a RUNNING transfer is doing; NONE in every other state."""

    NONE = "none"
    CONNECTING = "connecting"
    DOWNLOADING = "downloading"
    WAITING_TO_RETRY = "waiting to retry"
    WAITING_FOR_NETWORK = "waiting for network"
    WAITING_FOR_SIGN_IN = "waiting for sign-in"
    VERIFYING = "verifying"
    FINISHING = "finishing"


class Shift(Enum):
    """Where waiting transfers are moved to in the order in which they start."""

    TOP = "top"
    UP = "up"
    DOWN = "down"
    BOTTOM = "bottom"


TERMINAL = frozenset({State.DONE, State.SKIPPED, State.FAILED, State.STOPPED, State.CANCELLED})

MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset(
        {State.RUNNING, State.PAUSED, State.STOPPED, State.CANCELLED, State.SKIPPED, State.FAILED}
    ),
    State.RUNNING: frozenset(
        {State.DONE, State.FAILED, State.SKIPPED, State.PAUSED, State.STOPPED, State.CANCELLED}
    ),
    State.PAUSED: frozenset({State.QUEUED, State.CANCELLED, State.STOPPED}),
    State.DONE: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.STOPPED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset({State.QUEUED}),
    State.SKIPPED: frozenset({State.QUEUED}),
}


class IllegalMoveError(Exception):
    """A transfer was asked to go where its state does not lead: a bug in the caller."""


def check_move(old: State, new: State) -> None:
    """Raise IllegalMoveError unless a transfer may go from `old` to `new`."""
    if new not in MOVES[old]:
        raise IllegalMoveError(f"a transfer cannot go from {old.value} to {new.value}")
