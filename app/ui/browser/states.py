"""What stands in the middle of the table when there are no rows: one calm page, or the first run's cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.errors import ErrorRecord
from app.ui.plain import plain_label
from app.ui.theme import Role, colour, icon

ICON_PX = 48
TEXT_PX = 480
MIN_TEXT_PX = 240
CARD_PX = 256
MIN_CARD_PX = 176


@dataclass(frozen=True, slots=True)
class PageText:
    """One state in words: an icon, what it is, what it means, its fine print, and what can be done."""

    icon: str
    title: str
    text: str = ""
    detail: str = ""
    role: Role = Role.MUTED
    actions: tuple[tuple[str, Callable[[], object]], ...] = field(default=())


def error_detail(error: ErrorRecord) -> str:
    """The server's own words on an error: its code and the request's id; empty where no server spoke."""
    parts = [error.code, f"request {error.request_id}" if error.request_id else ""]
    return " · ".join(part for part in parts if part)


class StatePage(QWidget):
    """Shows one `PageText`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: PageText | None = None
        self._picture = plain_label("", self)
        self.title = plain_label("", self)
        self.text = plain_label("", self)
        self.detail = plain_label("", self)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        self.title.setFont(font)
        self.buttons: list[QPushButton] = []
        self._button_row = QHBoxLayout()
        self._button_row.setSpacing(8)
        # One box of a fixed width: only there do lines that wrap get the height that they need.
        box = self._box = QWidget(self)
        box.setFixedWidth(TEXT_PX)
        column = QVBoxLayout(box)
        column.setSpacing(8)
        for label in (self._picture, self.title, self.text, self.detail):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        for label in (self.title, self.text, self.detail):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addSpacing(8)
        column.addLayout(self._button_row)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(2)
        outer.addWidget(box, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def show_text(self, page: PageText) -> None:
        """Show a state; the same state again changes nothing, so that a focused button keeps its focus."""
        words = (page.icon, page.title, page.text, page.detail)
        if self._shown and words == (
            self._shown.icon,
            self._shown.title,
            self._shown.text,
            self._shown.detail,
        ):
            return
        self._shown = page
        self._picture.setPixmap(icon(page.icon, page.role).pixmap(QSize(ICON_PX, ICON_PX)))
        self.title.setText(page.title)
        self.text.setText(page.text)
        self.text.setVisible(bool(page.text))
        self.detail.setText(page.detail)
        self.detail.setVisible(bool(page.detail))
        muted = self.palette()
        muted.setColor(QPalette.ColorRole.WindowText, colour(Role.MUTED, muted))
        self.detail.setPalette(muted)
        self._show_buttons(page)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the words whole in a low window."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give each text its whole height; where there is no room for all, the picture goes first."""
        column = self._box.layout()
        margins = column.contentsMargins()
        width = min(TEXT_PX, max(MIN_TEXT_PX, self.width()))
        self._box.setFixedWidth(width)
        for label in (self.title, self.text, self.detail):
            label.setMinimumHeight(max(0, label.heightForWidth(width - margins.left() - margins.right())))
        self._picture.show()
        column.invalidate()
        self._picture.setVisible(column.minimumSize().height() <= self.height())

    def _show_buttons(self, page: PageText) -> None:
        while self._button_row.count():
            self._button_row.takeAt(0)
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = []
        self._button_row.addStretch(1)
        for words, do in page.actions:
            button = QPushButton(words, self)
            button.setAutoDefault(True)
            button.clicked.connect(lambda _checked=False, do=do: do())
            self._button_row.addWidget(button)
            self.buttons.append(button)
        self._button_row.addStretch(1)


class FirstRunPage(QWidget):
    """Two cards: add a connection, try the demo."""

    connection_asked = Signal()
    demo_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.add_card = _Card(
            "plug",
            "Add a connection",
            "An AWS profile, keys, or any server that speaks S3.",
            "Add a connection…",
            self,
        )
        self.demo_card = _Card(
            "info",
            "Try the demo bucket",
            "A small bucket on this computer, with faults that you can switch on.",
            "Try the demo",
            self,
        )
        self.add_card.button.clicked.connect(self.connection_asked)
        self.demo_card.button.clicked.connect(self.demo_asked)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addStretch(1)
        # Far more than the room beside them gets: they are as wide as they may be.
        row.addWidget(self.add_card, 100)
        row.addWidget(self.demo_card, 100)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addLayout(row)
        column.addStretch(3)


class _Card(QFrame):
    def __init__(self, picture: str, title: str, text: str, action: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.setMinimumWidth(MIN_CARD_PX)
        self.setMaximumWidth(CARD_PX)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        image = QLabel(self)
        image.setPixmap(icon(picture, Role.ACCENT).pixmap(QSize(ICON_PX, ICON_PX)))
        heading = plain_label(title, self)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        heading.setFont(font)
        heading.setWordWrap(True)
        heading.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        words = plain_label(text, self)
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.button = QPushButton(action, self)
        self.button.setAutoDefault(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 24, 16, 24)
        column.setSpacing(8)
        column.addWidget(image, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(heading)
        column.addWidget(words, 1)
        column.addSpacing(8)
        column.addWidget(self.button)
