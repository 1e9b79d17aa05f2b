"""A small picture of the speed over the last minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.format import rate_text
from app.ui.plain import as_tooltip
from app.ui.theme import GRID, Role

POINTS = 60
EVERY_S = 1.0
_FILL_ALPHA = 60


class Sparkline(QWidget):
    """Shows one speed a second, the newest at the right; the highest of them fills the height."""

    def __init__(self, parent: QWidget | None = None, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks` tells monotonic seconds."""
        super().__init__(parent)
        self._ticks = ticks
        self._speeds: deque[float] = deque(maxlen=POINTS)
        self._next_at = 0.0
        self.setAccessibleName("Speed over the last minute")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def speeds(self) -> tuple[float, ...]:
        """The speeds shown, in bytes a second, the oldest first."""
        return tuple(self._speeds)

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        return QSize(POINTS * 2, max(2 * GRID, self.fontMetrics().ascent()))

    def add(self, speed_bps: float) -> None:
        """Take the speed of this moment; one a second is kept."""
        now = self._ticks()
        if now < self._next_at:
            return
        self._next_at = now + EVERY_S
        self._speeds.append(max(0.0, speed_bps))
        words = f"At most {rate_text(max(self._speeds)) or '0 bytes/s'} over the last minute"
        self.setAccessibleDescription(words)
        self.setToolTip(as_tooltip(words))
        self.update()

    def clear(self) -> None:
        """Begin anew: nothing runs any more."""
        self._speeds.clear()
        self._next_at = 0.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line over a breath of its colour."""
        if len(self._speeds) < 2:
            return
        line = self._line()
        colour = theme.colour(Role.ACCENT, self.palette())
        fill = QColor(colour)
        fill.setAlpha(_FILL_ALPHA)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 0))
        painter.setBrush(fill)
        floor = float(self.height())
        ends = [QPointF(line[-1].x(), floor), QPointF(line[0].x(), floor)]
        painter.drawPolygon(QPolygonF([*line, *ends]))
        painter.setPen(QPen(colour, 1.2))
        painter.drawPolyline(QPolygonF(line))
        painter.end()

    def _line(self) -> list[QPointF]:
        step = self.width() / (POINTS - 1)
        room, top = self.height() - 2.0, max(self._speeds) or 1.0
        left = self.width() - step * (len(self._speeds) - 1)
        return [
            QPointF(left + step * number, 1.0 + room * (1.0 - speed / top))
            for number, speed in enumerate(self._speeds)
        ]
