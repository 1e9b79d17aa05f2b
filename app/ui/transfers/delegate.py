"""How the cells of the Transfers table are painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionProgressBar,
    QStyleOptionViewItem,
)

from app.ui import theme
from app.ui.theme import GRID
from app.ui.transfers.cells import FRACTION_ROLE, IS_BATCH_ROLE, LOOK_ROLE, RIGHT_ALIGNED, Column

ICON_SIZE = 16
INDENT = 2 * GRID
"""How far a row's icon stands right of its batch's arrow."""
BAR_HEIGHT = GRID
STEPS = 1000

Index = QModelIndex | QPersistentModelIndex
_State = QStyle.StateFlag
_PAINTED_HERE = RIGHT_ALIGNED | {Column.PROGRESS}


class TransfersDelegate(QStyledItemDelegate):
    """Text by the style, rows indented below their batch, progress as the style's own bar."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Indent rows, give the end of a long text up, and show the focus once a line."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight
        if index.column() == Column.NAME:
            indent = 0 if index.data(IS_BATCH_ROLE) else INDENT
            option.decorationSize = QSize(ICON_SIZE + indent, ICON_SIZE)
            option.decorationAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        else:
            option.state &= ~_State.State_HasFocus
        if index.column() in _PAINTED_HERE:
            option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell: by the style, but for bars, and for figures, which need room at their right."""
        super().paint(painter, option, index)
        if index.column() == Column.PROGRESS:
            self._paint_bar(painter, option, index)
        elif index.column() in RIGHT_ALIGNED:
            self._paint_figure(painter, option, index)

    def _paint_figure(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        is_selected = bool(option.state & _State.State_Selected)
        ink = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Text
        room = option.rect.adjusted(GRID // 2, 0, -GRID, 0)
        text = option.fontMetrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.save()
        painter.setFont(option.font)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        _style(option).drawItemText(painter, room, flags, option.palette, True, text, ink)
        painter.restore()

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = index.data(LOOK_ROLE)
        bar = QStyleOptionProgressBar()
        bar.rect = bar_rect(option.rect)
        bar.minimum, bar.maximum = 0, STEPS
        bar.progress = round(index.data(FRACTION_ROLE) * STEPS)
        bar.textVisible = False
        bar.direction = option.direction
        bar.state = _State.State_Enabled | _State.State_Horizontal | _State.State_Active
        bar.palette = QPalette(option.palette)
        # Fusion paints a speck of the colour at the start of an empty bar.
        is_empty = bar.progress == 0
        filled = QColor(Qt.GlobalColor.transparent) if is_empty else theme.colour(look, option.palette)
        bar.palette.setColor(QPalette.ColorRole.Highlight, filled)
        bar.palette.setColor(QPalette.ColorRole.Accent, filled)
        _style(option).drawControl(QStyle.ControlElement.CE_ProgressBar, bar, painter, option.widget)


def _style(option: QStyleOptionViewItem) -> QStyle:
    return QApplication.style() if option.widget is None else option.widget.style()


def bar_rect(cell: QRect) -> QRect:
    """Where the progress bar stands in its cell."""
    room = cell.adjusted(GRID, 0, -GRID, 0)
    return QRect(room.left(), cell.center().y() - BAR_HEIGHT // 2 + 1, room.width(), BAR_HEIGHT)
