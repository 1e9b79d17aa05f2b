"""The banner over the Transfers table that says which file stopped a batch, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import ErrorRecord
from app.core.events import BatchSnapshot, Outcome, Wait
from app.ui import theme
from app.ui.buttons import push_button
from app.ui.plain import as_tooltip, plain_label, shown_name
from app.ui.theme import GRID, Role
from app.ui.transfers import batch_words, words

_ICON_SIZE = 24
_TINT_ALPHA = 26


class Banner(QFrame):
    """One batch that ended badly or that waits for a sign-in. Shows and asks; decides nothing."""

    show_asked = Signal()
    retry_asked = Signal()  # the culprit alone
    resume_asked = Signal()  # everything that is not done
    probe_asked = Signal()  # the culprit, and if it goes well everything that is not done
    resume_others_asked = Signal()  # everything that is not done and has not failed
    sign_in_done = Signal()  # a person says so
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = Role.WARNING
        self._icon = QLabel(self)
        self.sentence = plain_label("", self)
        self.sentence.setWordWrap(True)
        self.details = _selectable(plain_label("", self))
        self.show_button = push_button("Show", self, self.show_asked, tooltip="Go to the file in the table")
        self.retry_button = push_button(
            "Retry it", self, self.retry_asked, tooltip="Run only this file again"
        )
        self.resume_button = self._make_resume_button()
        self.sign_in_button = push_button(
            "Try again", self, self.sign_in_done, tooltip="Ask for new keys and go on"
        )
        self.dismiss_button = self._make_dismiss_button()
        self._buttons: tuple[QWidget, ...] = (
            self.show_button,
            self.retry_button,
            self.resume_button,
            self.sign_in_button,
            self.dismiss_button,
        )
        self._arrange()
        self.dismiss_button.clicked.connect(self.dismissed)
        self.hide()

    def show_batch(self, batch: BatchSnapshot, culprit_path: str) -> None:
        """Tell how `batch` ended; `culprit_path` is empty when no file is to blame."""
        self._role = Role.NEGATIVE if batch.outcome is Outcome.FAILED else Role.WARNING
        self.setAccessibleName("What stopped the batch")
        self._tell(batch_words.banner_sentence(batch, culprit_path), batch.first_error)
        self._offer(self.show_button, self.resume_button, self.dismiss_button)
        self.retry_button.setVisible(bool(culprit_path))
        self.show()

    def show_sign_in(self, batch: BatchSnapshot, wait: Wait) -> None:
        """Tell that `batch` waits until somebody has signed in, and how that is done."""
        self._role = Role.WARNING
        self.setAccessibleName("What the batch waits for")
        self._tell(batch_words.sign_in_sentence(batch), wait.error)
        self._offer(self.sign_in_button)
        self.show()

    def _tell(self, sentence: str, error: ErrorRecord | None) -> None:
        self.sentence.setText(sentence)
        self.setAccessibleDescription(sentence)
        parts = (shown_name(error.message), words.error_codes(error)) if error else ()
        details = " · ".join(part for part in parts if part)
        self.details.setText(details)
        self.details.setVisible(bool(details))
        self._dress()

    def _offer(self, *buttons: QWidget) -> None:
        for button in self._buttons:
            button.setVisible(button in buttons)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A round frame and a breath of the role's colour."""
        colour = theme.colour(self._role, self.palette())
        tint = QColor(colour)
        tint.setAlpha(_TINT_ALPHA)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(tint)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), GRID, GRID)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Tint the icon anew with another palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    @Slot()
    def _dress(self) -> None:
        icon = theme.icon("stopped" if self._role is Role.WARNING else "warning", self._role)
        self._icon.setPixmap(icon.pixmap(QSize(_ICON_SIZE, _ICON_SIZE), self.devicePixelRatioF()))

    def _make_resume_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText("Resume the rest")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        button.setToolTip(as_tooltip("Run everything again that is not done"))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.setMinimumHeight(self.retry_button.sizeHint().height())
        menu = QMenu(button)
        menu.addAction("Resume everything that is not done", self.resume_asked.emit)
        menu.addAction("Try the file that failed, then resume the rest", self.probe_asked.emit)
        menu.addAction("Resume without the failed files", self.resume_others_asked.emit)
        button.setMenu(menu)
        button.clicked.connect(self.resume_asked)
        return button

    def _make_dismiss_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName("Close this message")
        button.setToolTip(as_tooltip("Close this message"))
        theme.dress(button, "close")
        return button

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID, GRID, GRID)
        row.setSpacing(GRID)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addSpacing(GRID // 2)
        column = QVBoxLayout()
        column.setSpacing(GRID // 2)
        column.addWidget(self.sentence)
        column.addWidget(self.details)
        row.addLayout(column, 1)
        for button in self._buttons:
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)


def _selectable(label: QLabel) -> QLabel:
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setAccessibleName("Error details")
    return label
