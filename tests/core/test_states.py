"""Every pair of states against design section 7, written down a second time."""

from __future__ import annotations

import pytest

from app.core.states import IllegalMoveError, State, check_move

DESIGN = """
    queued -> running paused stopped cancelled skipped failed
    running -> done failed skipped paused stopped cancelled
    paused -> queued cancelled stopped
    failed -> queued
    stopped -> queued
    cancelled -> queued
    skipped -> queued
    done ->
"""
ALLOWED = {
    (old.strip(), new)
    for old, _, targets in (line.partition("->") for line in DESIGN.strip().splitlines())
    for new in targets.split()
}
PAIRS = [(old, new) for old in State for new in State]
LEGAL = [pair for pair in PAIRS if (pair[0].value, pair[1].value) in ALLOWED]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]


def test_the_table_names_every_state_and_nothing_else() -> None:
    assert {line.split()[0] for line in DESIGN.strip().splitlines()} == {state.value for state in State}
    assert len(LEGAL) == len(ALLOWED) == 19


@pytest.mark.parametrize(("old", "new"), LEGAL)
def test_a_move_of_the_design_is_allowed(old: State, new: State) -> None:
    assert check_move(old, new) is None


@pytest.mark.parametrize(("old", "new"), ILLEGAL)
def test_every_other_move_raises_and_names_both_states(old: State, new: State) -> None:
    with pytest.raises(IllegalMoveError, match=f"from {old.value} to {new.value}"):
        check_move(old, new)


@pytest.mark.parametrize(
    ("state", "is_terminal"),
    [
        (State.QUEUED, False),
        (State.RUNNING, False),
        (State.PAUSED, False),
        (State.DONE, True),
        (State.SKIPPED, True),
        (State.FAILED, True),
        (State.STOPPED, True),
        (State.CANCELLED, True),
    ],
)
def test_an_attempt_has_ended_in_the_five_terminal_states_only(state: State, is_terminal: bool) -> None:
    assert state.is_terminal is is_terminal
