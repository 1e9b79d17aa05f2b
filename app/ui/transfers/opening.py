"""Opening what has been downloaded, and showing where it lies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QFileInfo, QObject, QProcess, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core.states import State
from app.ui.plain import shown_name
from app.ui.transfers.layout import Place

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

_PROGRAM_TYPES = (
    "app apk appimage bash bat bin cmd com command cpl csh deb desktop dll dmg docm elf exe hta jar js jse"
    " ksh lnk mjs msc msi msix pif pkg pl potm pptm ps1 psm1 py pyw rb reg rpm run scf scpt scr sh so svg"
    " tool url vb vbe vbs workflow wsf wsh xlsm zsh"
)
PROGRAM_TYPES = frozenset(_PROGRAM_TYPES.split())
"""Suffixes of files that run, or that may carry a program, when they are opened."""

OpenUrl = Callable[[QUrl], bool]


class Opening(QObject):
    """Owns Open and Reveal for the one place that `current` names. Main thread only."""

    told = Signal(str)  # why it did not open, for the status bar

    def __init__(
        self,
        bridge: EngineBridge,
        current: Callable[[], Place | None],
        parent: QWidget,
        open_url: OpenUrl = QDesktopServices.openUrl,
    ) -> None:
        super().__init__(parent)
        self._mirror = bridge.mirror
        self._current = current
        self._window = parent
        self._open_url = open_url
        self.question: QMessageBox | None = None
        self.open = QAction("Open", self)
        self.open.triggered.connect(self._open)
        self.reveal = QAction("Show in the file manager", self)
        self.reveal.triggered.connect(self._reveal)
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """Look again at what can be opened."""
        place = self._current()
        self.open.setEnabled(place is not None and place.index is not None and self._is_here(place))
        self.reveal.setEnabled(place is not None)

    def _is_here(self, place: Place) -> bool:
        if place.index is None:
            return True
        return self._mirror.row(place.batch_id, place.index).state in (State.DONE, State.SKIPPED)

    def _path(self, place: Place) -> str:
        folder = self._mirror.batch(place.batch_id).destination
        if place.index is None:
            return folder
        return QDir(folder).filePath(self._mirror.seed(place.batch_id, place.index).path)

    @Slot()
    def _open(self) -> None:
        place = self._current()
        if place is None or place.index is None:
            return
        path = self._path(place)
        if not QFileInfo.exists(path):
            self.told.emit(shown_name(f"{path} is no longer there."))
        elif is_program(path):
            self._ask(path)
        else:
            self._hand_over(path)

    def _hand_over(self, path: str) -> None:
        if not self._open_url(QUrl.fromLocalFile(path)):
            self.told.emit(shown_name(f"Nothing on this computer opens {path}."))

    def _ask(self, path: str) -> None:
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("This may be a program")
        box.setText(f"Open {shown_name(QFileInfo(path).fileName())}?")
        box.setInformativeText(
            "Files of this type can be programs, and a program can do whatever you can. Open it only when "
            "you trust where it came from."
        )
        box.addButton("Open it", QMessageBox.ButtonRole.DestructiveRole).clicked.connect(
            lambda: self._hand_over(path)
        )
        keep = box.addButton("Do not open", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        self.question = box
        box.open()

    @Slot()
    def _reveal(self) -> None:
        place = self._current()
        if place is None:
            return
        path = self._path(place)
        command = reveal_command(sys.platform, path)
        if command is not None and self._is_here(place) and QFileInfo.exists(path):
            QProcess.startDetached(*command)
            return
        folder = path if QFileInfo(path).isDir() else QFileInfo(path).path()
        while not QFileInfo(folder).isDir() and not QDir(folder).isRoot():
            folder = QFileInfo(folder).path()
        self._hand_over(folder)


def is_program(path: str) -> bool:
    """True for a file that may run when it is opened, by its type or by its permissions."""
    info = QFileInfo(path)
    return info.suffix().lower() in PROGRAM_TYPES or (info.isFile() and info.isExecutable())


def reveal_command(platform: str, path: str) -> tuple[str, list[str]] | None:
    """What shows `path` selected in its folder; None where only the folder can be opened."""
    if platform == "darwin":
        return "/usr/bin/open", ["-R", path]
    if platform == "win32":
        return "explorer.exe", ["/select,", QDir.toNativeSeparators(path)]
    return None
