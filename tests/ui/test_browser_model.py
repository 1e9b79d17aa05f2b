"""The table model of one level: order, filter, growth, words."""

from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.ui.browser.entry import Column
from app.ui.browser.filtering import parse_filter
from app.ui.browser.model import ObjectTableModel
from tests.ui.browser_pages import append, page, thing

pytestmark = pytest.mark.usefixtures("qapp")

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


def shown(
    model: ObjectTableModel, column: int = Column.NAME, role: Any = Qt.ItemDataRole.DisplayRole
) -> list:
    return [model.data(model.index(row, column), role) for row in range(model.rowCount())]


def filled(base: str = "") -> ObjectTableModel:
    model = ObjectTableModel()
    model.clear(base)
    append(model, page(thing("b10", 5), thing("b9", 300), thing("a", 20), prefixes=("z/", "y/")))
    return model


def test_the_model_keeps_qts_rules_while_it_grows_sorts_and_filters(qtmodeltester: ModelTester) -> None:
    model = ObjectTableModel()
    qtmodeltester.check(model)
    model.clear("")
    append(model, page("b", "d", prefixes=("x/",)))
    append(model, page("a", "c", "e", prefixes=("w/", "y/")))
    model.sort(Column.SIZE, DESCENDING)
    append(model, page(*(f"n{number}" for number in range(48))))
    model.set_filter(parse_filter("n1*"))
    append(model, page("n100", "other"))
    assert model.rowCount() == model.shown_count == 12


def test_folders_stand_first_in_either_direction_of_every_column() -> None:
    model = filled()
    for column in Column:
        for order in (ASCENDING, DESCENDING):
            model.sort(column, order)
            assert [model.entry(row).is_folder for row in range(5)] == [True, True, False, False, False]


def test_names_sort_with_their_numbers_by_value() -> None:
    model = filled()
    assert shown(model) == ["y/", "z/", "a", "b9", "b10"]
    model.sort(Column.NAME, DESCENDING)
    assert shown(model) == ["z/", "y/", "b10", "b9", "a"]


def test_sizes_sort_as_numbers_and_folders_by_name() -> None:
    model = filled()
    model.sort(Column.SIZE, DESCENDING)
    assert shown(model) == ["y/", "z/", "b9", "a", "b10"]


def test_an_object_without_a_readable_date_sorts_before_the_dated() -> None:
    model = ObjectTableModel()
    append(model, page(thing("late", modified_at=9.0), thing("none", modified_at=None)))
    model.sort(Column.MODIFIED)
    assert shown(model) == ["none", "late"]
    assert shown(model, Column.MODIFIED)[0] == ""


def test_a_page_is_inserted_without_a_reset(qtbot: QtBot) -> None:
    model = filled()
    with (
        qtbot.assertNotEmitted(model.modelReset),
        qtbot.waitSignals([model.rowsInserted, model.rowsInserted]),
    ):
        append(model, page("c", prefixes=("x/",)))
    assert shown(model) == ["x/", "y/", "z/", "a", "b9", "b10", "c"]


def test_a_page_that_scatters_over_the_order_keeps_what_points_at_a_row() -> None:
    model = ObjectTableModel()
    names = [f"{number:04}" for number in range(400)]
    random.Random(7).shuffle(names)
    append(model, page(*names[:200]))
    kept = [QPersistentModelIndex(model.index(row, 0)) for row in (0, 77, 199)]
    before = [index.data() for index in kept]
    append(model, page(*names[200:]))
    assert shown(model) == sorted(names)
    assert [index.data() for index in kept] == before


def test_the_filter_hides_rows_and_counts_what_is_left() -> None:
    model = filled()
    model.set_filter(parse_filter("b"))
    assert shown(model) == ["b9", "b10"]
    append(model, page("c", "b1"))
    assert shown(model) == ["b1", "b9", "b10"]
    assert (model.shown_count, model.total_count) == (3, 7)
    model.set_filter(None)
    assert model.shown_count == 7


def test_names_are_shown_without_the_open_prefix_and_without_hidden_characters() -> None:
    model = ObjectTableModel()
    model.clear("a/b/")
    stray = thing("outside", problem="outside the folder")
    append(model, page("a/b/x\u202etxt.exe", "a/b/new\nline", stray, prefixes=("a/b/c/",)))
    assert shown(model) == ["c/", "new␊line", "outside", "x‹202E›txt.exe"]


def test_the_empty_marker_of_the_open_folder_is_not_a_row_but_one_with_bytes_is() -> None:
    model = ObjectTableModel()
    model.clear("a/")
    append(model, page(thing("a/", 0)))
    assert model.rowCount() == 0
    append(model, page(thing("a/", 7)))
    assert shown(model) == ["/"]


def test_an_archived_object_says_so_in_its_name_its_tooltip_and_its_sentence() -> None:
    model = ObjectTableModel()
    append(model, page(thing("old<b>.mov", storage_class="DEEP_ARCHIVE")))
    index = model.index(0, 0)
    assert index.data() == "old<b>.mov (archived)"
    assert "restored" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "old&lt;b&gt;.mov" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "Deep Archive" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_every_cell_speaks() -> None:
    model = filled()
    for column in Column:
        assert all(shown(model, column, Qt.ItemDataRole.AccessibleTextRole))


def test_an_absurd_size_is_unknown_and_adds_nothing() -> None:
    model = ObjectTableModel()
    append(model, page(thing("a", -1), thing("b", 2**70), thing("c", 3)))
    assert shown(model, Column.SIZE)[:2] == ["unknown", "unknown"]
    assert model.size_bytes == 3


def test_weighing_counts_folders_and_bytes_of_a_range() -> None:
    model = filled()
    assert model.weigh(0, 4) == (2, 325)
    assert model.weigh(1, 2) == (1, 20)
    assert model.weigh(3, 4) == (0, 305)
