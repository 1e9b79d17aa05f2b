"""The Transfers panel as a person uses it: filters, folds, commands, the switch and the banner."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from app.core.errors import ErrorKind
from app.core.events import BatchPhase, ChangeSet, Outcome, RowsAdded, RowSnapshot
from app.core.policy import BatchPolicy, InFlight, StopPolicy
from app.core.states import State
from app.ui.transfers.cells import Column
from app.ui.transfers.filters import StateFilter
from app.ui.transfers.model import MAX_RUNS
from app.ui.transfers.panel import NOTHING_YET, TransfersPanel
from app.ui.transfers.policy_menu import PolicyMenu
from tests.ui.fakes import (
    MIB,
    FakeBridge,
    batch_snapshot,
    denied,
    done,
    downloading,
    failed,
    seed,
    stopped,
)


@pytest.fixture
def panel(transfers: TransfersPanel) -> TransfersPanel:
    return transfers


def stop_batch(bridge: FakeBridge, batch_id: str = "a", count: int = 6) -> None:
    """A batch whose row 2 failed: 0 and 1 done, 3 kept a part, the rest never ran."""
    bridge.add_batch(batch_id, count)
    rows = {0: done(), 1: done(), 2: failed(is_culprit=True), 3: stopped(2, 19 * MIB, tries=1)}
    rows |= {index: stopped(2) for index in range(4, count)}
    bridge.set_rows(batch_id, rows)
    bridge.end_batch(batch_id, Outcome.STOPPED, first_error=denied(), first_error_index=2)


def select(panel: TransfersPanel, *positions: int) -> None:
    panel.table.clearSelection()
    for position in positions:
        panel.table.selectionModel().select(
            panel.model.index(position, 0),
            panel.table.selectionModel().SelectionFlag.Select
            | panel.table.selectionModel().SelectionFlag.Rows,
        )


def point_in(panel: TransfersPanel, position: int, x: int) -> QPoint:
    rect = panel.table.visualRect(panel.model.index(position, Column.NAME))
    return QPoint(rect.left() + x, rect.center().y())


def test_an_empty_panel_says_how_to_begin(panel: TransfersPanel) -> None:
    assert not panel.table.isVisible()
    assert NOTHING_YET in [label.text() for label in panel.findChildren(QWidget) if hasattr(label, "text")]


def test_a_batch_brings_the_table(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.add_batch("a", 2)
    assert panel.table.isVisible()
    assert panel.table.verticalHeader().isHidden()


def test_the_filters_show_their_counts(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge, count=2000)
    texts = [panel.header.button(state).text() for state in StateFilter]
    assert texts == ["All 2,000", "Active 0", "Failed 1", "Stopped 1,997", "Done 2"]


def test_a_filter_button_never_shrinks(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.add_batch("a", 2000)
    before = panel.header.button(StateFilter.ACTIVE).minimumWidth()
    bridge.set_span("a", 0, 1999, done())
    bridge.set_batch("a")
    assert panel.header.button(StateFilter.ACTIVE).text() == "Active 0"
    assert panel.header.button(StateFilter.ACTIVE).minimumWidth() == before


def test_columns_keep_their_width_while_numbers_change(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.add_batch("a", 2)
    before = [panel.table.columnWidth(column) for column in Column]
    bridge.set_rows("a", {0: downloading(47 * MIB, 1000.0 * MIB), 1: failed()})
    assert [panel.table.columnWidth(column) for column in Column] == before


def test_a_filter_without_a_match_offers_to_show_all(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 2)
    qtbot.mouseClick(panel.header.button(StateFilter.FAILED), Qt.MouseButton.LeftButton)
    assert not panel.table.isVisible()
    show_all = next(b for b in panel.findChildren(QAbstractButton) if b.text() == "Show all")
    qtbot.mouseClick(show_all, Qt.MouseButton.LeftButton)
    assert panel.table.isVisible()
    assert panel.header.button(StateFilter.ALL).isChecked()


def test_a_row_that_fails_under_an_empty_filter_brings_the_table_back(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    bridge.add_batch("a", 2)
    panel.header.button(StateFilter.FAILED).click()
    bridge.set_rows("a", {1: failed()})
    bridge.set_batch("a")
    assert panel.table.isVisible()
    assert panel.model.rowCount() == 2


def test_a_selection_outlives_a_mass_change_under_a_filter(bridge: FakeBridge, panel: TransfersPanel) -> None:
    count = 4 * MAX_RUNS
    bridge.add_batch("a", count)
    panel.header.button(StateFilter.ACTIVE).click()
    select(panel, 6, 7, 8, 9)  # the rows 5 to 8
    panel.table.selectionModel().setCurrentIndex(
        panel.model.index(8, 0), panel.table.selectionModel().SelectionFlag.NoUpdate
    )
    bridge.set_rows("a", {i: done() for i in range(0, count, 2)})
    rows = [panel.model.place(index.row()).index for index in panel.table.selectionModel().selectedRows()]
    assert sorted(rows) == [5, 7]
    assert panel.model.place(panel.table.currentIndex().row()).index == 7
    panel.table.selectAll()
    bridge.set_rows("a", {i: done() for i in range(1, count // 2, 2)})
    assert panel.table.selectionModel().selectedRows()[0].row() == 0
    assert len(panel.table.selectionModel().selectedRows()) == panel.model.rowCount()


def test_the_current_row_that_leaves_the_filter_hands_over_to_the_next(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    count = 4 * MAX_RUNS
    bridge.add_batch("a", count)
    panel.header.button(StateFilter.ACTIVE).click()
    panel.table.setCurrentIndex(panel.model.index(1 + 100, 0))
    bridge.set_rows("a", {i: done() for i in range(0, count, 2)})
    assert panel.model.place(panel.table.currentIndex().row()).index == 101


def test_a_search_narrows_the_table_and_escape_clears_it(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 20)
    qtbot.keyClicks(panel.header.search, "0007")
    assert panel.model.rowCount() == 2
    qtbot.keyClick(panel.header.search, Qt.Key.Key_Escape)
    assert panel.header.search.text() == ""
    assert panel.model.rowCount() == 21


def test_the_switch_and_the_menu_action_are_one_and_tell_the_bridge(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    assert panel.stop_action.isChecked()
    qtbot.mouseClick(panel.header.switch, Qt.MouseButton.LeftButton)
    assert not panel.stop_action.isChecked()
    panel.stop_action.trigger()
    assert panel.header.switch.isChecked()
    assert bridge.commands == [("set_stop_on_first_error", False), ("set_stop_on_first_error", True)]


def test_the_switch_says_that_it_counts_from_now_on(panel: TransfersPanel) -> None:
    assert "from now on" in panel.stop_action.toolTip()
    assert "does not revive" in panel.header.switch.toolTip()


def test_a_batch_folds_by_key_by_arrow_and_by_double_click(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 3)
    viewport = panel.table.viewport()
    panel.table.setCurrentIndex(panel.model.index(2, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Left)
    assert panel.table.currentIndex().row() == 0
    qtbot.keyClick(panel.table, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 1
    qtbot.keyClick(panel.table, Qt.Key.Key_Right)
    assert panel.model.rowCount() == 4
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=point_in(panel, 0, 8))
    assert panel.model.rowCount() == 1
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=point_in(panel, 0, 60))
    assert panel.model.rowCount() == 4


def test_delete_cancels_the_selected_rows_that_can_be_cancelled(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 4)
    bridge.set_rows("a", {0: done(), 1: downloading(1)})
    panel.table.setFocus()
    select(panel, 1, 2, 3)
    qtbot.keyClick(panel.table, Qt.Key.Key_Delete)
    assert bridge.commands == [("cancel", "a", [1, 2])]


def test_space_pauses_what_is_selected_and_once_it_is_paused_goes_on_with_it(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 4)
    bridge.set_rows("a", {0: done(), 1: downloading(1), 3: RowSnapshot(State.PAUSED)})
    panel.table.setFocus()
    select(panel, 1, 2, 3, 4)
    assert panel.commands.pausing.selected.text() == "Pause"
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    bridge.set_rows("a", {1: RowSnapshot(State.PAUSED), 2: RowSnapshot(State.PAUSED)})
    assert panel.commands.pausing.selected.text() == "Resume"
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert bridge.commands == [("pause", "a", [1, 2]), ("unpause", "a", [1, 2, 3])]


def test_everything_is_paused_and_let_on_by_one_action(bridge: FakeBridge, panel: TransfersPanel) -> None:
    everything = panel.commands.pausing.everything
    assert not everything.isEnabled()
    bridge.add_batch("a", 2)
    everything.trigger()
    bridge.set_batch("a", is_paused=True)
    assert everything.text() == "Resume everything"
    everything.trigger()
    assert bridge.commands == [("pause", None, None), ("unpause", None, None)]


def test_a_selected_header_stands_for_the_whole_batch(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.add_batch("a", 3)
    select(panel, 0, 1)
    panel.commands.cancel.trigger()
    assert bridge.commands == [("cancel", "a", None)]


def test_under_a_filter_a_header_stands_for_what_is_shown(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    panel.header.button(StateFilter.FAILED).click()
    panel.table.selectAll()
    panel.commands.retry.trigger()
    assert bridge.commands == [("retry", "a", [2])]


def test_actions_are_enabled_only_when_they_can_act(bridge: FakeBridge, panel: TransfersPanel) -> None:
    commands = panel.commands
    assert not panel.commands.cancel.isEnabled()
    assert not panel.commands.retry_failed.isEnabled()
    bridge.add_batch("a", 3)
    select(panel, 1)
    assert panel.commands.cancel.isEnabled()
    assert not commands.retry.isEnabled()
    bridge.set_rows("a", {0: failed()})
    assert not panel.commands.cancel.isEnabled()
    assert commands.retry.isEnabled()
    assert commands.copy_error.isEnabled()


def test_retry_failed_runs_the_failed_rows_of_all_batches(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge, "a")
    stop_batch(bridge, "b")
    panel.table.clearSelection()
    panel.commands.retry_failed.trigger()
    assert bridge.commands == [("retry", "a", [2]), ("retry", "b", [2])]


def test_an_error_and_a_path_can_be_copied(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    select(panel, 3)
    panel.commands.copy_error.trigger()
    assert "request 7F3A90C1D2E4B5A6" in QGuiApplication.clipboard().text()
    panel.commands.copy_path.trigger()
    assert QGuiApplication.clipboard().text() == "/data/Footage/0003.tif"


def test_the_context_menu_has_the_commands(panel: TransfersPanel) -> None:
    menu = panel.commands.menu(panel)
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == [
        "Pause",
        "Cancel",
        "Retry",
        "Retry failed",
        "Show what stopped it",
        "Copy error",
        "Copy path",
    ]


def test_the_policy_of_a_batch_that_runs_is_changed_in_its_menu(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    bridge.add_batch("a", 3, policy=BatchPolicy(StopPolicy(in_flight=InFlight.FINISH)))
    select(panel, 0)
    menu = panel.commands.menu(panel).findChild(PolicyMenu)
    choices = {action.text(): action for action in menu.actions()}
    assert [text for text, action in choices.items() if action.isChecked()] == [
        "On the first error",
        "Running files are finished",
    ]
    choices["After 10 errors"].trigger()
    choices["Running files are discarded"].trigger()
    assert bridge.commands == [
        ("set_stop", "a", StopPolicy(False, InFlight.FINISH, max_errors=10)),
        ("set_stop", "a", StopPolicy(True, InFlight.DISCARD)),
    ]


def test_a_batch_that_has_ended_has_no_policy_to_change(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    select(panel, 0)
    assert panel.commands.menu(panel).findChild(PolicyMenu) is None


def test_the_banner_names_the_file_that_stopped_the_batch(bridge: FakeBridge, panel: TransfersPanel) -> None:
    assert not panel.banner.isVisible()
    stop_batch(bridge)
    assert panel.banner.isVisible()
    assert panel.banner.sentence.text() == (
        "Stopped by 0003.tif: access denied (403 AccessDenied, request 7F3A…). "
        "2 done, 1 failed, 3 not finished."
    )
    assert "request 7F3A90C1D2E4B5A6" in panel.banner.details.text()
    assert panel.banner.details.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


def test_a_batch_that_is_done_or_cancelled_shows_no_banner(bridge: FakeBridge, panel: TransfersPanel) -> None:
    for batch_id, outcome in (("a", Outcome.DONE), ("b", Outcome.CANCELLED)):
        bridge.add_batch(batch_id, 1)
        bridge.end_batch(batch_id, outcome)
    assert not panel.banner.isVisible()


def test_the_banner_asks_for_one_file_for_all_or_for_the_others(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    stop_batch(bridge)
    panel.banner.retry_button.click()
    panel.banner.resume_button.click()
    panel.banner.probe_asked.emit()
    panel.banner.resume_others_asked.emit()
    assert bridge.commands == [
        ("retry", "a", [2]),
        ("retry", "a", None),
        ("probe", "a"),
        ("retry", "a", [3, 4, 5]),
    ]


def test_show_goes_to_the_file_through_folds_and_filters(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    panel.header.button(StateFilter.DONE).click()
    panel.model.set_unfolded("a", False)
    panel.banner.show_button.click()
    assert panel.model.place(panel.table.currentIndex().row()).index == 2
    assert panel.header.button(StateFilter.ALL).isChecked()


def test_from_a_stopped_row_one_key_leads_to_what_stopped_it(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    stop_batch(bridge)
    for filtered in (StateFilter.ALL, StateFilter.STOPPED):
        panel.header.button(filtered).click()
        panel.table.setFocus()
        panel.table.setCurrentIndex(panel.model.index(panel.model.rowCount() - 1, Column.NAME))
        qtbot.keyClick(panel.table, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        assert panel.model.place(panel.table.currentIndex().row()).index == 2


def test_a_row_that_no_error_stopped_leads_nowhere(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    select(panel, 1)
    assert not panel.commands.show_cause.isEnabled()


def test_every_stopped_row_names_the_culprit_in_its_tooltip_and_to_a_screen_reader(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    stop_batch(bridge, count=60)
    for position in range(4, 61):
        for column in Column:
            tooltip = panel.model.index(position, column).data(Qt.ItemDataRole.ToolTipRole)
            assert "Stopped by 0003.tif" in tooltip
            assert "403 AccessDenied" in tooltip
        spoken = panel.model.index(position, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole)
        assert "0003.tif" in spoken


def test_of_many_failures_one_row_stopped_the_batch_and_the_others_also_failed(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    bridge.add_batch("a", 8)
    exists = replace(denied(), kind=ErrorKind.EXISTS)
    rows = {index: failed(is_culprit=index == 3) for index in range(1, 7)}
    bridge.set_rows("a", {0: done(), **rows, 7: failed(exists)})
    bridge.end_batch("a", Outcome.STOPPED, first_error=denied(), first_error_index=3)
    texts = [panel.model.index(position, Column.STATUS).data() for position in range(2, 9)]
    assert texts.count("failed, stopped the batch") == 1
    assert texts.count("also failed") == 5
    assert texts[-1] == "failed"
    spoken = panel.model.index(3, Column.NAME).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "0003.tif, also failed, access denied, 48.0 mebibytes"


def test_the_banner_goes_when_its_batch_runs_again(bridge: FakeBridge, panel: TransfersPanel) -> None:
    stop_batch(bridge)
    bridge.set_batch("a", phase=BatchPhase.RUNNING, outcome=None, first_error=None, first_error_index=None)
    assert not panel.banner.isVisible()


def test_the_rest_is_still_offered_after_the_culprit_alone_was_run_again(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    stop_batch(bridge)
    bridge.set_batch("a", phase=BatchPhase.RUNNING, outcome=None, first_error=None, first_error_index=None)
    bridge.set_rows("a", {2: done()})
    bridge.end_batch("a", Outcome.DONE)
    assert panel.banner.isVisible()
    assert (
        panel.banner.sentence.text()
        == "Only a part of this batch was run again. 3 done, 0 failed, 3 not finished."
    )
    assert not panel.banner.retry_button.isVisible()
    panel.banner.resume_button.click()
    assert bridge.commands == [("retry", "a", None)]


def test_home_and_end_lead_to_the_first_and_the_last_line(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 40)
    panel.table.setCurrentIndex(panel.model.index(7, Column.NAME))
    qtbot.keyClick(panel.table, Qt.Key.Key_End)
    assert panel.table.currentIndex().row() == 40
    qtbot.keyClick(panel.table, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    assert panel.table.currentIndex().row() == 0
    assert len(panel.table.selectionModel().selectedRows()) == 41


def test_the_common_words_of_a_status_are_not_cut(panel: TransfersPanel) -> None:
    room = panel.table.columnWidth(Column.STATUS) - 12  # what the delegate leaves at both sides
    for words in ("done, not verified (size and ETag only)", "failed, stopped the batch"):
        assert panel.table.fontMetrics().horizontalAdvance(words) <= room


def test_dismissing_the_banner_shows_the_one_before(bridge: FakeBridge, panel: TransfersPanel, qtbot) -> None:
    stop_batch(bridge, "a")
    stop_batch(bridge, "b", count=9)
    assert "6 not finished" in panel.banner.sentence.text()
    panel.banner.dismiss_button.click()
    assert "3 not finished" in panel.banner.sentence.text()
    qtbot.keyClick(panel.table, Qt.Key.Key_Escape)
    assert not panel.banner.isVisible()


def test_a_failed_listing_offers_no_retry_of_a_file(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.add_batch("a", 1)
    bridge.set_rows("a", {0: stopped(None)})
    bridge.end_batch("a", Outcome.STOPPED, first_error=denied(), first_error_index=None)
    assert panel.banner.isVisible()
    assert not panel.banner.retry_button.isVisible()


def test_the_clock_runs_only_while_a_batch_does(bridge: FakeBridge, panel: TransfersPanel) -> None:
    assert not panel._clock.isActive()
    bridge.add_batch("a", 1)
    assert panel._clock.isActive()
    bridge.end_batch("a", Outcome.DONE)
    assert not panel._clock.isActive()


def test_every_control_has_a_name_and_can_be_reached_by_key(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    stop_batch(bridge)
    controls = [*panel.findChildren(QAbstractButton), *panel.findChildren(QLineEdit), panel.table]
    own = [control for control in controls if control.isVisible() and not is_inside_qt(control)]
    assert len(own) >= 12
    for control in own:
        text = control.text() if isinstance(control, QAbstractButton) else ""
        assert control.accessibleName() or text
        # Of a group of which one is checked Qt gives the Tab key that one, and the arrow keys the rest.
        group = control.group() if isinstance(control, QAbstractButton) else None
        reached = group.checkedButton() if group is not None else control
        assert reached.focusPolicy() & Qt.FocusPolicy.TabFocus


def is_inside_qt(control: QWidget) -> bool:
    """Parts that Qt puts into a line edit or a table of its own accord."""
    parent = control.parentWidget()
    return isinstance(parent, QLineEdit) or control.objectName().startswith("qt_")


def test_repaints_of_the_table_lose_no_reference_to_none(bridge: FakeBridge, panel: TransfersPanel) -> None:
    """PySide6 6.12.0 on Python 3.11 loses one for each empty answer, until the interpreter aborts."""
    stop_batch(bridge, count=100)
    bridge.set_rows("a", {5: RowSnapshot(State.QUEUED)})
    panel.grab()
    before = sys.getrefcount(None)
    for _ in range(50):
        panel.table.viewport().repaint()
        panel.table.grab()
    assert abs(sys.getrefcount(None) - before) < 500


def test_a_batch_whose_rows_come_later_is_scrolled_to(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("a", 200)
    bridge.push(ChangeSet(batches=(batch_snapshot("b", [], phase=BatchPhase.PLANNING),)))
    qtbot.wait(0)
    bridge.push(ChangeSet(added=(RowsAdded("b", 0, tuple(seed(index) for index in range(50))),)))
    qtbot.waitUntil(lambda: panel.table.rowAt(1) == panel.model.position("b"), timeout=1000)
    assert panel.model.place(panel.table.rowAt(1)).batch_id == "b"
