"""The bar in which a person says what to look for below the open location."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from app.ui.browser.filter_line import FilterLine
from app.ui.browser.filtering import RowFilter
from app.ui.browser.location import Location
from app.ui.plain import plain_label, shown_name
from app.ui.theme import icon


class SearchBar(QFrame):
    """Tells when a search is to begin and when it is to be left; hidden until `ask` shows it."""

    search_asked = Signal(str, object)  # the text, RowFilter
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filter: RowFilter | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.title = plain_label("", self)
        self.line = FilterLine(self)
        self.line.setPlaceholderText("What to look for, e.g. *.mp4")
        self.line.setAccessibleName("Search for")
        self.button = QPushButton("Search", self)
        self.close_button = QToolButton(self)
        self.close_button.setIcon(icon("close"))
        self.close_button.setAutoRaise(True)
        self.close_button.setAccessibleName("Close the search")
        self.line.filter_changed.connect(self._take)
        self.line.entered.connect(self._begin)
        self.line.left.connect(self.left)
        self.button.clicked.connect(self._begin)
        self.close_button.clicked.connect(self.left)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(self.title)
        row.addWidget(self.line)
        row.addWidget(self.button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        self._take(None)
        self.hide()

    def ask(self, place: Location | None) -> None:
        """Show the bar, for a search below `place`."""
        self.title.setText(f"Search everything below {shown_name(place.uri)}" if place else "")
        self.show()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.line.selectAll()

    @Slot(object)
    def _take(self, row_filter: RowFilter | None) -> None:
        self._filter = row_filter
        self.button.setEnabled(row_filter is not None)

    @Slot()
    def _begin(self) -> None:
        if self._filter is not None and not self.line.is_refused:
            self.search_asked.emit(self.line.text().strip(), self._filter)
