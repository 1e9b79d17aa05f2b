"""How the window goes: ask once while something runs, then let the engine close, but never wait long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from app.ui.status import running_batches

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

CLOSE_LIMIT_MS = 3000
INFORMATION = (
    "Pause keeps what is here already, and the next start offers to go on from there. Cancel removes "
    "unfinished files; those that are done stay."
)


class Closing(QObject):
    """Closes one window over one bridge."""

    finished = Signal()  # once: the engine has closed, or the limit has passed

    def __init__(self, bridge: EngineBridge, window: QWidget, save: Callable[[], None]) -> None:
        super().__init__(window)
        self.has_begun = False
        self.question: QMessageBox | None = None
        self._bridge = bridge
        self._window = window
        self._save = save
        self._has_finished = False
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(CLOSE_LIMIT_MS)
        self._limit.timeout.connect(self._finish)

    def ask_or_begin(self) -> None:
        """Ask when a batch runs; else begin."""
        if self.has_begun:
            return
        if running_batches(self._bridge):
            self._ask()
        else:
            self.begin()

    @Slot()
    def begin(self) -> None:
        """Hide the window and close the engine; what runs is paused. Idempotent."""
        self._begin(discards=False)

    @Slot()
    def begin_discarding(self) -> None:
        """The same, but what runs is cancelled for good and not offered at the next start."""
        self._begin(discards=True)

    def _begin(self, *, discards: bool) -> None:
        if self.has_begun:
            return
        self.has_begun = True
        self._save()
        for dialog in self._window.findChildren(QDialog):
            dialog.reject()
        self._bridge.stopped.connect(self._finish)
        self._limit.start()
        self._bridge.shutdown(discards=discards)
        self._window.hide()

    def _ask(self) -> None:
        if self.question is not None:
            return
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Transfers are running")
        box.setText("Files are still being downloaded.")
        box.setInformativeText(INFORMATION)
        role = QMessageBox.ButtonRole
        box.addButton("Pause and quit", role.AcceptRole).clicked.connect(self.begin)
        box.addButton("Cancel them and quit", role.DestructiveRole).clicked.connect(self.begin_discarding)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.finished.connect(self._forget_question)
        self.question = box
        box.open()

    @Slot()
    def _forget_question(self) -> None:
        self.question = None

    @Slot()
    def _finish(self) -> None:
        if not self._has_finished:
            self._has_finished = True
            self._limit.stop()
            self.finished.emit()
