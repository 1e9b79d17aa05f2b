"""Keeps the selected and the current row while the rows are sorted, filtered or listed again."""

from __future__ import annotations

from array import array

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Slot
from PySide6.QtWidgets import QAbstractItemView, QTableView

from app.ui.browser.model import ObjectTableModel

MAX_SPANS = 2000
"""Ranges that Qt takes within some 50 ms."""
_SELECT = QItemSelectionModel.SelectionFlag.Select
_QUIET = QItemSelectionModel.SelectionFlag.NoUpdate


class SelectionKeeper(QObject):
    """Gives `view` its model, and its selection back after each change of order.

    Qt keeps a selection over a layout change with one persistent index a cell: five seconds for 100,000
    selected rows. So the selection is taken off before Qt looks, and put back as a few ranges. Over a change
    of order rows are known by their ids; when a level is listed again, by their keys until they have come.
    A selection that would be scattered over more than `MAX_SPANS` places is let go.
    """

    def __init__(self, model: ObjectTableModel, view: QTableView) -> None:
        super().__init__(view)
        self._model = model
        self._view = view
        self._folders, self._objects = array("I"), array("I")
        self._current_id = self._whole_count = -1
        self.forget()
        # The order of the connections matters: take before the selection model does, put back after it.
        for signal in (model.layoutAboutToBeChanged, model.modelAboutToBeReset):
            signal.connect(self._take)
        view.setModel(model)
        model.layoutChanged.connect(self._put_back)
        model.modelReset.connect(self._put_back)
        model.came.connect(self._look_at)
        model.arranged.connect(self._place)

    def spans(self) -> list[tuple[int, int]]:
        """The selected rows as (first, last), in order."""
        return row_spans(self._view.selectionModel().selection())

    @property
    def has_all(self) -> bool:
        """True when every row that came is selected."""
        count = self._model.total_count
        return count > 0 and self.spans() == [(0, count - 1)]

    def weigh(self) -> tuple[int, int, int]:
        """How many folders and objects are selected, and the bytes of the objects."""
        folders = rows = size_bytes = 0
        for first, last in self.spans():
            more_folders, more_bytes = self._model.weigh(first, last)
            folders += more_folders
            rows += last + 1 - first
            size_bytes += more_bytes
        return folders, rows - folders, size_bytes

    def wait_for_rows(self) -> None:
        """The level is listed again: what is selected now is selected again as it comes, page by page."""
        selection = self._view.selectionModel()
        spans = self.spans()
        self.forget()
        self._awaits_all = spans == [(0, self._model.rowCount() - 1)]
        for first, last in () if self._awaits_all else spans:
            for ids in self._model.ids(first, last):
                self._awaited.update(self._model.keys(ids))
        if selection.currentIndex().isValid():
            self._awaited_current = self._key(selection.currentIndex().row())
        top = self._view.rowAt(0)
        if top > 0:
            self._awaited_top = self._key(top)
        selection.clearSelection()

    def expect(self, key: str) -> None:
        """Make the row of `key` the current one when it comes."""
        self._awaited_current = key

    def forget(self) -> None:
        """Stop waiting: what is not here is no longer selected."""
        self._awaits_all = False
        self._awaited: set[str] = set()
        self._awaited_current = self._awaited_top = ""
        self._arrived: list[int] = []
        self._arrived_current = self._arrived_top = -1

    @Slot()
    def _take(self) -> None:
        selection = self._view.selectionModel()
        self._folders, self._objects = array("I"), array("I")
        for first, last in self.spans():
            folders, objects = self._model.ids(first, last)
            self._folders.extend(folders)
            self._objects.extend(objects)
        self._current_id = (
            self._id(selection.currentIndex().row()) if selection.currentIndex().isValid() else -1
        )
        # Everything stays everything, in another order or under a filter: nobody has to look for the rows.
        count = len(self._folders) + len(self._objects)
        self._whole_count = count if count == self._model.total_count else -1
        selection.clearSelection()

    @Slot()
    def _put_back(self) -> None:
        count = self._model.rowCount()
        if count <= self._whole_count:
            self._select([(0, count - 1)] if count else [])
        else:
            self._select(self._model.spans_of(self._folders, self._objects))
        self._folders, self._objects = array("I"), array("I")
        if self._current_id >= 0 and not self._view.currentIndex().isValid():
            self._set_current(self._model.row_of(self._current_id))

    @Slot(object)
    def _look_at(self, ids: range) -> None:
        """Find what is awaited among rows that have come."""
        if not (self._awaited or self._awaited_current or self._awaited_top):
            return
        for row_id, key in zip(ids, self._model.keys(ids), strict=True):
            if key in self._awaited:
                self._arrived.append(row_id)
            if key == self._awaited_current:
                self._arrived_current = row_id
            if key == self._awaited_top:
                self._arrived_top = row_id

    @Slot()
    def _place(self) -> None:
        """Select what was awaited and is shown by now."""
        count = self._model.rowCount()
        if self._awaits_all and count:
            self._select([(0, count - 1)])
        if self._arrived:
            self._select(self._model.spans_of(self._arrived, self._arrived))
            self._arrived = [row_id for row_id in self._arrived if self._model.row_of(row_id) < 0]
        current, top = (self._model.row_of(row_id) for row_id in (self._arrived_current, self._arrived_top))
        if current >= 0:
            self._arrived_current = -1
            if not self._view.currentIndex().isValid():
                self._set_current(current)
        if top >= 0:
            self._arrived_top = -1
            self._scroll_to(top)

    def _id(self, row: int) -> int:
        folders, objects = self._model.ids(row, row)
        return (folders or objects)[0]

    def _key(self, row: int) -> str:
        return self._model.entry(row).key

    def _set_current(self, row: int) -> None:
        if row >= 0:
            self._view.selectionModel().setCurrentIndex(self._model.index(row, 0), _QUIET)

    def _scroll_to(self, row: int) -> None:
        # The view takes new rows into its scroll range later; the range is needed now.
        self._view.updateGeometries()
        self._view.scrollTo(self._model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)

    def _select(self, spans: list[tuple[int, int]]) -> None:
        selection = QItemSelection()
        right = self._model.columnCount() - 1
        for first, last in spans if len(spans) <= MAX_SPANS else ():
            selection.select(self._model.index(first, 0), self._model.index(last, right))
        self._view.selectionModel().select(selection, _SELECT)


def row_spans(selection: QItemSelection) -> list[tuple[int, int]]:
    """The selected rows as (first, last), in order, each row in one span only."""
    spans: list[tuple[int, int]] = []
    for first, last in sorted((part.top(), part.bottom()) for part in selection):
        start = max(first, spans[-1][1] + 1) if spans else first
        if start <= last:
            spans.append((start, last))
    return spans
