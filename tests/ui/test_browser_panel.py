"""The browser driven by keyboard and mouse over a fake bridge."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.core.errors import ErrorKind, ErrorRecord
from app.core.objects import Source
from app.ui.browser.entry import Column
from app.ui.browser.location import Location
from app.ui.browser.panel import BrowserPanel
from app.ui.browser.session import BrowserPhase
from tests.ui.browser_pages import page, thing
from tests.ui.fakes import FakeBridge, denied

PLACE = Location("media", "2026/")
LOST = ErrorRecord(None, ErrorKind.NETWORK, "", "The connection was lost. Check the network.", "", 1.0)


@pytest.fixture
def panel(browser: BrowserPanel) -> BrowserPanel:
    return browser


def open_place(panel: BrowserPanel, bridge: FakeBridge, *, is_whole: bool = True) -> None:
    panel.session.open(PLACE)
    things = (thing("2026/take-1.mp4", 100), thing("2026/take-2.mp4", 200), "2026/notes.txt")
    bridge.listing_page.emit(bridge.last_token, page(*things, prefixes=("2026/11/", "2026/12/")))
    if is_whole:
        bridge.listing_finished.emit(bridge.last_token, None)
    panel.table.setFocus()


def names(panel: BrowserPanel) -> list[str]:
    model = panel.session.model
    return [model.entry(row).name for row in range(model.rowCount())]


def select(panel: BrowserPanel, *rows: int) -> None:
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in rows:
        panel.table.selectionModel().select(panel.session.model.index(row, 0), flags)


def selected(panel: BrowserPanel) -> list[str]:
    return [source.key for source in panel.selected_sources()]


def press(panel: BrowserPanel, words: str) -> None:
    next(button for button in panel.table.page.buttons if button.text() == words).click()


def test_without_a_connection_there_are_two_cards_and_nothing_else(qtbot: QtBot, bridge: FakeBridge) -> None:
    panel = BrowserPanel(bridge)
    qtbot.addWidget(panel)
    panel.show()
    with qtbot.waitSignal(panel.connection_asked):
        panel.first_run.add_card.button.click()
    with qtbot.waitSignal(panel.demo_asked):
        panel.first_run.demo_card.button.click()
    assert not panel.table.isVisible()
    assert not panel.path_bar.isVisible()


def test_enter_opens_a_folder_and_the_keys_lead_back_forward_and_up(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    panel.table.setCurrentIndex(panel.session.model.index(0, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.session.location == Location("media", "2026/11/")
    panel.back_action.trigger()
    assert panel.session.location == PLACE
    panel.forward_action.trigger()
    assert panel.session.location == Location("media", "2026/11/")
    panel.up_action.trigger()
    panel.up_action.trigger()
    assert panel.session.location == Location("media")
    assert not panel.up_action.isEnabled()


def test_a_double_click_opens_a_folder_once(panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot) -> None:
    open_place(panel, bridge)
    spot = panel.table.visualRect(panel.session.model.index(1, 0)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    qtbot.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert [asked[:3] for asked in bridge.asked[1:]] == [("list_prefix", "media", "2026/12/")]


def test_enter_on_an_object_stays_where_it_is(panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot) -> None:
    open_place(panel, bridge)
    panel.table.setCurrentIndex(panel.session.model.index(3, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.session.location == PLACE


def test_after_going_up_the_folder_that_was_left_is_current(panel: BrowserPanel, bridge: FakeBridge) -> None:
    open_place(panel, bridge)
    panel.session.open(Location("media", "2026/12/31/"))
    panel.session.open(PLACE)
    bridge.listing_page.emit(bridge.last_token, page(prefixes=("2026/11/", "2026/12/")))
    assert panel.table.currentIndex().row() == 1
    assert selected(panel) == []


def test_pages_of_a_listing_that_was_left_are_dropped(panel: BrowserPanel, bridge: FakeBridge) -> None:
    panel.session.open(PLACE)
    stale = bridge.last_token
    panel.session.open(Location("media", "other/"))
    bridge.listing_page.emit(stale, page("2026/stale"))
    bridge.listing_finished.emit(stale, denied())
    assert ("cancel_listing", stale) in bridge.commands
    assert names(panel) == []
    assert panel.session.phase is BrowserPhase.LOADING


def test_stop_loading_keeps_the_rows_and_says_that_there_may_be_more(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    open_place(panel, bridge, is_whole=False)
    assert "loading…" in panel.footer.status.text()
    panel.footer.stop_button.click()
    assert ("cancel_listing", bridge.last_token) in bridge.commands
    assert len(names(panel)) == 5
    assert "there may be more" in panel.footer.status.text()
    assert not panel.footer.stop_button.isVisible()


def test_the_status_line_counts_what_is_here(panel: BrowserPanel, bridge: FakeBridge) -> None:
    open_place(panel, bridge)
    assert panel.footer.status.text() == "2 folders, 3 objects, 1.3 KiB"


def test_the_filter_narrows_the_rows_and_escape_ends_it(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    panel.filter_action.trigger()
    qtbot.keyClicks(panel.filter_line, "*.MP4")
    assert names(panel) == ["take-1.mp4", "take-2.mp4"]
    assert "2 of 5 shown" in panel.footer.status.text()
    qtbot.keyClick(panel.filter_line, Qt.Key.Key_Escape)
    assert len(names(panel)) == 5
    assert panel.filter_line.text() == ""


def test_a_filter_without_a_match_offers_to_clear_it(panel: BrowserPanel, bridge: FakeBridge) -> None:
    open_place(panel, bridge)
    panel.filter_line.setText("<b>zzz")
    assert panel.table.page.title.text() == "Nothing matches “<b>zzz”"
    press(panel, "Clear the filter")
    assert len(names(panel)) == 5
    assert not panel.table.page.isVisible()


def test_another_folder_starts_without_a_filter(panel: BrowserPanel, bridge: FakeBridge) -> None:
    open_place(panel, bridge)
    panel.filter_line.setText("mp4")
    panel.session.open(Location("media", "2026/11/"))
    assert panel.filter_line.text() == ""


def test_a_click_on_a_header_sorts_and_keeps_the_selection(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    select(panel, 0, 3)
    header = panel.table.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(Column.SIZE) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert names(panel) == ["11/", "12/", "take-1.mp4", "take-2.mp4", "notes.txt"]
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert names(panel) == ["11/", "12/", "notes.txt", "take-2.mp4", "take-1.mp4"]
    assert selected(panel) == ["2026/11/", "2026/take-1.mp4"]


def test_the_selection_is_told_and_becomes_sources_below_the_open_prefix(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    assert not panel.download_action.isEnabled()
    select(panel, 3, 4)
    assert panel.footer.selection.text() == "2 selected, 300 bytes"
    select(panel, 0)
    assert panel.footer.selection.text() == "3 selected, 300 bytes + 1 folder"
    folder, first, second = panel.selected_sources()
    assert folder == Source("media", "2026/11/", True, "2026/")
    assert first == Source("media", "2026/take-1.mp4", False, "2026/", thing("2026/take-1.mp4", 100))
    assert second.info == thing("2026/take-2.mp4", 200)
    with qtbot.waitSignal(panel.download_asked):
        panel.footer.download_button.click()


def test_a_reload_keeps_the_selection_where_the_rows_still_exist(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    open_place(panel, bridge)
    select(panel, 0, 3, 4)
    panel.reload_action.trigger()
    bridge.listing_page.emit(bridge.last_token, page("2026/take-0.mp4", prefixes=("2026/11/",)))
    bridge.listing_page.emit(bridge.last_token, page("2026/take-2.mp4"))
    bridge.listing_finished.emit(bridge.last_token, None)
    assert selected(panel) == ["2026/11/", "2026/take-2.mp4"]


def test_a_reload_keeps_the_scroll_position(panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot) -> None:
    panel.session.open(PLACE)
    whole = page(*(f"2026/{number:03}" for number in range(200)))
    bridge.listing_page.emit(bridge.last_token, whole)
    bridge.listing_finished.emit(bridge.last_token, None)

    def has_scrolled() -> bool:
        panel.table.scrollTo(panel.session.model.index(100, 0), panel.table.ScrollHint.PositionAtTop)
        return panel.table.rowAt(0) == 100

    qtbot.waitUntil(has_scrolled, timeout=2000)
    panel.reload_action.trigger()
    bridge.listing_page.emit(bridge.last_token, whole)
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.table.rowAt(0) == 100


def test_an_empty_level_says_under_what_there_is_nothing(panel: BrowserPanel, bridge: FakeBridge) -> None:
    panel.session.open(Location("media", "2026/11/"))
    assert panel.table.page.title.text() == "Loading 2026/11/…"
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.table.page.title.text() == "Nothing under 2026/11/"


def test_a_failed_listing_shows_its_error_and_retry_lists_again(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    panel.session.open(PLACE)
    bridge.listing_finished.emit(bridge.last_token, denied())
    assert panel.table.page.text.text() == denied().message
    assert panel.table.page.detail.text() == "403 AccessDenied · request 7F3A90C1D2E4B5A6"
    press(panel, "Retry")
    assert bridge.asked[-1][:3] == ("list_prefix", "media", "2026/")
    assert panel.session.error is None


def test_a_listing_that_fails_part_way_keeps_its_rows_and_says_what_is_missing(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    open_place(panel, bridge, is_whole=False)
    bridge.listing_finished.emit(bridge.last_token, LOST)
    assert "ended after 5 rows" in panel.incomplete_bar.text.text()
    assert LOST.message in panel.incomplete_bar.text.text()
    assert "incomplete" in panel.footer.status.text()
    panel.incomplete_bar.retry_button.click()
    assert bridge.asked[-1][:3] == ("list_prefix", "media", "2026/")
    assert not panel.incomplete_bar.isVisible()


def test_a_failed_connection_offers_retry_and_a_change(panel: BrowserPanel, qtbot: QtBot) -> None:
    panel.session.show_connect_failed("work", LOST)
    assert panel.table.page.title.text() == "Could not connect to work"
    with qtbot.waitSignal(panel.reconnect_asked):
        press(panel, "Retry")
    with qtbot.waitSignal(panel.change_asked):
        press(panel, "Change the connection…")


def test_a_crumb_opens_its_folder(panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot) -> None:
    panel.session.open(Location("media", "a&b/c/"))
    crumbs = {crumb.accessibleName(): crumb for crumb in panel.path_bar.findChildren(QToolButton)}
    qtbot.mouseClick(crumbs["Open a&b"], Qt.MouseButton.LeftButton)
    assert panel.session.location == Location("media", "a&b/")


def test_ctrl_l_lets_type_a_location_and_enter_opens_it(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    panel.path_action.trigger()
    assert panel.path_bar.line.text() == "s3://media/2026/"
    assert panel.path_bar.line.hasSelectedText()
    qtbot.keyClicks(panel.path_bar.line, "s3://other/a")
    qtbot.keyClick(panel.path_bar.line, Qt.Key.Key_Return)
    assert panel.session.location == Location("other", "a/")
    assert not panel.path_bar.is_editing


def test_text_that_names_no_bucket_is_refused_in_place_and_escape_leaves(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    panel.path_bar.edit()
    qtbot.keyClicks(panel.path_bar.line, "two words")
    qtbot.keyClick(panel.path_bar.line, Qt.Key.Key_Return)
    assert panel.path_bar.is_editing
    assert "names no bucket" in panel.path_bar.line.accessibleDescription()
    qtbot.keyClick(panel.path_bar.line, Qt.Key.Key_Escape)
    assert not panel.path_bar.is_editing
    assert panel.session.location == PLACE


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Down])
def test_from_the_filter_a_key_leads_to_the_first_row_that_matches(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot, key: Qt.Key
) -> None:
    open_place(panel, bridge)
    panel.filter_action.trigger()
    qtbot.keyClicks(panel.filter_line, "take")
    qtbot.keyClick(panel.filter_line, key)
    assert panel.table.hasFocus()
    assert panel.table.currentIndex().row() == 0
    assert selected(panel) == ["2026/take-1.mp4"]


def test_a_listing_that_has_ended_frames_its_first_row_and_selects_nothing(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    panel.table.setFocus()
    open_place(panel, bridge, is_whole=False)
    panel.table.setCurrentIndex(QModelIndex())
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.table.currentIndex().row() == 0
    assert selected(panel) == []


def test_home_and_end_lead_to_the_first_and_the_last_row(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    open_place(panel, bridge)
    qtbot.keyClick(panel.table, Qt.Key.Key_End)
    assert selected(panel) == ["2026/take-2.mp4"]
    qtbot.keyClick(panel.table, Qt.Key.Key_Home)
    assert selected(panel) == ["2026/11/"]


@pytest.mark.parametrize("size", [(900, 400), (900, 330), (420, 460)])
def test_a_long_error_is_shown_whole_in_a_low_or_narrow_window(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot, size: tuple[int, int]
) -> None:
    panel.resize(*size)
    panel.session.open(PLACE)
    message = "The server 127.0.0.1:46455 refuses connections, and says so in many words. " * 3
    error = ErrorRecord(None, ErrorKind.CONNECTION_REFUSED, "", message, "", 1.0)
    bridge.listing_finished.emit(bridge.last_token, error)
    page = panel.table.page
    qtbot.waitUntil(lambda: page.text.height() >= page.text.heightForWidth(page.text.width()), timeout=2000)
    for widget in (page.title, page.text, *page.buttons):
        corner = widget.mapTo(page, widget.rect().bottomRight())
        assert page.rect().contains(corner)


def test_a_demo_that_does_not_answer_can_be_started_again(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    panel.session.show_connected("demo", is_demo=True)
    panel.session.open(PLACE)
    bridge.listing_finished.emit(bridge.last_token, LOST)
    with qtbot.waitSignal(panel.demo_asked):
        press(panel, "Start the demo again")
