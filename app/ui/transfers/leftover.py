"""The strip over the Transfers table that offers to go on with what an earlier start has left unfinished."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.core.errors import ErrorRecord
from app.core.saved import SavedBatch
from app.ui.buttons import push_button
from app.ui.format import count_text, date_text
from app.ui.plain import plain_label, shown_name
from app.ui.theme import GRID


class LeftoverStrip(QFrame):
    """Offers one unfinished batch after another, the newest first. Shows and asks; decides nothing."""

    resume_asked = Signal(object)  # SavedBatch
    discard_asked = Signal(object)  # SavedBatch
    offered = Signal()  # there is something to go on with

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Unfinished download")
        self._left: list[SavedBatch] = []
        self.sentence = plain_label("", self)
        self.sentence.setWordWrap(True)
        self.problem = plain_label("", self)
        self.problem.setWordWrap(True)
        why_resume = "Go on where it ended; what is here already is not fetched again"
        why_discard = "Forget it and remove its unfinished files; done files stay"
        self.resume_button = push_button("Resume", self, self._resume, tooltip=why_resume)
        self.discard_button = push_button("Discard", self, self._discard, tooltip=why_discard)
        self.later_button = push_button("Not now", self, self._next, tooltip="Ask again at the next start")
        self._arrange()
        self.hide()

    def offer(self, left: Sequence[SavedBatch]) -> None:
        """Offer `left`, the newest first."""
        self._left = list(left)
        self._show()
        if self._left:
            self.offered.emit()

    def show_problem(self, error: ErrorRecord) -> None:
        """The batch could not be resumed or discarded: say why; it is offered still."""
        self.problem.setText(shown_name(error.message))
        self.problem.show()
        self.setEnabled(True)

    @Slot()
    def taken(self) -> None:
        """What was asked for the first one has been done."""
        self.setEnabled(True)
        self._next()

    def drop(self, batch_id: str) -> None:
        """A batch was taken up elsewhere: it is no longer offered, unless it is being asked for here."""
        if self.isEnabled() and any(batch.batch_id == batch_id for batch in self._left):
            self._left = [batch for batch in self._left if batch.batch_id != batch_id]
            self._show()

    @Slot()
    def _resume(self) -> None:
        self.setEnabled(False)
        self.resume_asked.emit(self._left[0])

    @Slot()
    def _discard(self) -> None:
        self.setEnabled(False)
        self.discard_asked.emit(self._left[0])

    @Slot()
    def _next(self) -> None:
        del self._left[:1]
        self._show()

    def _show(self) -> None:
        self.problem.hide()
        if self._left:
            text = _sentence(self._left[0], len(self._left) - 1)
            self.sentence.setText(text)
            self.setAccessibleDescription(text)
        self.setVisible(bool(self._left))

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID, GRID, GRID)
        row.setSpacing(GRID)
        column = QVBoxLayout()
        column.addWidget(self.sentence)
        column.addWidget(self.problem)
        row.addLayout(column, 1)
        for button in (self.resume_button, self.discard_button, self.later_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)


def _sentence(batch: SavedBatch, more: int) -> str:
    title, folder = shown_name(batch.title), shown_name(batch.destination)
    sentence = f"Unfinished: {title} to {folder}, started {date_text(batch.started_at)}."
    return f"{sentence} {count_text(more)} more after this one." if more else sentence
