"""The browser's lines around the table: what is missing above it, what is here and selected below it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.ui.plain import plain_label
from app.ui.theme import Role, icon

ICON_PX = 16


class IncompleteBar(QFrame):
    """Says that the listing ended too early and why, and offers to go on or to begin again."""

    go_on_asked = Signal()
    retry_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        picture = plain_label("", self)
        picture.setPixmap(icon("warning", Role.WARNING).pixmap(QSize(ICON_PX, ICON_PX)))
        self.text = plain_label("", self)
        self.text.setWordWrap(True)
        self.detail = plain_label("", self)
        self.go_on_button = QPushButton("Go on", self)
        self.go_on_button.clicked.connect(self.go_on_asked)
        self.retry_button = QPushButton("Retry", self)
        self.retry_button.clicked.connect(self.retry_asked)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.text)
        words.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(picture)
        row.addLayout(words, 1)
        row.addWidget(self.go_on_button)
        row.addWidget(self.retry_button)
        self.hide()

    def show_error(self, text: str, detail: str, *, can_go_on: bool) -> None:
        """Show what is missing."""
        self.go_on_button.setVisible(can_go_on)
        self.text.setText(text)
        self.detail.setText(detail)
        self.detail.setVisible(bool(detail))
        self.show()


class Footer(QWidget):
    """The status line, the selection, and Download."""

    stop_asked = Signal()
    go_on_asked = Signal()

    def __init__(self, download_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = plain_label("", self)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.selection = plain_label("", self)
        self.stop_button = QPushButton("Stop loading", self)
        self.stop_button.clicked.connect(self.stop_asked)
        self.go_on_button = QPushButton("Go on loading", self)
        self.go_on_button.clicked.connect(self.go_on_asked)
        self.show_loading(is_loading=False, can_go_on=False)
        self.download_button = QToolButton(self)
        self.download_button.setDefaultAction(download_action)
        self.download_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(self.status, 1)
        row.addWidget(self.stop_button)
        row.addWidget(self.go_on_button)
        row.addSpacing(8)
        row.addWidget(self.selection)
        row.addWidget(self.download_button)

    def show_loading(self, *, is_loading: bool, can_go_on: bool) -> None:
        """Offer what can be done about loading: stop it, or go on with it."""
        self.stop_button.setVisible(is_loading)
        self.go_on_button.setVisible(can_go_on)
