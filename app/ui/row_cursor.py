"""Where Home and End lead in a table whose rows are selected whole."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QAbstractItemView, QTableView

_Action = QAbstractItemView.CursorAction


def row_cursor(view: QTableView, action: QAbstractItemView.CursorAction) -> QModelIndex | None:
    """The first row for Home, the last for End, in the column that is current; None for any other action.

    QTableView goes to the first and the last column instead, and to the rows with Ctrl only.
    """
    count = view.model().rowCount()
    if action not in (_Action.MoveHome, _Action.MoveEnd) or not count:
        return None
    column = max(0, view.currentIndex().column())
    return view.model().index(0 if action is _Action.MoveHome else count - 1, column)
