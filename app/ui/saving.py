"""Saving a long text to a file that a person names, a piece a turn of the event loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from PySide6.QtCore import QFileInfo, QObject, QSaveFile, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

PIECES_A_WRITE = 500
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


class _Writer(QObject):
    """Writes one file on a thread of its own: flushing it to a slow disk would hold the window."""

    _written = Signal(str)

    def __init__(self, path: str, told: Callable[[str], None], parent: QObject) -> None:
        super().__init__(parent)
        self.pieces: list[str] = []
        self._path = path
        self._told = told
        self._written.connect(self._tell)

    def gather(self, text: Iterator[str]) -> Iterator[None]:
        """Take the text, a piece a step."""
        for piece in text:
            self.pieces.append(piece)
            yield

    def start(self) -> None:
        """Write what was gathered."""
        threading.Thread(target=self._write, name="save", daemon=True).start()

    def _write(self) -> None:
        file = QSaveFile(self._path)
        if file.open(QSaveFile.OpenModeFlag.WriteOnly):
            for first in range(0, len(self.pieces), PIECES_A_WRITE):
                text = "".join(self.pieces[first : first + PIECES_A_WRITE])
                file.write(text.encode("utf-8", "backslashreplace"))
        is_saved = file.isOpen() and file.commit()
        # The window may have gone meanwhile.
        with suppress(RuntimeError):
            self._written.emit("" if is_saved else file.errorString())

    @Slot(str)
    def _tell(self, problem: str) -> None:
        self.deleteLater()
        self._told(problem)


def save_text(path: str, text: Iterator[str], told: Callable[[str], None], parent: QObject) -> None:
    """Write `text` to `path`, whole or not at all; `told` gets why it failed, empty when it did not."""
    writer = _Writer(path, told, parent)
    InPieces(writer.gather(text), writer.start, parent)
