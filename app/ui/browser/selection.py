"""Keeps the selected and the current row by key while the rows are sorted, filtered or listed again."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Slot
from PySide6.QtWidgets import QAbstractItemView, QTableView

from app.ui.browser.model import ObjectTableModel

_SELECT = QItemSelectionModel.SelectionFlag.Select
_QUIET = QItemSelectionModel.SelectionFlag.NoUpdate


class SelectionKeeper(QObject):
    """Gives `view` its model, and its selection back after each change of order.

    Qt keeps a selection over a layout change with one persistent index a cell: five seconds for 100,000
    selected rows. So the selection is taken off before Qt looks, and put back as a few ranges.
    """

    def __init__(self, model: ObjectTableModel, view: QTableView) -> None:
        super().__init__(view)
        self._model = model
        self._view = view
        self._keys: set[str] = set()
        self._current = ""
        self._top = ""
        self._is_waiting = False
        # The order of the connections matters: take before the selection model does, put back after it.
        model.layoutAboutToBeChanged.connect(self._take)
        model.modelAboutToBeReset.connect(self._take)
        view.setModel(model)
        model.layoutChanged.connect(self._put_back)
        model.modelReset.connect(self._put_back)
        model.rowsInserted.connect(self._look_at_new)

    def wait_for_rows(self) -> None:
        """From now on rows that vanish may come again, page by page, and are then selected again."""
        self._is_waiting = True

    def expect(self, key: str) -> None:
        """Make the row of `key` the current one when it comes."""
        self._is_waiting = True
        self._current = key

    def forget(self) -> None:
        """Stop waiting: what is not here is no longer selected."""
        self._is_waiting = False
        self._keys.clear()
        self._current = self._top = ""

    @Slot()
    def _take(self) -> None:
        selection = self._view.selectionModel()
        if not self._is_waiting:
            self._keys.clear()
        for first, last in row_spans(selection.selection()):
            self._keys.update(self._model.keys(first, last))
        current = selection.currentIndex()
        if current.isValid():
            self._current = self._key(current.row())
        top = self._view.rowAt(0)
        if top > 0:
            self._top = self._key(top)
        selection.clearSelection()

    @Slot()
    def _put_back(self) -> None:
        if self._keys:
            self._select(self._model.rows_of(self._keys))
        if self._current and not self._view.currentIndex().isValid():
            for row in self._model.rows_of({self._current}):
                self._set_current(row)
        if not self._is_waiting:
            self.forget()

    @Slot(object, int, int)
    def _look_at_new(self, _parent: object, first: int, last: int) -> None:
        if not self._is_waiting or not (self._keys or self._current or self._top):
            return
        new = list(enumerate(self._model.keys(first, last), first))
        self._select(row for row, key in new if key in self._keys)
        for row, key in new:
            if key == self._current and not self._view.currentIndex().isValid():
                self._set_current(row)
            if key == self._top:
                self._scroll_to(row)

    def _key(self, row: int) -> str:
        return self._model.keys(row, row)[0]

    def _set_current(self, row: int) -> None:
        self._view.selectionModel().setCurrentIndex(self._model.index(row, 0), _QUIET)

    def _scroll_to(self, row: int) -> None:
        self._top = ""
        # The view takes new rows into its scroll range later; the range is needed now.
        self._view.updateGeometries()
        self._view.scrollTo(self._model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)

    def _select(self, rows: Iterable[int]) -> None:
        """Select rows that come in order, as few ranges."""
        selection = QItemSelection()
        right = self._model.columnCount() - 1
        first = end = -2
        for row in (*rows, -1):
            if row == end + 1 and first >= 0:
                end = row
                continue
            if first >= 0:
                selection.select(self._model.index(first, 0), self._model.index(end, right))
            first = end = row
        self._view.selectionModel().select(selection, _SELECT)


def row_spans(selection: QItemSelection) -> list[tuple[int, int]]:
    """The selected rows as (first, last), in order, each row in one span only."""
    spans: list[tuple[int, int]] = []
    for first, last in sorted((part.top(), part.bottom()) for part in selection):
        start = max(first, spans[-1][1] + 1) if spans else first
        if start <= last:
            spans.append((start, last))
    return spans
