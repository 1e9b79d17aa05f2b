"""The ledger: states move by the table, counts add up, changes are told once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bridge.mirror import Mirror
from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import ChangeSet
from app.core.objects import ObjectInfo
from app.core.plan import PlannedItem, Verdict
from app.core.policy import BatchPolicy
from app.core.states import MOVES, IllegalMoveError, Phase, State
from app.engine.batch_rows import BatchRows
from app.engine.ledger import Ledger
from app.engine.totals import Totals


def _item(key: str, size_bytes: int = 10) -> PlannedItem:
    return PlannedItem(ObjectInfo(key, size_bytes), key, False, Verdict.NEW, "")


def _error(key: str) -> ErrorRecord:
    return ErrorRecord(key, ErrorKind.ACCESS_DENIED, "AccessDenied", "Access denied.", "R1", 5.0)


class _Stage:
    """A ledger with one batch and a clock that is set by hand."""

    def __init__(self, rows: int) -> None:
        self.now = 100.0
        self.wakes = 0
        self.ledger = Ledger(clock=lambda: self.now, ticks=lambda: self.now)
        self.ledger.on_wake = self._woken
        self.rows: BatchRows = self.ledger.open_batch("b1", "bucket/p/", "/to", BatchPolicy())
        self.rows.add([_item(f"k{number}") for number in range(rows)])
        self.rows.begin_run()

    def _woken(self) -> None:
        self.wakes += 1


def test_the_same_batch_comes_out_of_the_mirror() -> None:
    stage, mirror = _Stage(3), Mirror()
    applied = mirror.apply(stage.ledger.take_changes())
    assert applied.new_batches == ("b1",)
    assert applied.added == (("b1", 0, 3),)
    stage.rows.start(1)
    stage.rows.enter(1, Phase.CONNECTING)
    stage.rows.progress(1, 4)
    applied = mirror.apply(stage.ledger.take_changes())
    assert applied.changed == {"b1": [(1, 1)]}
    assert mirror.row("b1", 1).state is State.RUNNING
    assert mirror.row("b1", 1).done_bytes == 4
    assert mirror.batch("b1").counts[State.QUEUED] == 2
    assert mirror.seed("b1", 2).key == "k2"


def test_a_stop_of_all_that_waits_is_told_as_spans() -> None:
    stage, mirror = _Stage(1000), Mirror()
    stage.rows.start(500)
    mirror.apply(stage.ledger.take_changes())
    stage.rows.fail(500, _error("k500"))
    stage.rows.convict(_error("k500"), 500)
    stage.rows.end_waiting(State.STOPPED)
    changes = stage.ledger.take_changes()
    assert [(span.first, span.last) for span in changes.spans] == [(0, 499), (501, 999)]
    mirror.apply(changes)
    assert mirror.row("b1", 500).is_culprit
    assert {mirror.row("b1", index).stopped_by for index in (0, 499, 501, 999)} == {500}
    assert mirror.batch("b1").counts[State.STOPPED] == 999


def test_nothing_new_is_an_empty_change_set_and_one_wake_up_follows() -> None:
    stage = _Stage(2)
    stage.ledger.take_changes()
    assert stage.ledger.take_changes().is_empty
    woken_before = stage.wakes
    stage.rows.start(0)
    stage.rows.enter(0, Phase.CONNECTING)
    assert stage.wakes == woken_before + 1


def test_a_running_row_keeps_the_sampling_awake_for_its_speed() -> None:
    stage = _Stage(1)
    stage.rows.start(0)
    stage.ledger.take_changes()
    assert not stage.ledger.take_changes().is_empty


def test_only_the_attempt_that_runs_may_publish() -> None:
    stage = _Stage(1)
    assert not stage.rows.may_publish(0, 1)
    stage.rows.start(0)
    assert stage.rows.may_publish(0, 1)
    stage.rows.stop(0)
    assert not stage.rows.may_publish(0, 1)
    stage.rows.requeue([0])
    stage.rows.start(0)
    assert not stage.rows.may_publish(0, 1)
    assert stage.rows.may_publish(0, 2)


@pytest.mark.parametrize("old", [State.DONE, State.QUEUED])
def test_an_illegal_move_raises(old: State) -> None:
    stage = _Stage(1)
    if old is State.DONE:
        stage.rows.start(0)
        stage.rows.finish(0, State.DONE)
        with pytest.raises(IllegalMoveError):
            stage.rows.requeue([0])
    else:
        with pytest.raises(IllegalMoveError):
            stage.rows.finish(0, State.DONE)


def test_bytes_that_were_thrown_away_are_taken_off_the_total() -> None:
    stage = _Stage(2)
    stage.rows.start(0)
    stage.rows.progress(0, 7)
    stage.rows.progress(0, 0)
    stage.rows.progress(0, 5)
    stage.rows.fail(0, _error("k0"))
    assert stage.rows.snapshot().done_bytes == 0
    assert stage.rows.bytes_fetched == 12


def test_the_error_that_stopped_the_batch_takes_the_blame_from_an_earlier_one() -> None:
    stage = _Stage(2)
    stage.rows.blame(_error("k1"), 1)
    stage.rows.convict(_error("k0"), 0)
    assert stage.rows.snapshot().first_error_index == 0
    assert [stage.rows[index].is_culprit for index in range(2)] == [True, False]


def test_what_is_skipped_is_not_waited_for_in_bytes() -> None:
    stage = _Stage(2)
    stage.rows.finish(0, State.SKIPPED, note="already there")
    assert stage.rows.snapshot().size_bytes == 10


def test_the_time_to_go_is_that_of_what_is_still_to_come() -> None:
    stage = _Stage(10)
    rows = stage.rows
    rows.is_listing_complete = True
    rows.start(0)
    stage.now += 1.0
    rows.progress(0, 10)
    rows.finish(0, State.DONE)
    rows.sample()
    before = rows.snapshot()
    assert before.eta_s == pytest.approx(90 / before.speed_bps)
    rows.start(1)
    rows.fail(1, _error("k1"))
    rows.finish(2, State.CANCELLED)
    after = rows.snapshot()
    assert after.eta_s == pytest.approx(70 / after.speed_bps)
    assert (after.size_bytes, after.done_bytes) == (100, 10)


def test_the_first_blame_is_kept() -> None:
    stage = _Stage(2)
    stage.rows.blame(_error("k1"), 1)
    stage.rows.blame(_error("k0"), 0)
    assert stage.rows.snapshot().first_error_index == 1


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "start",
                "done",
                "fail",
                "stop",
                "skip",
                "cancel",
                "end",
                "pause",
                "go",
                "again",
                "revise",
                "look",
            ]
        ),
        st.integers(0, 5),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=150)
@given(_STEPS)
def test_counts_add_up_and_the_mirror_agrees_whatever_happens(steps: list[tuple[str, int]]) -> None:
    stage, mirror = _Stage(6), Mirror()
    rows = stage.rows
    for step, index in steps:
        _take(rows, step, index)
        if step == "look":
            mirror.apply(stage.ledger.take_changes())
        stage.now += 0.01
    mirror.apply(stage.ledger.take_changes())
    assert sum(rows.counts().values()) == len(rows)
    assert [row.state for row in mirror.rows("b1")] == [rows[index].state for index in range(6)]
    assert [row.attempt for row in mirror.rows("b1")] == [rows[index].attempt for index in range(6)]
    held = sum(rows[index].done_bytes for index in range(6))
    assert rows.snapshot().done_bytes == held == mirror.batch("b1").done_bytes
    anew = Totals()
    for index in range(6):
        anew.add(rows[index])
    assert vars(rows._totals) == vars(anew)


def _take(rows: BatchRows, step: str, index: int) -> None:
    def may(state: State) -> bool:
        return state in MOVES[rows[index].state]

    if step == "start" and may(State.RUNNING):
        rows.start(index)
        rows.progress(index, 3)
    elif step == "done" and may(State.DONE):
        rows.progress(index, 10)
        rows.finish(index, State.DONE)
    elif step == "fail" and may(State.FAILED):
        rows.fail(index, _error(f"k{index}"))
    elif step == "stop" and may(State.STOPPED):
        rows.stop(index)
    elif step == "skip" and may(State.SKIPPED):
        rows.finish(index, State.SKIPPED)
    elif step == "pause":
        rows.pause_queued()
    elif step == "go":
        rows.unpause([index])
    elif step == "revise":
        rows.revise(index, _item(f"k{index}", 12))
    elif step == "cancel" and may(State.CANCELLED):
        rows.finish(index, State.CANCELLED)
    elif step == "end":
        rows.end_waiting(State.STOPPED)
    elif step == "again" and may(State.QUEUED):
        rows.requeue([index])


def test_an_empty_change_set_says_so() -> None:
    assert ChangeSet().is_empty
