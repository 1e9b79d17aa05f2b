"""The browser's table view, and the page that stands in it when it has no rows."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QKeySequence, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout, QWidget

from app.bridge.right_of_way import right_of_way
from app.ui.browser.delegate import ObjectDelegate
from app.ui.browser.entry import Column
from app.ui.browser.jump import Jump
from app.ui.browser.model import ObjectTableModel
from app.ui.browser.selection import SelectionKeeper
from app.ui.browser.states import PageText, StatePage
from app.ui.row_cursor import row_cursor

ROW_PADDING_PX = 8
_SAMPLES = {
    Column.SIZE: "1,023.9 GiB",
    Column.MODIFIED: "30 Sep 2026 00:00",
    Column.STORAGE_CLASS: "Intelligent-Tiering",
}


class ObjectTable(QTableView):
    """A flat table with rows of one height and columns that keep their width while rows come."""

    escaped = Signal()

    def __init__(self, model: ObjectTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Objects")
        self.setFont(_tabular(self.font()))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.keeper = SelectionKeeper(model, self)
        self.setItemDelegate(ObjectDelegate(model, self))
        self.jump = Jump(model, self)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        escape.activated.connect(self.escaped)
        self._shape_headers()
        self.page = StatePage(self.viewport())
        layout = QVBoxLayout(self.viewport())
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.page)
        self.page.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint while nothing else computes: a paint enters Python some hundred times."""
        with right_of_way():
            super().paintEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Typing leads to the row whose name begins like that."""
        self.jump.type(search)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End lead to the first and the last row; a table's own lead along its row."""
        return row_cursor(self, action) or super().moveCursor(action, modifiers)

    def show_where_keys_go(self) -> None:
        """Make the first row the current one when none is: it is framed, not selected."""
        if self.model().rowCount() and not self.currentIndex().isValid():
            first = self.model().index(0, Column.NAME)
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)

    def show_page(self, page: PageText | None) -> None:
        """Put a page over the empty table, or (None) take it away; the table keeps the focus."""
        if page is not None:
            self.page.show_text(page)
        self.page.setVisible(page is not None)

    def _shape_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + ROW_PADDING_PX)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        # A header asks of every selected row whether its column is selected whole: 2.4 s for 100,000 rows.
        # Ours shows no selection, so it gets an empty one of its own.
        columns.setSelectionModel(QItemSelectionModel(self.model(), columns))
        columns.setSectionsMovable(False)
        columns.setSortIndicatorShown(True)
        columns.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        for column, sample in _SAMPLES.items():
            columns.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            columns.resizeSection(column, self.fontMetrics().horizontalAdvance(sample) + 24)
        self.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)


def _tabular(font: QFont) -> QFont:
    """The font with figures of one width, so that nothing moves while numbers change."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
