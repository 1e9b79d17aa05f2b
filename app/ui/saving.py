"""Saving a long text to a file that a person names, a piece a turn of the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QFileInfo, QObject, QSaveFile, Qt, QTimer, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

TURN_S = 0.004
"""How long one turn works: well under the 10 ms after which a window feels it."""

ChooseFile = Callable[[QWidget, str, str, Callable[[str], None]], None]
"""Takes the parent, the dialog's title, the path to begin with, and what to do with the chosen one."""


def choose_file(parent: QWidget, title: str, begin: str, chosen: Callable[[str], None]) -> None:
    """Ask for a file to write; `chosen` is called when one was named, and not at all otherwise."""
    dialog = QFileDialog(parent, title, begin)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix(QFileInfo(begin).suffix())
    # Not `chosen` itself: PySide calls a functools.partial without the arguments of the signal.
    dialog.fileSelected.connect(lambda file: chosen(file))  # noqa: PLW0108
    dialog.open()


class InPieces(QObject):
    """Works an iterator off, a few milliseconds a turn, and then calls `done`; deletes itself."""

    def __init__(self, work: Iterator[object], done: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._done = done
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._timer.start(0)

    @Slot()
    def _turn(self) -> None:
        end = time.perf_counter() + TURN_S
        for _ in self._work:
            if time.perf_counter() >= end:
                return
        self._timer.stop()
        self.deleteLater()
        self._done()


def save_text(path: str, text: Iterator[str], told: Callable[[str], None], parent: QObject) -> None:
    """Write `text` to `path`, whole or not at all; `told` gets why it failed, empty when it did not."""
    file = QSaveFile(path, parent)

    def write() -> Iterator[None]:
        if file.open(QSaveFile.OpenModeFlag.WriteOnly):
            for piece in text:
                file.write(piece.encode("utf-8", "backslashreplace"))
                yield

    def finish() -> None:
        is_saved = file.isOpen() and file.commit()
        told("" if is_saved else file.errorString())
        file.deleteLater()

    InPieces(write(), finish, parent)
