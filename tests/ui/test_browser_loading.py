"""Loading, stopped, gone on with, incomplete, whole: which is which, and what can be done about it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.core.errors import ErrorKind, ErrorRecord
from app.core.objects import ListingPage, Source
from app.ui.browser.bookmark import Bookmark
from app.ui.browser.entry import Column
from app.ui.browser.location import Location
from app.ui.browser.panel import MANY_ROWS, BrowserPanel
from app.ui.browser.session import BrowserPhase
from tests.ui.browser_pages import page, thing
from tests.ui.fakes import FakeBridge

PLACE = Location("media", "2026/")
LOST = ErrorRecord(None, ErrorKind.NETWORK, "", "The connection was lost. Check the network.", "", 1.0)


@pytest.fixture
def panel(browser: BrowserPanel) -> BrowserPanel:
    browser.session.open(PLACE)
    return browser


def come(bridge: FakeBridge, came: ListingPage) -> None:
    bridge.listing_page.emit(bridge.last_token, came)


def end(bridge: FakeBridge, error: ErrorRecord | None = None) -> None:
    bridge.listing_finished.emit(bridge.last_token, error)


def names(panel: BrowserPanel) -> list[str]:
    model = panel.session.model
    return [model.name(row) for row in range(model.rowCount())]


def visible(button: QPushButton) -> bool:
    return button.isVisible()


def test_a_stopped_listing_goes_on_behind_what_came_and_ends_whole(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    come(bridge, page("2026/b", "2026/c", prefixes=("2026/a/",)))
    panel.footer.stop_button.click()
    assert panel.session.phase is BrowserPhase.STOPPED
    assert "there may be more" in panel.footer.status.text()
    assert not visible(panel.footer.stop_button)
    panel.footer.go_on_button.click()
    assert (bridge.asked[-1][:3], bridge.listed_after) == (("list_prefix", "media", "2026/"), "2026/c")
    assert panel.session.phase is BrowserPhase.LOADING
    come(bridge, page("2026/d"))
    end(bridge)
    assert names(panel) == ["a/", "b", "c", "d"]
    assert panel.session.phase is BrowserPhase.COMPLETE
    assert not visible(panel.footer.go_on_button)


def test_pages_of_a_stopped_listing_that_come_late_are_dropped_and_asked_for_again(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    come(bridge, page("2026/a"))
    stopped = bridge.last_token
    panel.footer.stop_button.click()
    bridge.listing_page.emit(stopped, page("2026/b"))
    panel.footer.go_on_button.click()
    bridge.listing_page.emit(stopped, page("2026/c"))
    assert (names(panel), bridge.listed_after) == (["a"], "2026/a")


def test_an_incomplete_listing_says_why_and_goes_on_or_begins_again(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    come(bridge, page("2026/a"))
    end(bridge, LOST)
    bar = panel.incomplete_bar
    assert LOST.message in bar.text.text()
    assert visible(bar.go_on_button)
    bar.go_on_button.click()
    assert bridge.listed_after == "2026/a"
    assert not bar.isVisible()
    end(bridge, LOST)
    bar.retry_button.click()
    assert (bridge.listed_after, names(panel)) == ("", [])


def test_a_listing_out_of_order_cannot_go_on_but_begin_again(panel: BrowserPanel, bridge: FakeBridge) -> None:
    come(bridge, page("2026/m"))
    come(bridge, page("2026/a"))
    end(bridge, LOST)
    assert not visible(panel.incomplete_bar.go_on_button)
    assert visible(panel.incomplete_bar.retry_button)


def test_a_bookmark_is_the_last_name_of_pages_that_ascend() -> None:
    mark = Bookmark()
    assert mark.name == ""
    mark.move(page("b", "c", prefixes=("d/",)))
    mark.move(page())
    assert mark.name == "d/"
    mark.move(page("e", prefixes=("e0/",)))
    assert mark.name == "e0/"
    mark.move(page("f", prefixes=("e0/",)))
    assert mark.name == ""


def test_a_filter_without_a_match_is_not_sure_while_rows_come(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    come(bridge, page("2026/a"))
    panel.filter_line.setText("zzz")
    assert panel.table.page.title.text() == "Nothing matches “zzz” yet"
    end(bridge)
    panel.session.changed.emit()
    assert panel.table.page.title.text() == "Nothing matches “zzz”"


def test_a_filter_that_is_none_is_refused_in_place_and_the_one_before_stays(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    come(bridge, page("2026/a", "2026/b"))
    panel.filter_line.setText("b")
    panel.filter_line.setText("/(/")
    assert panel.filter_line.is_refused
    assert "no regular expression" in panel.filter_line.accessibleDescription()
    assert names(panel) == ["b"]


def many(count: int, first: int = 0) -> list[ListingPage]:
    rows = [thing(f"2026/{number:06}", number % 977) for number in range(first, count)]
    return [page(*rows[at : at + 1000]) for at in range(0, len(rows), 1000)]


def test_a_reload_of_many_rows_keeps_what_is_selected_where_it_stands(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    model = panel.session.model
    for came in many(6000):
        come(bridge, came)
    end(bridge)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in (5, 4000, 5999):
        panel.table.selectionModel().select(model.index(row, 0), flags)
    panel.table.scrollTo(model.index(3000, 0), panel.table.ScrollHint.PositionAtTop)
    panel.reload_action.trigger()
    for came in many(6000):
        come(bridge, came)
    end(bridge)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    assert panel.table.keeper.spans() == [(5, 5), (4000, 4000), (5999, 5999)]
    assert panel.table.rowAt(0) == 3000


def test_what_is_selected_stays_so_in_another_order_and_under_a_filter(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    model = panel.session.model
    for came in many(5000):
        come(bridge, came)
    end(bridge)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in (976, 977, 4000):
        panel.table.selectionModel().select(model.index(row, 0), flags)
    chosen = {source.key for source in panel.selected_sources()}
    panel.table.sortByColumn(Column.SIZE, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    assert {source.key for source in panel.selected_sources()} == chosen
    panel.table.sortByColumn(Column.SIZE, Qt.SortOrder.AscendingOrder)
    assert {source.key for source in panel.selected_sources()} == chosen
    panel.filter_line.setText("97")
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    assert {source.key for source in panel.selected_sources()} == {"2026/000976", "2026/000977"}
    panel.filter_line.clear()
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    assert {source.key for source in panel.selected_sources()} == {"2026/000976", "2026/000977"}


def test_all_of_very_many_rows_are_one_source_and_all_but_one_are_not(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    model = panel.session.model
    for came in many(MANY_ROWS + 1):
        come(bridge, came)
    end(bridge)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    panel.table.selectAll()
    assert panel.selected_sources() == [Source("media", "2026/", True, "2026/")]
    flags = QItemSelectionModel.SelectionFlag.Deselect | QItemSelectionModel.SelectionFlag.Rows
    panel.table.selectionModel().select(model.index(7, 0), flags)
    assert len(panel.selected_sources()) == MANY_ROWS


def test_select_by_pattern_selects_all_that_the_filter_shows(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    come(bridge, page("2026/a.jpg", "2026/b.txt", "2026/c.jpg"))
    end(bridge)
    panel.select_action.trigger()
    qtbot.keyClicks(panel.filter_line, "*.jpg")
    qtbot.keyClick(panel.filter_line, Qt.Key.Key_Return)
    assert [source.key for source in panel.selected_sources()] == ["2026/a.jpg", "2026/c.jpg"]
    panel.filter_line.clear()
    assert [source.key for source in panel.selected_sources()] == ["2026/a.jpg", "2026/c.jpg"]


def test_typing_leads_to_the_next_row_that_begins_like_that(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    come(bridge, page("2026/Beta", "2026/bravo", "2026/charlie", prefixes=("2026/alpha/",)))
    end(bridge)
    table = panel.table
    table.setFocus()
    jump = table.jump
    now = [100.0]
    jump._clock = lambda: now[0]

    def typed(text: str, pause_s: float = 10.0) -> str:
        now[0] += pause_s
        jump.type(text)
        return panel.session.model.name(table.currentIndex().row())

    assert typed("b") == "Beta"
    assert typed("b", 0.1) == "bravo"
    assert typed("b", 0.1) == "Beta"
    assert (typed("b"), typed("r", 0.1)) == ("bravo", "bravo")
    assert typed("A") == "alpha/"
    assert typed("zz") == "alpha/"
    assert typed("c") == "charlie"


def test_typing_finds_a_row_far_down_without_holding_the_window(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    model = panel.session.model
    for came in many(5000):
        come(bridge, came)
    come(bridge, page("2026/last"))
    end(bridge)
    qtbot.waitUntil(lambda: model.is_settled, timeout=5000)
    panel.table.setFocus()
    qtbot.keyClicks(panel.table, "l")
    qtbot.waitUntil(lambda: panel.table.currentIndex().row() == 5000, timeout=5000)
    assert panel.table.keeper.spans() == [(5000, 5000)]


def test_a_pasted_address_is_opened_and_other_text_goes_to_the_path_line(
    panel: BrowserPanel, bridge: FakeBridge
) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("  s3://other/a/b/ ")
    panel.paste_action.trigger()
    assert panel.session.location == Location("other", "a/b/")
    clipboard.setText("hello")
    panel.paste_action.trigger()
    assert panel.path_bar.is_editing
    assert panel.path_bar.line.text() == "hello"
    clipboard.clear()


def test_an_objects_address_opens_its_folder_and_leads_to_it(panel: BrowserPanel, bridge: FakeBridge) -> None:
    QGuiApplication.clipboard().setText("s3://media/2026/take.mp4")
    panel.paste_action.trigger()
    assert panel.session.location == Location("media", "2026/take.mp4/")
    end(bridge)
    assert panel.session.location == PLACE
    come(bridge, page("2026/a.txt", "2026/take.mp4"))
    end(bridge)
    assert panel.session.model.name(panel.table.currentIndex().row()) == "take.mp4"
    panel.back_action.trigger()
    assert panel.session.location == PLACE
    QGuiApplication.clipboard().clear()


def test_an_empty_folder_that_was_named_as_one_stays_open(panel: BrowserPanel, bridge: FakeBridge) -> None:
    panel.path_bar.edit()
    panel.path_bar.line.setText("s3://media/empty/")
    panel.path_bar.line.returnPressed.emit()
    end(bridge)
    assert panel.session.location == Location("media", "empty/")
    assert panel.table.page.title.text() == "Nothing under empty/"
