"""Places one comes back to: those that were pinned and those that were open last."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from app.ui.browser.location import Location
from app.ui.browser.session import BrowserSession
from app.ui.connect.controller import ConnectionController
from app.ui.connect.remembered import Remembered
from app.ui.plain import as_tooltip, shown_name
from app.ui.preferences import Preferences
from app.ui.theme import Role, dress, icon

MAX_TEXT = 80


class Places(QObject):
    """Keeps the lists in the preferences and shows them in a menu; a place knows its connection."""

    elsewhere = Signal(object)  # Remembered: a place of another connection was chosen

    def __init__(
        self,
        preferences: Preferences,
        connections: ConnectionController,
        session: BrowserSession,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._connections = connections
        self._session = session
        self._here: Remembered | None = None
        self.pin_action = QAction("Pin this location", self)
        self.pin_action.setShortcut(QKeySequence("Ctrl+B"))
        self.pin_action.setCheckable(True)
        self.pin_action.triggered.connect(self._pin)
        dress(self.pin_action, "pin")
        self._shown: list[QAction] = []
        self._menu: QMenu | None = None
        session.moved.connect(self._visit)
        self._visit()

    def fill(self, menu: QMenu) -> None:
        """Show the places at the end of `menu`, as they are when it opens."""
        self._menu = menu
        menu.addSeparator()
        menu.addAction(self.pin_action)
        menu.aboutToShow.connect(self._show)

    @Slot()
    def _visit(self) -> None:
        """Another place is open, or none."""
        info, location = self._connections.info, self._session.location
        self._here = None
        # The demo's server is another one each time.
        if info is not None and location is not None and not info.is_demo:
            self._here = Remembered.of(info.spec, location.bucket, location.prefix)
            self._preferences.keep_recent_place(self._here)
        self.pin_action.setEnabled(self._here is not None)
        self.pin_action.setChecked(self._here in self._preferences.pinned_places)

    def _go_to(self, place: Remembered) -> None:
        info = self._connections.info
        if info is not None and not info.is_demo and place.is_same_connection(Remembered.of(info.spec)):
            self._session.open(Location(place.bucket, place.prefix))
        else:
            self.elsewhere.emit(place)

    @Slot(bool)
    def _pin(self, is_pinned: bool) -> None:
        if self._here is None:
            return
        others = [place for place in self._preferences.pinned_places if place != self._here]
        self._preferences.keep_pinned_places([*others, self._here] if is_pinned else others)

    @Slot()
    def _show(self) -> None:
        menu = self._menu
        assert menu is not None
        for action in self._shown:
            menu.removeAction(action)
            action.deleteLater()
        pinned = self._preferences.pinned_places
        recent = [place for place in self._preferences.recent_places if place not in (*pinned, self._here)]
        self._shown = [self._action(place, "pin") for place in pinned]
        if recent:
            self._shown.append(menu.addSection("Recent") or QAction(self))
            self._shown += [self._action(place, "folder") for place in recent]
        for action in self._shown:
            menu.addAction(action)

    def _action(self, place: Remembered, picture: str) -> QAction:
        uri = Location(place.bucket, place.prefix).uri
        text = shown_name(uri)
        if len(text) > MAX_TEXT:
            text = f"{text[: MAX_TEXT // 2]}…{text[-MAX_TEXT // 2 :]}"
        action = QAction(
            icon(picture, Role.MUTED), f"{text}   {shown_name(place.spec.label)}".replace("&", "&&"), self
        )
        action.setToolTip(as_tooltip(uri))
        action.triggered.connect(lambda _checked=False: self._go_to(place))
        return action
