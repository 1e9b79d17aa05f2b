"""How the cells of the object table are painted."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QIcon, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui import theme
from app.ui.browser.entry import Column
from app.ui.browser.model import ObjectTableModel, alignment, role_of
from app.ui.theme import Role

Index = QModelIndex | QPersistentModelIndex
_Feature = QStyleOptionViewItem.ViewItemFeature
_GROUPS = (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive)


class ObjectDelegate(QStyledItemDelegate):
    """Looks at the model once a cell: the base class asks it seven times, each time by way of Qt."""

    def __init__(self, model: ObjectTableModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._palette_key = 0
        self._muted = QBrush()
        self._icons: dict[tuple[str, Role], QIcon] = {}
        self._alignments = {column: Qt.AlignmentFlag(alignment(column)) for column in Column}

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Say what the style is to paint."""
        column = index.column()
        entry = self._model.entry(index.row())
        if option.palette.cacheKey() != self._palette_key:
            self._heed(option.palette)
        option.index = index
        option.text = entry.text(column)
        option.displayAlignment = self._alignments[column]
        features = _Feature.HasDisplay
        if column == Column.NAME:
            features |= _Feature.HasDecoration
            look = entry.icon_name, role_of(entry)
            found = self._icons.get(look)
            if found is None:
                found = self._icons[look] = theme.icon(*look)
            option.icon = found
        option.features = features
        if column != Column.NAME or entry.remark:
            for group in _GROUPS:
                option.palette.setBrush(group, QPalette.ColorRole.Text, self._muted)

    def _heed(self, palette: QPalette) -> None:
        """Make colours and icons anew when the palette is another one than at the last cell."""
        self._palette_key = palette.cacheKey()
        self._muted = QBrush(theme.colour(Role.MUTED, palette))
        self._icons.clear()
