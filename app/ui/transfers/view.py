"""The flat table of the Transfers panel, whose batches fold by mouse and by key."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.ui.row_cursor import row_cursor
from app.ui.theme import GRID
from app.ui.transfers.cells import RIGHT_ALIGNED, Column
from app.ui.transfers.delegate import ICON_SIZE, TransfersDelegate
from app.ui.transfers.keeper import SelectionKeeper
from app.ui.transfers.model import TransfersModel

ROW_HEIGHT = 28
ARROW_WIDTH = ICON_SIZE + GRID
"""How much of a batch's name folds it by a single click."""

_WIDEST = {
    Column.NAME: "interviews/take-01-mo.mp4",
    Column.STATUS: "done, not verified (size and ETag only)",
    Column.PROGRESS: "0" * 10,
    Column.SIZE: "1,023.9 of 1,023 GiB",
    Column.SPEED: "1,023 MiB/s",
    Column.ETA: "23 h 59 min",
}
"""The text that each column has room for, so that none changes its width while numbers change."""


class TransfersView(QTableView):
    """A QTableView of lines of one height; Left, Right, a double click and the arrow fold a batch."""

    def __init__(self, model: TransfersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self._keeper = SelectionKeeper(model, self)
        self._delegate = TransfersDelegate(model, self)
        self.setItemDelegate(self._delegate)
        self.setFont(_with_tabular_figures(self.font()))
        self._delegate.set_font(self.font())
        self.setAccessibleName("Transfers")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setCornerButtonEnabled(False)
        self._arrange_headers()

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End lead to the first and the last line; a table's own lead along its row."""
        return row_cursor(self, action) or super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left folds a batch or goes from a row to its batch, Right unfolds; the rest as ever."""
        is_plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if is_plain and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.currentIndex().isValid():
            self._fold_by_key(is_left=event.key() == Qt.Key.Key_Left)
            event.accept()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a batch's arrow folds it and selects nothing."""
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and self._is_arrow(index, event.position().x()):
            self.toggle(index.row())
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click anywhere on a batch folds it; on its arrow it is two clicks."""
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and self._is_batch(index):
            self.toggle(index.row())
            event.accept()
            return
        super().mouseDoubleClickEvent(event)

    def toggle(self, position: int) -> None:
        """Fold or unfold the batch whose header is at `position`."""
        batch_id = self._model.place(position).batch_id
        self._model.set_unfolded(batch_id, not self._model.is_unfolded(batch_id))

    def show_line(self, position: int) -> None:
        """Scroll to a line and make it the current and only selected one."""
        index = self._model.index(position, Column.NAME)
        self.setCurrentIndex(index)
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _fold_by_key(self, *, is_left: bool) -> None:
        place = self._model.place(self.currentIndex().row())
        if place.index is None:
            self._model.set_unfolded(place.batch_id, not is_left)
        elif is_left:
            header = self._model.position(place.batch_id)
            assert header is not None  # a row is shown only below its header
            self.setCurrentIndex(self._model.index(header, Column.NAME))

    def _is_batch(self, index: QModelIndex) -> bool:
        return index.isValid() and self._model.place(index.row()).index is None

    def _is_arrow(self, index: QModelIndex, x: float) -> bool:
        if not self._is_batch(index) or index.column() != Column.NAME:
            return False
        rect = self.visualRect(index)
        is_mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        return (rect.right() - x if is_mirrored else x - rect.left()) <= ARROW_WIDTH

    def _arrange_headers(self) -> None:
        vertical = self.verticalHeader()
        vertical.hide()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setMinimumSectionSize(ROW_HEIGHT)
        vertical.setDefaultSectionSize(max(ROW_HEIGHT, self.fontMetrics().height() + GRID))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        # A selection model of its own: at each paint the header asks the table's for every row of a column.
        header.setSelectionModel(QItemSelectionModel(self._model, header))
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        for column, text in _WIDEST.items():
            room = ICON_SIZE * 2 + GRID if column is Column.NAME else 0
            margin = 3 * GRID if column in RIGHT_ALIGNED else 2 * GRID
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(text) + room + margin)


def _with_tabular_figures(font: QFont) -> QFont:
    """`font` with digits of one width, where it has them."""
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
