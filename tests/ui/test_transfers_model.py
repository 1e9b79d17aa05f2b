"""The flat model: headers and rows, folds, filters, and how little it tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.core.events import ChangeSet, Outcome, RowsAdded, RowSnapshot
from app.core.states import Phase, State
from app.ui.transfers.cells import Column
from app.ui.transfers.filters import RowFilter, StateFilter
from app.ui.transfers.layout import Place
from app.ui.transfers.model import MAX_RUNS, TransfersModel
from tests.ui.fakes import MIB, FakeBridge, denied, done, downloading, failed, seed, stopped

NOW = 1000.0


class Watch:
    """Counts what a model tells its views."""

    def __init__(self, model: TransfersModel) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.inserted: list[tuple[int, int]] = []
        self.removed: list[tuple[int, int]] = []
        self.resets = 0
        model.dataChanged.connect(lambda first, last, _: self.ranges.append((first.row(), last.row())))
        model.rowsInserted.connect(lambda _, first, last: self.inserted.append((first, last)))
        model.rowsRemoved.connect(lambda _, first, last: self.removed.append((first, last)))
        model.modelReset.connect(self._count_reset)

    def _count_reset(self) -> None:
        self.resets += 1


@pytest.fixture
def model(bridge: FakeBridge, qtmodeltester) -> TransfersModel:
    model = TransfersModel(bridge, bridge, clock=lambda: NOW)
    # From here on Qt's own tester watches every signal of the model.
    qtmodeltester.check(model, force_py=False)
    return model


def text(model: TransfersModel, position: int, column: Column = Column.NAME) -> str:
    return str(model.index(position, column).data())


def lines(model: TransfersModel) -> list[Place]:
    return [model.place(position) for position in range(model.rowCount())]


def shown(model: TransfersModel) -> list[int | None]:
    return [place.index for place in lines(model)]


def test_a_batch_is_a_header_with_its_rows_below(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 2)
    bridge.add_batch("b", 1)
    assert lines(model) == [Place("a", None), Place("a", 0), Place("a", 1), Place("b", None), Place("b", 0)]
    assert text(model, 0) == "media-archive/stills → /data/Footage"
    assert text(model, 1) == "0001.tif"
    assert [model.look(position, Column.NAME).is_batch for position in (0, 1)] == [True, False]
    assert all(model.position(place.batch_id, place.index) == i for i, place in enumerate(lines(model)))


def test_batches_that_were_there_before_the_model_are_shown(bridge: FakeBridge, qtmodeltester) -> None:
    bridge.add_batch("a", 3)
    model = TransfersModel(bridge, bridge)
    qtmodeltester.check(model)
    assert shown(model) == [None, 0, 1, 2]


def test_every_cell_answers_every_role(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", len(State))
    bridge.set_rows("a", {i: RowSnapshot(state, error=denied()) for i, state in enumerate(State)})
    for position in range(model.rowCount()):
        for column in Column:
            index = model.index(position, column)
            assert isinstance(index.data(Qt.ItemDataRole.DisplayRole), str)
            assert isinstance(index.data(Qt.ItemDataRole.AccessibleTextRole), str)
            assert 0.0 <= model.look(position, column).fraction <= 1.0
            tooltip = index.data(Qt.ItemDataRole.ToolTipRole)
            assert tooltip == "" or tooltip.startswith("<qt>")
        icon = model.look(position, Column.NAME).icon
        assert icon is not None and not icon.isNull()


def test_a_stopped_row_names_the_file_that_stopped_it(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 3)
    bridge.set_rows("a", {0: failed(is_culprit=True), 1: stopped(0, 19 * MIB, tries=1), 2: stopped(0)})
    assert text(model, 1, Column.STATUS) == "failed, stopped the batch"
    assert text(model, 2, Column.STATUS) == "stopped by 0001.tif (kept 19.0 MiB)"
    assert text(model, 3, Column.STATUS) == "not started (0001.tif)"
    spoken = model.index(2, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "0002.tif, stopped by 0001.tif, 19.0 of 48 mebibytes kept"


def test_a_retry_counts_down_by_the_clock(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 1)
    bridge.set_rows("a", {0: RowSnapshot(State.RUNNING, Phase.WAITING_TO_RETRY, tries=1, retry_at=NOW + 4)})
    assert text(model, 1, Column.STATUS) == "retrying in 4 s (try 2 of 6)"


def test_queued_rows_tell_their_place_and_far_ones_only_that_they_wait(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    bridge.add_batch("a", 300)
    bridge.set_rows("a", {0: done(), 1: downloading(1), 3: downloading(1)})
    assert [text(model, 1 + i, Column.STATUS) for i in (2, 4, 5)] == [
        "waiting (1st)",
        "waiting (2nd)",
        "waiting (3rd)",
    ]
    assert text(model, 300, Column.STATUS) == "waiting"
    bridge.set_rows("a", {0: RowSnapshot(attempt=2)})
    assert text(model, 1, Column.STATUS) == "waiting (1st)"
    assert text(model, 3, Column.STATUS) == "waiting (2nd)"


def test_a_change_is_told_in_merged_ranges(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 100)
    watch = Watch(model)
    bridge.set_rows("a", {i: downloading(1) for i in (3, 4, 5, 9)})
    assert watch.ranges == [(4, 6), (10, 10)]


def test_a_change_of_over_half_of_the_rows_is_told_as_one_range(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    bridge.add_batch("a", 100)
    watch = Watch(model)
    bridge.set_rows("a", {i: downloading(1) for i in range(100) if i % 3})
    assert len(watch.ranges) == 1
    assert watch.ranges[0] == (2, 99)


def test_a_mass_stop_is_one_range_and_never_a_reset(bridge: FakeBridge) -> None:
    model = TransfersModel(bridge, bridge)  # without Qt's tester, which looks at every row at every signal
    bridge.add_batch("a", 100_000)
    watch = Watch(model)
    bridge.set_span("a", 1, 99_999, stopped(0))
    assert watch.ranges == [(2, 100_000)]
    assert (watch.inserted, watch.removed, watch.resets) == ([], [], 0)


def test_a_batch_change_touches_its_header_only(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 2)
    bridge.add_batch("b", 2)
    watch = Watch(model)
    bridge.set_batch("b", speed_bps=1.0)
    assert watch.ranges == [(3, 3)]


def test_a_fold_hides_the_rows_and_later_ones_stay_hidden(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 3)
    bridge.add_batch("b", 1)
    model.set_unfolded("a", False)
    assert lines(model) == [Place("a", None), Place("b", None), Place("b", 0)]
    assert model.position("a", 1) is None
    watch = Watch(model)
    bridge.set_rows("a", {1: done()})
    assert watch.ranges == []
    model.set_unfolded("a", True)
    assert shown(model) == [None, 0, 1, 2, None, 0]


@pytest.mark.parametrize(
    ("state", "rows"),
    [
        (StateFilter.ALL, [None, 0, 1, 2, 3, 4, 5]),
        (StateFilter.ACTIVE, [None, 4, 5]),
        (StateFilter.FAILED, [None, 1]),
        (StateFilter.STOPPED, [None, 2, 3]),
        (StateFilter.DONE, [None, 0]),
    ],
)
def test_a_filter_shows_its_states(
    bridge: FakeBridge, model: TransfersModel, state: StateFilter, rows: list[int | None]
) -> None:
    bridge.add_batch("a", 6)
    cancelled = RowSnapshot(State.CANCELLED)
    bridge.set_rows("a", {0: done(), 1: failed(), 2: stopped(1), 3: cancelled, 4: downloading(1)})
    model.set_filter(RowFilter(state))
    assert shown(model) == rows


def test_the_counts_of_the_filters_add_up_to_all() -> None:
    parts = [state.states for state in StateFilter if state is not StateFilter.ALL]
    assert sorted(state.value for part in parts for state in part) == sorted(state.value for state in State)


def test_a_search_finds_a_part_of_the_path_in_any_case(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 20)
    model.set_filter(RowFilter(text="002"))
    assert shown(model) == [None, 1, 19]
    model.set_filter(RowFilter(StateFilter.DONE, text="002"))
    assert shown(model) == []


def test_rows_enter_and_leave_a_filter_without_a_reset(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 10)
    model.set_filter(RowFilter(StateFilter.ACTIVE))
    watch = Watch(model)
    bridge.set_rows("a", {2: done(), 3: done(), 7: failed()})
    assert shown(model) == [None, 0, 1, 4, 5, 6, 8, 9]
    assert watch.removed == [(8, 8), (3, 4)]
    bridge.set_rows("a", {3: RowSnapshot(attempt=2), 7: RowSnapshot(attempt=2)})
    assert shown(model) == [None, 0, 1, 3, 4, 5, 6, 7, 8, 9]
    assert watch.resets == 0


def test_the_header_comes_and_goes_with_the_rows_that_pass(bridge: FakeBridge, model: TransfersModel) -> None:
    model.set_filter(RowFilter(StateFilter.FAILED))
    bridge.add_batch("a", 3)
    bridge.add_batch("b", 3)
    assert shown(model) == []
    bridge.set_rows("b", {1: failed()})
    assert lines(model) == [Place("b", None), Place("b", 1)]
    bridge.set_rows("a", {0: failed()})
    assert lines(model) == [Place("a", None), Place("a", 0), Place("b", None), Place("b", 1)]
    bridge.set_rows("b", {1: RowSnapshot(attempt=2)})
    assert lines(model) == [Place("a", None), Place("a", 0)]
    assert model.position("b") is None


def test_many_scattered_changes_under_a_filter_are_told_as_one(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    count = 4 * MAX_RUNS
    bridge.add_batch("a", count)
    model.set_filter(RowFilter(StateFilter.ACTIVE))
    watch = Watch(model)
    bridge.set_rows("a", {i: done() for i in range(0, count, 2)})
    assert shown(model) == [None, *range(1, count, 2)]
    assert (len(watch.removed), len(watch.inserted), watch.resets) == (1, 1, 0)


def test_one_range_of_changes_that_scatters_the_shown_rows_is_told_as_one(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    count = 4 * MAX_RUNS
    bridge.add_batch("a", count)
    model.set_filter(RowFilter(StateFilter.ACTIVE))
    watch = Watch(model)
    bridge.set_rows("a", {i: done() if i % 2 else downloading(1) for i in range(count)})
    assert shown(model) == [None, *range(0, count, 2)]
    assert (len(watch.removed), len(watch.inserted), watch.resets) == (1, 1, 0)


def test_a_page_of_rows_under_a_filter_is_inserted_and_replaces_nothing(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    bridge.add_batch("a", 5)
    model.set_filter(RowFilter(StateFilter.ACTIVE))
    watch = Watch(model)
    seeds = tuple(seed(index) for index in range(5, 5 + 2 * MAX_RUNS))
    bridge.push(ChangeSet(added=(RowsAdded("a", 5, seeds),)))
    assert (watch.removed, watch.inserted) == ([], [(6, 5 + 2 * MAX_RUNS)])


def test_a_folded_batch_under_a_filter_keeps_its_header_in_place(
    bridge: FakeBridge, model: TransfersModel
) -> None:
    bridge.add_batch("a", 5)
    model.set_filter(RowFilter(StateFilter.ACTIVE))
    model.set_unfolded("a", False)
    watch = Watch(model)
    bridge.set_rows("a", {1: done()})
    assert (watch.inserted, watch.removed) == ([], [])
    model.set_unfolded("a", True)
    assert shown(model) == [None, 0, 2, 3, 4]


def test_a_finished_batch_still_answers_for_its_header(bridge: FakeBridge, model: TransfersModel) -> None:
    bridge.add_batch("a", 1)
    bridge.set_rows("a", {0: done()})
    bridge.end_batch("a", Outcome.DONE)
    assert text(model, 0, Column.STATUS).startswith("done ")
    assert model.look(0, Column.PROGRESS).fraction == 1.0
