"""Typing the beginning of a name leads to its row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QItemSelectionModel, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QTableView

from app.ui.browser.model import ObjectTableModel

SLICE_ROWS = 2000
"""Rows that are looked at in one turn of the event loop."""
_SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class Jump(QObject):
    """Collects what is typed and makes the next row whose name begins with it the current one.

    A pause begins a new text. One letter, typed again, leads to the next row with it. Qt's own search asks
    every row by way of the model, which takes seconds for a million.
    """

    def __init__(
        self, model: ObjectTableModel, view: QTableView, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(view)
        self._model = model
        self._view = view
        self._clock = clock
        self._typed = ""
        self._typed_at = 0.0
        self._rows: Iterator[int] = iter(())
        self._turn = QTimer(self)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._look)
        model.layoutChanged.connect(self._turn.stop)
        model.modelReset.connect(self._turn.stop)

    def type(self, text: str) -> None:
        """Take what was typed, and look for a row."""
        now = self._clock()
        is_new = now - self._typed_at > QApplication.keyboardInputInterval() / 1000
        self._typed_at = now
        text = text.casefold()
        is_again = not is_new and self._typed == text
        self._typed = text if is_new or is_again else self._typed + text
        count = self._model.rowCount()
        current = self._view.currentIndex().row()
        # The row that matches so far may match the longer text too.
        first = max(0, current + 1 if is_new or is_again else current)
        self._rows = (row % count for row in range(first, first + count)) if count else iter(())
        self._look()

    @Slot()
    def _look(self) -> None:
        for _ in range(SLICE_ROWS):
            row = next(self._rows, -1)
            if row < 0 or self._model.name(row).casefold().startswith(self._typed):
                self._turn.stop()
                self._go_to(row)
                return
        self._turn.start()

    def _go_to(self, row: int) -> None:
        if row >= 0:
            index = self._model.index(row, 0)
            self._view.selectionModel().setCurrentIndex(index, _SELECT)
            self._view.scrollTo(index)
