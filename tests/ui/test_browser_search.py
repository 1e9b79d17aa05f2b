"""Search below here: what is asked for, what is kept, and the ways out."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.objects import ListingPage
from app.ui.browser.filtering import parse_filter
from app.ui.browser.location import Location
from app.ui.browser.panel import BrowserPanel
from app.ui.browser.search import Search
from app.ui.browser.session import BrowserPhase
from tests.ui.browser_pages import page, thing
from tests.ui.fakes import FakeBridge

PLACE = Location("media", "2026/")
PAGE = page(thing("2026/a/x.mp4", 5), "2026/b.txt", thing("2026/c/d/y.mp4", 7))


@pytest.fixture
def panel(browser: BrowserPanel, bridge: FakeBridge) -> BrowserPanel:
    browser.session.open(PLACE)
    bridge.listing_finished.emit(bridge.last_token, None)
    return browser


def search(panel: BrowserPanel, qtbot: QtBot, text: str = "*.mp4") -> None:
    panel.search_action.trigger()
    qtbot.keyClicks(panel.search_bar.line, text)
    qtbot.keyClick(panel.search_bar.line, Qt.Key.Key_Return)


def come(bridge: FakeBridge, came: ListingPage = PAGE) -> None:
    assert bridge.sift is not None
    bridge.listing_page.emit(bridge.last_token, bridge.sift(came))


def names(panel: BrowserPanel) -> list[str]:
    model = panel.session.model
    return [model.name(row) for row in range(model.rowCount())]


def test_what_matches_below_the_open_place_is_shown_with_its_way_there(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    search(panel, qtbot)
    assert bridge.asked[-1][:3] == ("list_prefix", "media", "2026/")
    assert panel.table.page.title.text() == "Searching 2026/…"
    come(bridge)
    assert names(panel) == ["a/x.mp4", "c/d/y.mp4"]
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.footer.status.text() == "2 objects, 12 bytes · 3 objects looked at"
    panel.table.selectAll()
    assert [(source.key, source.base) for source in panel.selected_sources()] == [
        ("2026/a/x.mp4", "2026/"),
        ("2026/c/d/y.mp4", "2026/"),
    ]


def test_a_search_can_be_stopped_and_gone_on_with(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    search(panel, qtbot, "nothing*")
    come(bridge)
    panel.footer.stop_button.click()
    assert panel.session.phase is BrowserPhase.STOPPED
    assert panel.table.page.title.text() == "The search was stopped"
    panel.footer.go_on_button.click()
    assert bridge.listed_after == "2026/c/d/y.mp4"
    assert bridge.sift is not None
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.table.page.title.text() == "Nothing below 2026/ matches “nothing*”"


def focused(panel: BrowserPanel, where: str) -> QWidget:
    if where == "line":
        panel.search_action.trigger()
        return panel.search_bar.line
    return panel.table


@pytest.mark.parametrize("where", ["line", "rows"])
def test_escape_leaves_the_search_and_lists_the_place_again(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot, where: str
) -> None:
    search(panel, qtbot)
    come(bridge)
    qtbot.keyClick(focused(panel, where), Qt.Key.Key_Escape)
    assert not panel.search_bar.isVisible()
    assert (bridge.asked[-1][:3], bridge.sift) == (("list_prefix", "media", "2026/"), None)
    assert panel.session.search is None


def test_enter_on_a_match_opens_its_folder_and_leads_to_it(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    search(panel, qtbot)
    come(bridge)
    panel.table.setCurrentIndex(panel.session.model.index(1, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.session.location == Location("media", "2026/c/d/")
    assert not panel.search_bar.isVisible()
    bridge.listing_page.emit(bridge.last_token, page("2026/c/d/x.mp4", "2026/c/d/y.mp4"))
    bridge.listing_finished.emit(bridge.last_token, None)
    assert panel.session.model.name(panel.table.currentIndex().row()) == "y.mp4"


def test_a_reload_searches_again(panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot) -> None:
    search(panel, qtbot)
    come(bridge)
    panel.reload_action.trigger()
    assert bridge.sift is not None
    assert panel.session.looked_count == 0


def test_a_search_for_nothing_or_for_nonsense_does_not_begin(
    panel: BrowserPanel, bridge: FakeBridge, qtbot: QtBot
) -> None:
    before = len(bridge.asked)
    search(panel, qtbot, "")
    assert not panel.search_bar.button.isEnabled()
    search(panel, qtbot, "/(/")
    assert len(bridge.asked) == before


def test_sizes_and_dates_count_in_a_search() -> None:
    row_filter = parse_filter("size>6 .mp4")
    assert row_filter is not None
    sifted = Search("size>6 .mp4", row_filter, "2026/").sift(PAGE)
    assert list(sifted.matches.objects) == [PAGE.objects[2]]
    assert sifted.page is PAGE
