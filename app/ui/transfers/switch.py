"""A check box that looks like a switch: a pill and its words."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox

from app.ui import theme
from app.ui.theme import GRID, Role

_PILL = QSize(32, 18)
_KNOB_MARGIN = 3


class Switch(QCheckBox):
    """On when the knob is at the end of the line. For keys, focus and screen readers a check box."""

    def sizeHint(self) -> QSize:
        """Room for the pill, the words and the focus frame."""
        words = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        height = max(_PILL.height(), words.height()) + GRID
        return QSize(GRID + _PILL.width() + GRID + words.width() + GRID, height)

    def minimumSizeHint(self) -> QSize:
        """The words are never cut."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """A click anywhere on it counts."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pill in the accent colour when on, hollow when off."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pill = self._placed(
            QRect(GRID // 2, (self.height() - _PILL.height()) // 2, _PILL.width(), _PILL.height())
        )
        self._paint_pill(painter, QRectF(pill).adjusted(0.5, 0.5, -0.5, -0.5))
        left = GRID // 2 + _PILL.width() + GRID
        words = self._placed(QRect(left, 0, self.width() - left, self.height()))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextShowMnemonic
        self.style().drawItemText(
            painter,
            words,
            flags,
            self.palette(),
            self.isEnabled(),
            self.text(),
            QPalette.ColorRole.WindowText,
        )
        if self.hasFocus():
            frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setPen(QPen(theme.colour(Role.ACCENT, self.palette()), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, GRID / 2, GRID / 2)
        painter.end()

    def _paint_pill(self, painter: QPainter, pill: QRectF) -> None:
        palette = self.palette()
        line = theme.colour(Role.ACCENT if self.isChecked() else Role.MUTED, palette)
        painter.setPen(QPen(line, 1))
        painter.setBrush(line if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        size = pill.height() - 2 * _KNOB_MARGIN
        is_right = self.isChecked() is (self.layoutDirection() is Qt.LayoutDirection.LeftToRight)
        left = pill.right() - _KNOB_MARGIN - size if is_right else pill.left() + _KNOB_MARGIN
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Base) if self.isChecked() else line)
        painter.drawEllipse(QRectF(left, pill.top() + _KNOB_MARGIN, size, size))

    def _placed(self, rect: QRect) -> QRect:
        return self.style().visualRect(self.layoutDirection(), self.rect(), rect)
