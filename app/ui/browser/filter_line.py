"""The line in which a person writes what is to be shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.browser.filtering import HELP, parse_filter
from app.ui.plain import as_tooltip
from app.ui.theme import Role, icon

WIDTH_PX = 224


class FilterLine(QLineEdit):
    """Tells the filter that it holds; a text that is none is refused in place, the filter before it stays."""

    filter_changed = Signal(object)  # RowFilter or None
    entered = Signal()  # to the rows that it lets through
    left = Signal()  # Esc: it is empty again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Filter, e.g. *.mp4")
        self.setAccessibleName("Filter")
        self.setClearButtonEnabled(True)
        self.setFixedWidth(WIDTH_PX)
        self.addAction(icon("search", Role.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self._refusal = self.addAction(
            icon("warning", Role.NEGATIVE), QLineEdit.ActionPosition.TrailingPosition
        )
        self._refuse("")
        self.textChanged.connect(self._parse)
        self.returnPressed.connect(self.entered)
        for key, do in ((Qt.Key.Key_Down, self.entered.emit), (Qt.Key.Key_Escape, self._leave)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(do)

    @property
    def is_refused(self) -> bool:
        """True when what is written is no filter."""
        return self._refusal.isVisible()

    @Slot(str)
    def _parse(self, text: str) -> None:
        try:
            row_filter = parse_filter(text)
        except ValueError as error:
            self._refuse(str(error))
            return
        self._refuse("")
        self.filter_changed.emit(row_filter)

    @Slot()
    def _leave(self) -> None:
        self.clear()
        self.left.emit()

    def _refuse(self, why: str) -> None:
        self._refusal.setVisible(bool(why))
        self._refusal.setToolTip(as_tooltip(why))
        self.setToolTip(as_tooltip(why or HELP))
        self.setAccessibleDescription(why)
