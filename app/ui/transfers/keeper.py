"""Keeps what is selected and current while the lines of a filtered batch are replaced as one."""

from __future__ import annotations

from bisect import bisect_left

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QObject, Slot
from PySide6.QtWidgets import QTableView

from app.bridge.mirror import Span
from app.ui.transfers.model import TransfersModel

MAX_RANGES = 1000
"""More ranges are not selected again: each cell that is painted asks every one of them."""

_Flag = QItemSelectionModel.SelectionFlag


class SelectionKeeper(QObject):
    """Selects again, in `view`, what of a batch was selected before the model replaced its lines."""

    def __init__(self, model: TransfersModel, view: QTableView) -> None:
        super().__init__(view)
        self._model = model
        self._view = view
        self._rows: set[int] = set()
        self._has_header = False
        self._current: int | None = None  # a row of the batch; -1 is its header
        model.replacing.connect(self._take)
        model.replaced.connect(self._put_back)

    @Slot(str)
    def _take(self, batch_id: str) -> None:
        self._rows, self._has_header, self._current = set(), False, None
        start = self._model.position(batch_id)
        if start is None:
            return
        shown = self._model.shown_rows(batch_id) or []
        end = start + self._model.height(batch_id)
        for part in self._view.selectionModel().selection():
            first, last = max(part.top(), start), min(part.bottom(), end - 1)
            if first <= last:
                self._has_header |= first == start
                self._rows.update(shown[max(0, first - start - 1) : last - start])
        current = self._view.currentIndex().row()
        if start <= current < end:
            self._current = -1 if current == start else shown[current - start - 1]

    @Slot(str)
    def _put_back(self, batch_id: str) -> None:
        start = self._model.position(batch_id)
        if start is None or (not self._rows and not self._has_header and self._current is None):
            return
        shown = self._model.shown_rows(batch_id) or []
        lines = [start] if self._has_header else []
        if self._rows and self._model.is_unfolded(batch_id):
            lines += [line for line, row in enumerate(shown, start + 1) if row in self._rows]
        self._select(_spans(lines))
        if self._current is not None:
            # The row that was current may be gone: then the one that stands in its place is.
            line = start if self._current < 0 else start + 1 + bisect_left(shown, self._current)
            line = min(line, start + self._model.height(batch_id) - 1)
            index = self._model.index(line, 0)
            self._view.selectionModel().setCurrentIndex(index, _Flag.NoUpdate)

    def _select(self, spans: list[Span]) -> None:
        if len(spans) > MAX_RANGES:
            return
        right = self._model.columnCount() - 1
        selection = QItemSelection()
        for first, last in spans:
            selection.select(self._model.index(first, 0), self._model.index(last, right))
        self._view.selectionModel().select(selection, _Flag.Select)


def _spans(lines: list[int]) -> list[Span]:
    spans: list[Span] = []
    for line in lines:
        if spans and spans[-1][1] + 1 == line:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return spans
