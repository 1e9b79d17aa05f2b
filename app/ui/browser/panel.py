"""The browser: path, filter, table and footer around one BrowserSession."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from app.core.objects import Source
from app.ui.browser.bars import Footer, IncompleteBar
from app.ui.browser.entry import Column
from app.ui.browser.filter_line import FilterLine
from app.ui.browser.filtering import RowFilter
from app.ui.browser.location import DELIMITER, SCHEME, Location, names_folder, parse_location
from app.ui.browser.pages import PageActions, page_text
from app.ui.browser.path_bar import PathBar
from app.ui.browser.search_bar import SearchBar
from app.ui.browser.session import BrowserPhase, BrowserSession
from app.ui.browser.states import FirstRunPage, error_detail
from app.ui.browser.table import ObjectTable
from app.ui.browser.words import incomplete_text, selection_text, status_text
from app.ui.plain import as_tooltip
from app.ui.theme import dress

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

MANY_ROWS = 10_000
Keys = QKeySequence | QKeySequence.StandardKey | str


class BrowserPanel(QWidget):
    """Shows what its session holds; its actions are for menus too."""

    download_asked = Signal()
    connection_asked = Signal()  # a new one
    change_asked = Signal()  # the one that does not lead anywhere
    reconnect_asked = Signal()
    demo_asked = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = BrowserSession(bridge, self)
        self._make_actions()
        self.path_bar = PathBar(self)
        self.filter_line = FilterLine(self)
        self.table = ObjectTable(self.session.model, self)
        self.table.addAction(self.download_action)
        self.incomplete_bar = IncompleteBar(self)
        self.search_bar = SearchBar(self)
        self.first_run = FirstRunPage(self)
        self.footer = Footer(self.download_action, self)
        self._selects = False
        self._last_location: Location | None = None
        self._page_actions = PageActions(
            self.leave_filter,
            self._edit_path,
            self.reconnect_asked.emit,
            self.change_asked.emit,
            self.demo_asked.emit,
        )
        self._lay_out()
        self._connect()
        self._show_location()
        self._show_state()

    # What is selected

    def selected_sources(self) -> list[Source]:
        """The selected rows as sources, based on the open prefix; all of very many are one, the prefix."""
        location = self.session.location
        if location is None:
            return []
        base = location.prefix
        if self.table.keeper.has_all and self.session.is_whole and self.session.model.total_count > MANY_ROWS:
            return [Source(location.bucket, base, True, base)]
        spans, entry_at = self.table.keeper.spans(), self.session.model.entry
        entries = (entry_at(row) for first, last in spans for row in range(first, last + 1))
        return [Source(location.bucket, entry.key, entry.is_folder, base, entry.info) for entry in entries]

    # Making

    def _make_actions(self) -> None:
        session = self.session
        standard = QKeySequence.StandardKey
        self.back_action = self._action("Back", "back", standard.Back, session.go_back)
        self.forward_action = self._action("Forward", "forward", standard.Forward, session.go_forward)
        self.up_action = self._action("Up", "up", "Alt+Up", session.go_up)
        self.reload_action = self._action("Reload", "reload", standard.Refresh, session.reload)
        self.path_action = self._action("Open location…", "search", "Ctrl+L", self._edit_path)
        self.paste_action = self._action("Paste location", "search", standard.Paste, self._paste)
        self.select_action = self._action(
            "Select by pattern…", "search", "Ctrl+Shift+A", self._select_by_pattern
        )
        self.search_action = self._action("Search below here…", "search", "Ctrl+Shift+F", self._ask_search)
        self.filter_action = self._action("Filter", "search", standard.Find, self._edit_filter)
        self.download_action = self._action("Download…", "download", "Ctrl+D", self.download_asked.emit)
        self.download_action.setIconText("Download…")
        self.download_action.setToolTip("Download what is selected (Ctrl+D)")

    def _action(self, text: str, picture: str, keys: Keys, do: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        dress(action, picture)
        action.setShortcut(QKeySequence(keys))
        keys_text = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(as_tooltip(f"{text} ({keys_text})"))
        action.triggered.connect(lambda _checked=False: do())
        return action

    def _lay_out(self) -> None:
        self._top = QWidget(self)
        row = QHBoxLayout(self._top)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        arrows = QHBoxLayout()
        arrows.setSpacing(0)
        for action in (self.back_action, self.forward_action, self.up_action, self.reload_action):
            button = QToolButton(self._top)
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            arrows.addWidget(button)
        row.addLayout(arrows)
        row.addWidget(self.path_bar, 1)
        row.addWidget(self.filter_line)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.first_run)
        self._stack.addWidget(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(8)
        column.addWidget(self._top)
        column.addWidget(self.search_bar)
        column.addWidget(self.incomplete_bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.footer)

    def _connect(self) -> None:
        session = self.session
        session.moved.connect(self._show_location)
        session.changed.connect(self._show_state)
        session.relisting.connect(self.table.keeper.wait_for_rows)
        self.path_bar.location_chosen.connect(self._open_named)
        session.object_named.connect(self.table.keeper.expect)
        self.path_bar.left.connect(self.table.setFocus)
        self.filter_line.filter_changed.connect(self._filter)
        self.filter_line.entered.connect(self._enter_rows)
        self.filter_line.left.connect(self.table.setFocus)
        self.table.activated.connect(lambda index: self._open_row(index.row()))
        self.table.selectionModel().selectionChanged.connect(self._show_selection)
        for signal in (session.model.modelReset, session.model.layoutChanged):
            signal.connect(self._show_selection)
        # After the table's keeper, which looks at the rows first.
        session.model.arranged.connect(self._show_state)
        self.table.escaped.connect(self.leave_search)
        self.footer.stop_asked.connect(session.stop_loading)
        self.footer.go_on_asked.connect(session.go_on)
        self.incomplete_bar.retry_asked.connect(session.reload)
        self.incomplete_bar.go_on_asked.connect(session.go_on)
        self.search_bar.search_asked.connect(self._search)
        self.search_bar.left.connect(self.leave_search)
        self.first_run.connection_asked.connect(self.connection_asked)
        self.first_run.demo_asked.connect(self.demo_asked)

    # Slots

    @Slot()
    def _edit_path(self) -> None:
        self.path_bar.edit()

    @Slot(object, bool)
    def _open_named(self, location: Location, is_folder: bool) -> None:
        self.session.open(location, is_folder=is_folder)

    @Slot()
    def _paste(self) -> None:
        """Open the location that the clipboard names."""
        text = QGuiApplication.clipboard().text().strip()
        location = parse_location(text, None) if text.lower().startswith(SCHEME) else None
        if location is None:
            self.path_bar.edit()
            self.path_bar.line.paste()
        else:
            self._open_named(location, names_folder(text))

    @Slot()
    def _select_by_pattern(self) -> None:
        self._edit_filter()
        self._selects = True

    @Slot()
    def _edit_filter(self) -> None:
        self._selects = False
        self.filter_line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_line.selectAll()

    @Slot()
    def _ask_search(self) -> None:
        self.search_bar.ask(self.session.location)

    @Slot(str, object)
    def _search(self, text: str, row_filter: RowFilter) -> None:
        self.filter_line.clear()
        self.session.find(text, row_filter)
        self.table.setFocus()

    @Slot()
    def leave_search(self) -> None:
        """Close the search and show the open location again; nothing where there is none."""
        if not self.search_bar.isVisible():
            return
        self.search_bar.hide()
        self.session.leave_search()
        self.table.setFocus()

    @Slot()
    def leave_filter(self) -> None:
        """Empty the filter and go back to the rows."""
        self.filter_line.clear()
        self.table.setFocus()

    @Slot()
    def _enter_rows(self) -> None:
        """From the filter to the first row that it lets through."""
        if self.session.model.shown_count:
            self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.table.setCurrentIndex(self.session.model.index(0, Column.NAME))
            if self._selects:
                self.table.selectAll()
        self._selects = False

    @Slot(object)
    def _filter(self, row_filter: RowFilter | None) -> None:
        self.session.model.set_filter(row_filter)
        self._show_state()

    def _open_row(self, row: int) -> None:
        location = self.session.location
        entry = self.session.model.entry(row)
        if location is not None and entry.is_folder:
            self.session.open(Location(location.bucket, entry.key))
        elif location is not None and self.session.search:
            self.session.open(Location(location.bucket, entry.key[: entry.key.rfind(DELIMITER) + 1]))
            self.table.keeper.expect(entry.key)

    @Slot()
    def _show_location(self) -> None:
        location, last = self.session.location, self._last_location
        if location != last:
            self._last_location = location
            self.filter_line.clear()
            self.search_bar.hide()
            self.table.keeper.forget()
            self.path_bar.show_location(location)
            if location and last and last.bucket == location.bucket:
                # After a way up, the folder that was left is the current row.
                below = last.prefix.removeprefix(location.prefix)
                if last.prefix.startswith(location.prefix):
                    self.table.keeper.expect(location.prefix + below[: below.find("/") + 1])
        self.back_action.setEnabled(self.session.can_go_back)
        self.forward_action.setEnabled(self.session.can_go_forward)
        self.up_action.setEnabled(self.session.can_go_up)
        self.reload_action.setEnabled(location is not None)
        self.search_action.setEnabled(location is not None)
        self.select_action.setEnabled(location is not None)
        self.paste_action.setEnabled(self.session.has_connection)
        self.path_action.setEnabled(self.session.has_connection)
        self.path_bar.setEnabled(self.session.has_connection)

    @Slot()
    def _show_state(self) -> None:
        session, model = self.session, self.session.model
        has_connection = session.phase is not BrowserPhase.NO_CONNECTION
        is_loading = session.phase is BrowserPhase.LOADING
        for widget in (self._top, self.footer):
            widget.setVisible(has_connection)
        self._stack.setCurrentWidget(self.table if has_connection else self.first_run)
        page = None if model.shown_count else page_text(session, self.filter_line.text(), self._page_actions)
        self.table.show_page(page)
        if session.error and model.total_count:
            text, detail = incomplete_text(session, session.error), error_detail(session.error)
            self.incomplete_bar.show_error(text, detail, can_go_on=session.can_go_on)
        else:
            self.incomplete_bar.hide()
        self.footer.status.setText(status_text(session))
        self.footer.show_loading(is_loading=is_loading, can_go_on=session.can_go_on and not session.error)
        if not is_loading and model.is_settled:
            self.table.keeper.forget()
            self.table.show_where_keys_go()

    @Slot()
    def _show_selection(self) -> None:
        folders, objects, size_bytes = self.table.keeper.weigh()
        self.footer.selection.setText(selection_text(folders, objects, size_bytes))
        self.download_action.setEnabled(folders + objects > 0)
