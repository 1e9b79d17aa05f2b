"""How the cells of the Transfers table are painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionFocusRect,
    QStyleOptionProgressBar,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui import theme
from app.ui.theme import GRID, Role
from app.ui.transfers.cells import COLUMNS, RIGHT_ALIGNED, Column, Look
from app.ui.transfers.model import TransfersModel

ICON_SIZE = 16
INDENT = 2 * GRID
"""How far a row's icon stands right of its batch's arrow."""
BAR_HEIGHT = GRID
STEPS = 1000

Index = QModelIndex | QPersistentModelIndex
_State = QStyle.StateFlag
_HIGHLIGHTED = _State.State_Selected | _State.State_MouseOver
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class TransfersDelegate(QStyledItemDelegate):
    """Asks the model once a cell: the base class asks for eight roles, and took four times as long."""

    def __init__(self, model: TransfersModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._bold = QFont()
        self._bold_metrics = QFontMetrics(self._bold)
        self._colours: dict[Role, QColor] = {}
        self._bar_palettes: dict[Role | None, QPalette] = {}
        self._palette_key = 0

    def set_font(self, font: QFont) -> None:
        """Take the table's font; batches have their names in bold."""
        self._bold = QFont(font)
        self._bold.setBold(True)
        self._bold_metrics = QFontMetrics(self._bold)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell: ground, then icon and text, figure, or bar."""
        column = COLUMNS[index.column()]
        look = self._model.look(index.row(), column)
        rect, state, widget = option.rect, option.state, option.widget
        style = QApplication.style() if widget is None else widget.style()
        if look.is_batch:
            painter.fillRect(rect, option.palette.alternateBase())
        if state & _HIGHLIGHTED:
            style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, widget)
        if column is Column.PROGRESS:
            self._paint_bar(painter, option, look, style)
            return
        room = rect.adjusted(GRID // 2, 0, -GRID, 0)
        metrics, font = option.fontMetrics, option.font
        if column is Column.NAME:
            room = self._paint_icon(painter, option, look)
            if look.is_batch:
                metrics, font = self._bold_metrics, self._bold
            if state & _State.State_HasFocus:
                _paint_focus(painter, option, style)
        if look.text:
            painter.setFont(font)
            painter.setPen(self._ink(option, look))
            text = metrics.elidedText(look.text, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, _RIGHT if column in RIGHT_ALIGNED else _LEFT, text)

    def _paint_icon(self, painter: QPainter, option: QStyleOptionViewItem, look: Look) -> QRect:
        """Paint the icon of a name; returns the room that is left for the text."""
        cell = option.rect
        left = cell.left() + GRID // 2 + (0 if look.is_batch else INDENT)
        box = QRect(left, cell.center().y() - ICON_SIZE // 2 + 1, ICON_SIZE, ICON_SIZE)
        is_selected = bool(option.state & _State.State_Selected)
        if look.icon is not None:
            box_there = QStyle.visualRect(option.direction, cell, box)
            mode = QIcon.Mode.Selected if is_selected else QIcon.Mode.Normal
            look.icon.paint(painter, box_there, Qt.AlignmentFlag.AlignCenter, mode)
        room = QRect(cell)
        room.setLeft(box.right() + 1 + GRID // 2)
        room.setRight(cell.right() - GRID // 2)
        return QStyle.visualRect(option.direction, cell, room)

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, look: Look, style: QStyle) -> None:
        bar = QStyleOptionProgressBar()
        bar.rect = bar_rect(option.rect)
        bar.minimum, bar.maximum = 0, STEPS
        bar.progress = round(look.fraction * STEPS)
        bar.textVisible = False
        bar.direction = option.direction
        bar.state = _State.State_Enabled | _State.State_Horizontal | _State.State_Active
        bar.palette = self._bar_palette(look.role if bar.progress else None, option.palette)
        style.drawControl(QStyle.ControlElement.CE_ProgressBar, bar, painter, option.widget)

    def _ink(self, option: QStyleOptionViewItem, look: Look) -> QColor:
        if option.state & _State.State_Selected:
            is_active = bool(option.state & _State.State_Active)
            group = QPalette.ColorGroup.Active if is_active else QPalette.ColorGroup.Inactive
            return option.palette.color(group, QPalette.ColorRole.HighlightedText)
        if look.ink is not None:
            return self._colour(look.ink, option.palette)
        return option.palette.color(QPalette.ColorRole.Text)

    def _colour(self, role: Role, palette: QPalette) -> QColor:
        self._heed(palette)
        return self._colours[role]

    def _bar_palette(self, role: Role | None, palette: QPalette) -> QPalette:
        self._heed(palette)
        return self._bar_palettes[role]

    def _heed(self, palette: QPalette) -> None:
        """Make the colours anew when the palette is another one than at the last cell."""
        if palette.cacheKey() == self._palette_key:
            return
        self._palette_key = palette.cacheKey()
        self._colours = {role: theme.colour(role, palette) for role in Role}
        # Fusion paints a speck of the colour at the start of an empty bar, so that one has none.
        filled = {None: QColor(Qt.GlobalColor.transparent), **self._colours}
        self._bar_palettes = {role: _bar_palette(palette, fill) for role, fill in filled.items()}


def bar_rect(cell: QRect) -> QRect:
    """Where the progress bar stands in its cell."""
    room = cell.adjusted(GRID, 0, -GRID, 0)
    return QRect(room.left(), cell.center().y() - BAR_HEIGHT // 2 + 1, room.width(), BAR_HEIGHT)


def _bar_palette(palette: QPalette, fill: QColor) -> QPalette:
    """`palette` for a bar of the colour `fill`, in a groove that shows on a dark base too."""
    result = QPalette(palette)
    result.setColor(QPalette.ColorRole.Base, palette.color(QPalette.ColorRole.Button))
    result.setColor(QPalette.ColorRole.Highlight, fill)
    result.setColor(QPalette.ColorRole.Accent, fill)
    return result


def _paint_focus(painter: QPainter, option: QStyleOptionViewItem, style: QStyle) -> None:
    frame = QStyleOptionFocusRect()
    frame.rect = option.rect
    frame.palette = option.palette
    frame.direction = option.direction
    frame.state = option.state | _State.State_KeyboardFocusChange
    style.drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, frame, painter, option.widget)
