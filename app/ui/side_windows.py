"""The windows beside the main one, each opened by an action and closed by Esc."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog

from app.ui.defaults import Defaults
from app.ui.history.dialog import HistoryDialog
from app.ui.preferences import Preferences
from app.ui.preferences_dialog import PreferencesDialog

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge
    from app.ui.main_window import MainWindow


class SideWindows(QObject):
    """Owns the actions and at most one dialog of each kind. Main thread only."""

    def __init__(self, bridge: EngineBridge, window: MainWindow, settings: Preferences) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window
        self._settings = settings
        self.preferences: PreferencesDialog | None = None
        self.preferences_action = QAction("Preferences…", self)
        self.preferences_action.setMenuRole(QAction.MenuRole.PreferencesRole)
        self.preferences_action.setShortcut(QKeySequence("Ctrl+,"))
        self.preferences_action.triggered.connect(self._open_preferences)
        self.history: HistoryDialog | None = None
        self.history_action = QAction("History of downloads…", self)
        self.history_action.setShortcut(QKeySequence("Ctrl+H"))
        self.history_action.triggered.connect(self._open_history)
        self._limit_kib = 0
        self._apply(settings.defaults)

    def begin(self) -> None:
        """The engine has started: tell it what was set at an earlier start."""
        self._limit(self._settings.defaults)

    @Slot()
    def _open_preferences(self) -> None:
        if self.preferences is None:
            is_stopping = self._window.transfers.stop_action.isChecked()
            defaults = replace(self._settings.defaults, stop_on_first_error=is_stopping)
            self.preferences = PreferencesDialog(defaults, self._window)
            self.preferences.accepted.connect(self._keep_preferences)
            self.preferences.finished.connect(self._forget_preferences)
        _show(self.preferences)

    @Slot()
    def _keep_preferences(self) -> None:
        assert self.preferences is not None
        defaults = self.preferences.defaults()
        self._settings.keep_defaults(defaults)
        self._settings.save()
        self._window.transfers.stop_action.setChecked(defaults.stop_on_first_error)
        self._apply(defaults)
        self._limit(defaults)

    def _apply(self, defaults: Defaults) -> None:
        self._window.notices.is_on = defaults.has_notices
        if defaults.log_level:
            logging.getLogger().setLevel(defaults.log_level.upper())

    def _limit(self, defaults: Defaults) -> None:
        if defaults.limit_kib != self._limit_kib:
            self._limit_kib = defaults.limit_kib
            self._bridge.set_limit(defaults.limit_kib << 10)

    @Slot()
    def _forget_preferences(self) -> None:
        self.preferences = None

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
    dialog.activateWindow()
