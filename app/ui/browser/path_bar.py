"""The path bar: breadcrumbs that turn into a line to type in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from app.ui.browser.location import SCHEME, Location, names_folder, parse_location
from app.ui.plain import as_tooltip, plain_label, shown_name
from app.ui.theme import Role, icon

MAX_CRUMB_PX = 240
REFUSAL = "This names no bucket. Write s3://bucket/prefix, or the name of a bucket."


class PathBar(QStackedWidget):
    """Shows where the browser is. A crumb opens its folder; a click beside them, or `edit`, lets type."""

    location_chosen = Signal(object, bool)  # Location, whether it is a folder for sure
    left = Signal()  # typing has ended without a new location

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._location: Location | None = None
        self._crumbs = _Crumbs(self)
        self._crumbs.clicked.connect(self.edit)
        self._crumbs.chosen.connect(lambda location: self.location_chosen.emit(location, True))
        self.line = _PathLine(self)
        self.line.setAccessibleName("Location")
        self.line.setPlaceholderText("s3://bucket/prefix")
        self.line.returnPressed.connect(self._enter)
        self.line.cancelled.connect(self._leave)
        self.line.textEdited.connect(lambda _text: self._refuse(""))
        self._refusal = self.line.addAction(
            icon("warning", Role.NEGATIVE), QLineEdit.ActionPosition.TrailingPosition
        )
        self._refusal.setVisible(False)
        self.addWidget(self._crumbs)
        self.addWidget(self.line)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.line.sizeHint().height() + 4)

    @property
    def is_editing(self) -> bool:
        """True while the line is shown."""
        return self.currentWidget() is self.line

    def show_location(self, location: Location | None) -> None:
        """Show a location as crumbs; nothing is open when it is None."""
        self._location = location
        self._crumbs.show_location(location)
        self.setCurrentWidget(self._crumbs)

    @Slot()
    def edit(self) -> None:
        """Let a person type; the whole location is selected."""
        self.line.setText(self._location.uri if self._location else SCHEME)
        self._refuse("")
        self.setCurrentWidget(self.line)
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self._location:
            self.line.selectAll()

    @Slot()
    def _enter(self) -> None:
        location = parse_location(self.line.text(), self._location)
        if location is None:
            self._refuse(REFUSAL)
            return
        self.setCurrentWidget(self._crumbs)
        self.location_chosen.emit(location, names_folder(self.line.text()))
        self.left.emit()

    @Slot()
    def _leave(self) -> None:
        self.setCurrentWidget(self._crumbs)
        self.left.emit()

    def _refuse(self, why: str) -> None:
        self._refusal.setVisible(bool(why))
        self._refusal.setToolTip(as_tooltip(why))
        self.line.setToolTip(as_tooltip(why))
        self.line.setAccessibleDescription(why)


class _PathLine(QLineEdit):
    """A line that Esc leaves."""

    cancelled = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


class _Crumbs(QScrollArea):
    """A row of folder buttons; the deepest stays in sight when there is no room for all."""

    chosen = Signal(object)  # Location
    clicked = Signal()  # beside the buttons

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.horizontalScrollBar().rangeChanged.connect(self._show_end)

    def show_location(self, location: Location | None) -> None:
        """Build the buttons anew."""
        row = QWidget()
        row.setBackgroundRole(QPalette.ColorRole.Base)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(0)
        layout.addWidget(plain_label(SCHEME, row))
        for name, place in location.crumbs if location else ():
            layout.addWidget(self._crumb(name, place, row))
            layout.addWidget(plain_label("›", row))
        layout.addStretch(1)
        self.setWidget(row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the buttons asks to type."""
        self.clicked.emit()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the deepest folder in sight."""
        super().resizeEvent(event)
        self._show_end()

    @Slot()
    def _show_end(self) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.maximum())

    def _crumb(self, name: str, place: Location, row: QWidget) -> QToolButton:
        shown = shown_name(name) or "(no name)"
        button = QToolButton(row)
        button.setAutoRaise(True)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        elided = button.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideMiddle, MAX_CRUMB_PX)
        button.setText(elided.replace("&", "&&"))
        button.setToolTip(as_tooltip(place.uri))
        button.setAccessibleName(f"Open {shown}")
        button.clicked.connect(lambda _checked=False: self.chosen.emit(place))
        return button
