"""A table of whole rows to be read, for the dialogs."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.ui.row_cursor import row_cursor
from app.ui.theme import GRID


class PlainTable(QTableView):
    """Rows of one height, selected whole; Home and End lead to the first and the last."""

    def __init__(
        self, model: QAbstractTableModel, name: str, widths: Mapping[int, int], parent: QWidget
    ) -> None:
        """`name` is for a screen reader; `widths` is in pixels by column, the last one takes what is left."""
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + GRID)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setStretchLastSection(True)
        for column, width in widths.items():
            self.setColumnWidth(column, width)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End lead to the first and the last row; a table's own lead along its row."""
        return row_cursor(self, action) or super().moveCursor(action, modifiers)
