"""Asking for the folder that a download goes to."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QFileInfo, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

ChooseFolder = Callable[[QWidget, str, Callable[[str], None]], None]
"""Takes the parent, the folder to begin with (may be empty), and what to do with the chosen one."""


def choose_folder(parent: QWidget, begin: str, chosen: Callable[[str], None]) -> None:
    """Open a folder dialog; `chosen` is called when a folder was, and not at all otherwise."""
    dialog = QFileDialog(parent, "Download to")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setLabelText(QFileDialog.DialogLabel.Accept, "Download here")
    dialog.setDirectory(begin if QFileInfo(begin).isDir() else _downloads())
    # Not `chosen` itself: PySide calls a functools.partial without the arguments of the signal.
    dialog.fileSelected.connect(lambda folder: chosen(folder))  # noqa: PLW0108
    dialog.open()


def _downloads() -> str:
    """The user's folder for downloads, or their home where there is none."""
    place = QStandardPaths.StandardLocation
    downloads = QStandardPaths.writableLocation(place.DownloadLocation)
    return downloads if QFileInfo(downloads).isDir() else QStandardPaths.writableLocation(place.HomeLocation)
