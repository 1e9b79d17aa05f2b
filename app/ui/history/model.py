"""The table of the history: one line a batch on record, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt

from app.core.events import Outcome
from app.core.saved import PastBatch
from app.core.states import State
from app.ui.format import count_text, date_text
from app.ui.plain import as_tooltip, shown_name
from app.ui.plain_table import TOP, Index, PlainModel


class Column(IntEnum):
    """The columns, left to right."""

    STARTED = 0
    SOURCE = 1
    DESTINATION = 2
    OUTCOME = 3
    FILES = 4


class HistoryModel(PlainModel):
    """Batches as the journal told of them at the last look."""

    titles = ("Started", "Source", "To", "Outcome", "Files")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._batches: tuple[PastBatch, ...] = ()

    def show(self, batches: Sequence[PastBatch]) -> None:
        """Show `batches` in their order."""
        self.beginResetModel()
        self._batches = tuple(batches)
        self.endResetModel()

    def batch(self, position: int) -> PastBatch:
        """The batch at a line."""
        return self._batches[position]

    def rowCount(self, parent: Index = TOP) -> int:
        """One for each batch."""
        return 0 if parent.isValid() else len(self._batches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A look-up, put into words."""
        if not index.isValid():
            return None
        past, column = self._batches[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(past, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tooltip(_text(past, column))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            columns = Column if column is Column.STARTED else (column,)
            return ", ".join(_text(past, each) for each in columns)
        return None


def files_text(past: PastBatch) -> str:
    """How many files of a batch came to what: "37 done, 1 failed, 212 not finished"."""
    counts = past.counts
    done, skipped, failed = (counts.get(state, 0) for state in (State.DONE, State.SKIPPED, State.FAILED))
    left = sum(counts.values()) - done - skipped - failed
    parts = [f"{count_text(done)} done"]
    parts += [f"{count_text(n)} {word}" for n, word in ((skipped, "skipped"), (failed, "failed")) if n]
    parts += [f"{count_text(left)} not finished"] if left else []
    return ", ".join(parts if past.batch.is_listing_complete else [*parts, "more not listed"])


def _text(past: PastBatch, column: Column) -> str:
    batch = past.batch
    match column:
        case Column.STARTED:
            return date_text(batch.started_at)
        case Column.SOURCE:
            return shown_name(batch.title)
        case Column.DESTINATION:
            return shown_name(batch.destination)
        case Column.OUTCOME:
            return _outcome_words(past)
        case Column.FILES:
            return files_text(past)


def _outcome_words(past: PastBatch) -> str:
    """How a batch ended; one that was cancelled, paused by quitting, or killed may still be gone on with."""
    outcome = past.batch.outcome
    if outcome is None or (outcome is Outcome.CANCELLED and past.has_rest):
        return "not finished"
    return outcome.value
