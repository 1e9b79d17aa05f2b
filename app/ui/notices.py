"""Desktop notifications of what a batch has come to while the window is not in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from app.core.events import BatchPhase, Outcome
from app.ui.plain import shown_name
from app.ui.transfers import batch_words

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

_TITLES = {
    Outcome.DONE: "Download done",
    Outcome.FAILED: "Download ended with failures",
    Outcome.STOPPED: "Download stopped",
    Outcome.CANCELLED: "Download cancelled",
}


class Tray(Protocol):
    """Where a notification is shown."""

    def show(self, title: str, text: str) -> None:
        """Show it, or nothing where the desktop cannot."""


class Notices(QObject):
    """Tells of each stop and each end, once, unless the window is in front or `is_on` is False."""

    def __init__(self, bridge: EngineBridge, window: QWidget, tray: Tray) -> None:
        super().__init__(window)
        self.is_on = True
        self._mirror = bridge.mirror
        self._window = window
        self._tray = tray
        self._stopped: set[str] = set()
        bridge.batch_changed.connect(self._heed_stop)
        bridge.batch_finished.connect(self._heed_end)

    @Slot(str)
    def _heed_stop(self, batch_id: str) -> None:
        batch = self._mirror.batch(batch_id)
        if batch.phase is BatchPhase.RUNNING:
            self._stopped.discard(batch_id)
        is_stop = batch.phase is BatchPhase.STOPPING and batch.first_error is not None
        if is_stop and batch_id not in self._stopped:
            self._stopped.add(batch_id)
            self._tell(batch_id, _TITLES[Outcome.STOPPED])

    @Slot(str)
    def _heed_end(self, batch_id: str) -> None:
        outcome = self._mirror.batch(batch_id).outcome
        was_told = batch_id in self._stopped
        self._stopped.discard(batch_id)
        if outcome is not None and not was_told:
            self._tell(batch_id, _TITLES[outcome])

    def _tell(self, batch_id: str, title: str) -> None:
        if not self.is_on or self._window.isActiveWindow() or not self._window.isVisible():
            return
        batch = self._mirror.batch(batch_id)
        index = batch.first_error_index
        culprit = "" if index is None else self._mirror.seed(batch_id, index).path
        # Some desktops read the text as markup, some do not: it holds none.
        text = batch_words.notice_sentence(batch, shown_name(culprit)).replace("<", "‹").replace(">", "›")
        self._tray.show(title, text)


class DesktopTray(QObject):
    """The desktop's own notifications, over an icon that is there only while there is something to tell."""

    clicked = Signal()  # a person wants to see the window

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None
        QGuiApplication.instance().applicationStateChanged.connect(self._heed_state)

    def show(self, title: str, text: str) -> None:
        """Show it, or nothing where the desktop has no place for it."""
        if not QSystemTrayIcon.isSystemTrayAvailable() or not QSystemTrayIcon.supportsMessages():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._icon.activated.connect(self._take_click)
            self._icon.messageClicked.connect(self._take_click)
        self._icon.show()
        self._icon.showMessage(title, text, QApplication.windowIcon())

    @Slot(Qt.ApplicationState)
    def _heed_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self.hide()

    def hide(self) -> None:
        """The window is in front: nothing more to tell."""
        if self._icon is not None:
            self._icon.hide()

    @Slot()
    def _take_click(self) -> None:
        self.hide()
        self.clicked.emit()
