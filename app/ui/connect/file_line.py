"""A line for the path of a file, and a button that looks for it."""

from __future__ import annotations

from PySide6.QtCore import QFileInfo, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from app.ui.buttons import push_button


class FileLine(QWidget):
    """Puts a button beside `line`; the chosen file is as if it had been typed."""

    def __init__(self, line: QLineEdit, title: str, kinds: str, parent: QWidget | None = None) -> None:
        """`kinds` are the file dialog's name filters."""
        super().__init__(parent)
        self._line = line
        self._title = title
        self._kinds = kinds
        self.button = push_button("Browse…", self, self._browse)
        self.button.setAccessibleName(title)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(line, 1)
        row.addWidget(self.button)
        self.setFocusProxy(line)

    @Slot()
    def _browse(self) -> None:
        dialog = QFileDialog(self, self._title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self._kinds)
        begin = QFileInfo(self._line.text().strip())
        if begin.isFile():
            dialog.selectFile(begin.absoluteFilePath())
        dialog.fileSelected.connect(self._take)
        dialog.open()

    @Slot(str)
    def _take(self, path: str) -> None:
        self._line.setText(path)
        self._line.textEdited.emit(path)
