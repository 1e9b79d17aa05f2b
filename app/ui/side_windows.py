"""The windows beside the main one, each opened by an action and closed by Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog

from app.ui.history.dialog import HistoryDialog

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge
    from app.ui.main_window import MainWindow


class SideWindows(QObject):
    """Owns the actions and at most one dialog of each kind. Main thread only."""

    def __init__(self, bridge: EngineBridge, window: MainWindow) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window
        self.history: HistoryDialog | None = None
        self.history_action = QAction("History of downloads…", self)
        self.history_action.setShortcut(QKeySequence("Ctrl+H"))
        self.history_action.triggered.connect(self._open_history)

    @Slot()
    def _open_history(self) -> None:
        if self.history is None:
            self.history = HistoryDialog(self._bridge, self._window)
            self.history.show_asked.connect(self._window.transfers.show_place)
            self.history.finished.connect(self._forget_history)
        _show(self.history)

    @Slot()
    def _forget_history(self) -> None:
        self.history = None


def _show(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
