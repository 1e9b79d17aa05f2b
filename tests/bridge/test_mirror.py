"""The main thread's copy of the ledger."""

import pytest

from app.bridge.mirror import Mirror, merged
from app.core.events import ChangeSet, RowsAdded, RowSeed, RowSnapshot, SpanChange
from app.core.states import State


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([(3, 3), (1, 1), (2, 2)], [(1, 3)]),
        ([(0, 4), (2, 3), (6, 6)], [(0, 4), (6, 6)]),
        ([(5, 9), (0, 4)], [(0, 9)]),
    ],
)
def test_spans_that_touch_are_one(spans: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert merged(spans) == expected


def test_a_row_that_changed_after_a_span_keeps_its_own_state() -> None:
    mirror = Mirror()
    seeds = tuple(RowSeed(f"k{index}", f"k{index}", 1) for index in range(3))
    stopped, failed = RowSnapshot(State.STOPPED), RowSnapshot(State.FAILED)
    applied = mirror.apply(
        ChangeSet(
            added=(RowsAdded("b", 0, seeds),),
            spans=(SpanChange("b", 0, 2, stopped),),
            rows=(("b", 1, failed),),
        )
    )
    assert [row.state for row in mirror.rows("b")] == [State.STOPPED, State.FAILED, State.STOPPED]
    assert applied.changed == {"b": [(0, 2)]}


def test_a_batch_that_was_never_announced_is_not_there() -> None:
    with pytest.raises(KeyError):
        Mirror().batch("b")
