"""The history of downloads over all starts, and going on with what one of them has left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import ErrorRecord
from app.core.saved import PastBatch
from app.ui.buttons import push_button
from app.ui.history.model import Column, HistoryModel
from app.ui.plain import plain_label, shown_name
from app.ui.plain_table import PlainTable
from app.ui.theme import GRID

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

SHOWN = 200
NOTHING_YET = "Nothing has been downloaded yet."
_WIDTHS = {Column.STARTED: 150, Column.SOURCE: 220, Column.DESTINATION: 220, Column.OUTCOME: 90}


class HistoryDialog(QDialog):
    """Lists the batches on record when it opens; not modal. Main thread only."""

    show_asked = Signal(str, object)  # batch id of this start, None: go to it in the Transfers table

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("History of downloads")
        self._bridge = bridge
        self.model = HistoryModel(self)
        self.table = PlainTable(self.model, "Downloads", _WIDTHS, self)
        self.note = plain_label("", self)
        self.note.setWordWrap(True)
        self.show_button = push_button("Show in Transfers", self, self._show_batch)
        self.resume_button = push_button("Resume the rest", self, self._resume)
        self.close_button = push_button("Close", self, self.reject)
        self._arrange()
        self._resuming: int | None = None
        self._listing = bridge.list_history(SHOWN)
        bridge.history_listed.connect(self._show_list)
        bridge.history_failed.connect(self._show_list_failed)
        bridge.leftover_settled.connect(self._end_resume)
        bridge.leftover_failed.connect(self._show_resume_failed)
        self.table.selectionModel().selectionChanged.connect(self._update_enabled)
        self._update_enabled()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        column.setSpacing(GRID)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addWidget(self.resume_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        column.addLayout(buttons)
        self.resize(960, 420)

    def _chosen(self) -> PastBatch | None:
        rows = self.table.selectionModel().selectedRows()
        return self.model.batch(rows[0].row()) if rows else None

    @Slot()
    def _update_enabled(self) -> None:
        chosen = self._chosen()
        is_here = chosen is not None and chosen.batch.batch_id in self._bridge.mirror.batch_ids()
        self.show_button.setEnabled(is_here)
        can_resume = chosen is not None and chosen.has_rest and not is_here
        self.resume_button.setEnabled(can_resume and self._resuming is None)

    @Slot(int, object)
    def _show_list(self, token: int, batches: Sequence[PastBatch]) -> None:
        if token == self._listing:
            self.model.show(batches)
            self.note.setText("" if batches else NOTHING_YET)
            if batches:
                self.table.selectRow(0)
            self._update_enabled()

    @Slot(int, object)
    def _show_list_failed(self, token: int, error: ErrorRecord) -> None:
        if token == self._listing:
            self.note.setText(shown_name(error.message))

    @Slot()
    def _show_batch(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.show_asked.emit(chosen.batch.batch_id, None)

    @Slot()
    def _resume(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.note.setText("")
            self._resuming = self._bridge.resume(chosen.batch)
            self._update_enabled()

    @Slot(int)
    def _end_resume(self, token: int) -> None:
        if token == self._resuming:
            self._resuming = None
            self.accept()

    @Slot(int, object)
    def _show_resume_failed(self, token: int, error: ErrorRecord) -> None:
        if token == self._resuming:
            self._resuming = None
            self.note.setText(shown_name(error.message))
            self._update_enabled()
