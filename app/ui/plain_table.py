"""A table of whole rows to be read, for the dialogs, and what its models have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.ui.row_cursor import row_cursor
from app.ui.theme import GRID

Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class PlainModel(QAbstractTableModel):
    """Columns that have titles; those `right_aligned` hold figures."""

    titles: ClassVar[Sequence[str]]
    right_aligned: ClassVar[Collection[int]] = ()

    def columnCount(self, parent: Index = TOP) -> int:
        """One for each title."""
        return 0 if parent.isValid() else len(self.titles)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.titles):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section in self.right_aligned else Qt.AlignmentFlag.AlignLeft
        return self.titles[section] if role == Qt.ItemDataRole.DisplayRole else None


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
