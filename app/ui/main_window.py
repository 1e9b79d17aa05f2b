"""The main window: puts the parts in their places and connects them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QDockWidget, QMainWindow

from app.bridge.secrets import SecretRequest
from app.core.errors import ErrorRecord
from app.core.objects import DEMO_BUCKET, ConnectionInfo, ConnectionSpec, DemoFault, Source
from app.ui.browser.destination import ChooseFolder, choose_folder
from app.ui.browser.location import Location, parse_location
from app.ui.browser.panel import BrowserPanel
from app.ui.closing import Closing
from app.ui.connect.controller import ConnectionController
from app.ui.connect.dialog import ConnectDialog
from app.ui.connect.dock import ConnectionDock
from app.ui.connect.remembered import Remembered
from app.ui.connect.secret_dialog import SecretDialog
from app.ui.connect.start import StartRequest
from app.ui.menus import make_menus, show_about
from app.ui.notices import DesktopTray, Notices
from app.ui.places import Places
from app.ui.plain import shown_name
from app.ui.preferences import Preferences
from app.ui.shape import keep_shape, restore_shape
from app.ui.side_windows import SideWindows
from app.ui.status import StatusBar
from app.ui.theme import dress
from app.ui.transfers.panel import TransfersPanel

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

NAME = "Downspout"
FIRST_SIZE = QSize(1120, 760)
TRANSFERS_PX = 264


class MainWindow(QMainWindow):
    """One window over one bridge. Main thread only."""

    closed = Signal()  # once, after the last close: the application may quit

    def __init__(
        self,
        bridge: EngineBridge,
        preferences: Preferences,
        *,
        start: StartRequest,
        choose_folder: ChooseFolder = choose_folder,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._preferences = preferences
        self._start = start
        self._choose_folder = choose_folder
        self.connections = ConnectionController(bridge, self)
        self.browser = BrowserPanel(bridge, self)
        self.transfers = TransfersPanel(bridge, self)
        self.places = Places(preferences, self.connections, self.browser.session, self)
        self.connect_dialog: ConnectDialog | None = None
        self.closing = Closing(bridge, self, self._save)
        self.closing.finished.connect(self.closed)
        self._make_actions()
        self.dock = ConnectionDock(self.connections, self.connect_action, self.browser.path_action, self)
        self.transfers_dock = self._make_transfers_dock()
        self.tray = DesktopTray(self)
        self.notices = Notices(bridge, self, self.tray)
        self.sides = SideWindows(bridge, self, preferences)
        self.demo_menu = make_menus(self, bridge)
        self._status = StatusBar(bridge, self)
        self.setStatusBar(self._status)
        self._lay_out()
        self._connect()
        self._restore()
        self._show_connection()
        self._show_title()

    # What the application asks

    def open_start(self) -> None:
        """Open what the command line named, else what was open last; else the first run's cards stay."""
        self.sides.begin()
        start = self._start
        location = parse_location(start.location, None)
        recent = self._preferences.recent
        if start.is_demo:
            self.connections.connect_demo(location)
        elif start.spec is not None or location is not None:
            self.connections.connect_to(start.spec or ConnectionSpec(), location)
        elif recent:
            self._open_remembered(recent[0])

    def close_now(self) -> None:
        """Close without a question."""
        self.closing.begin()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask while a batch runs; the window hides by itself once it may go."""
        event.setAccepted(self.closing.has_begun)
        self.closing.ask_or_begin()

    # Making

    def _make_actions(self) -> None:
        self.connect_action = self._action("Add a connection…", "Ctrl+N", self._open_connect_dialog)
        dress(self.connect_action, "add")
        self.quit_action = self._action("Quit", QKeySequence.StandardKey.Quit, self.close)
        if self.quit_action.shortcut().isEmpty():
            self.quit_action.setShortcut("Ctrl+Q")
        self.select_action = self._action("Select all objects", "", self.browser.table.selectAll)
        self.stop_loading_action = self._action("Stop loading", "", self.browser.session.stop_loading)
        self.transfers_action = self._action("Transfers", "Ctrl+J", self._show_transfers)
        self.about_action = self._action(f"About {NAME}", "", lambda: show_about(self))

    def _action(self, text: str, keys: QKeySequence.StandardKey | str, do: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(do)
        return action

    def _make_transfers_dock(self) -> QDockWidget:
        dock = QDockWidget("Transfers", self)
        dock.setObjectName("transfers")
        dock.setWidget(self.transfers)
        return dock

    def _lay_out(self) -> None:
        self.setCentralWidget(self.browser)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.dock)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.transfers_dock)
        self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize()))
        self.resizeDocks([self.transfers_dock], [TRANSFERS_PX], Qt.Orientation.Vertical)

    def _connect(self) -> None:
        browser, connections, bridge = self.browser, self.connections, self._bridge
        browser.download_asked.connect(self._ask_folder)
        browser.connection_asked.connect(self._open_connect_dialog)
        browser.change_asked.connect(self._change_connection)
        browser.reconnect_asked.connect(connections.reconnect)
        browser.demo_asked.connect(connections.connect_demo)
        browser.session.moved.connect(self._show_title)
        self.places.elsewhere.connect(self._open_remembered)
        connections.connecting.connect(browser.session.show_connecting)
        connections.connecting.connect(self._show_connection)
        connections.connected.connect(self._open_connection)
        connections.failed.connect(self._show_connect_failed)
        self.dock.bucket_chosen.connect(lambda bucket: browser.session.open(Location(bucket)))
        self.dock.remembered_chosen.connect(self._open_remembered)
        bridge.batch_added.connect(self._raise_transfers)
        self.tray.clicked.connect(self._come_to_front)
        self.transfers.told.connect(self._status.showMessage)
        self.transfers.leftover.offered.connect(self._raise_transfers)
        self.transfers.sign_in_asked.connect(self._raise_transfers)
        bridge.secret_asked.connect(self._ask_secret)
        bridge.demo_fault_failed.connect(self._show_fault_failed)

    # Remembering

    def _restore(self) -> None:
        restore_shape(self, self._preferences)
        self.dock.show_remembered(self._preferences.recent)

    def _save(self) -> None:
        keep_shape(self, self._preferences)
        self._keep_connection()
        self._preferences.save()

    def _keep_connection(self) -> None:
        info, location = self.connections.info, self.browser.session.location
        if info is not None and not info.is_demo:
            place = (location.bucket, location.prefix) if location else ("", "")
            self._preferences.keep_connection(Remembered.of(info.spec, *place))
            self.dock.show_remembered(self._preferences.recent)

    # Connections

    @Slot()
    def _open_connect_dialog(self) -> None:
        self._dialog().open()

    @Slot()
    def _change_connection(self) -> None:
        dialog, spec = self._dialog(), self.connections.last_spec
        if spec is not None:
            dialog.show_spec(spec, self.browser.session.location or self.connections.start)
        dialog.open()

    def _dialog(self) -> ConnectDialog:
        if self.connect_dialog is None:
            dialog = ConnectDialog(self._bridge, self)
            dialog.connect_asked.connect(self._connect_keeping)
            dialog.finished.connect(self._forget_dialog)
            self.connect_dialog = dialog
        return self.connect_dialog

    @Slot(object, object)
    def _connect_keeping(self, spec: ConnectionSpec, start: Location | None) -> None:
        self.connections.connect_to(spec, start, keep_current=True)

    @Slot()
    def _forget_dialog(self) -> None:
        if self.connect_dialog is not None:
            self.connect_dialog.form.forget_keys()
            self.connect_dialog.deleteLater()
            self.connect_dialog = None

    @Slot(object)
    def _open_remembered(self, remembered: Remembered) -> None:
        place = Location(remembered.bucket, remembered.prefix) if remembered.bucket else None
        if remembered.needs_keys:
            dialog = self._dialog()
            dialog.show_spec(remembered.spec, place, needs_keys=True)
            dialog.open()
        else:
            self.connections.connect_to(remembered.spec, place)

    @Slot(object, object)
    def _open_connection(self, info: ConnectionInfo, place: Location | None) -> None:
        if self.connect_dialog is not None:
            self.connect_dialog.accept()
        if info.is_demo:
            place = place or Location(DEMO_BUCKET)
        self._show_connection()
        self.browser.session.show_connected(info.label, is_demo=info.is_demo)
        if place is not None:
            self.browser.session.open(place)
        self._keep_connection()
        self.browser.table.setFocus()

    @Slot(str, object)
    def _show_connect_failed(self, label: str, error: ErrorRecord) -> None:
        if self.connect_dialog is not None:
            self.connect_dialog.show_error(label, error)
        elif self.connections.info is None:
            self.browser.session.show_connect_failed(label, error)
        else:
            self._status.showMessage(shown_name(f"Could not connect to {label}. {error.message}"))

    @Slot()
    def _show_connection(self) -> None:
        info = self.connections.info
        self._status.show_connection(info.label if info else "", info.endpoint if info else "")
        self.demo_menu.set_visible(info is not None and info.is_demo)

    @Slot(object, object)
    def _show_fault_failed(self, fault: DemoFault, error: ErrorRecord) -> None:
        self._status.showMessage(shown_name(f"“{fault.value}” was not switched. {error.message}"))

    @Slot(object)
    def _ask_secret(self, request: SecretRequest) -> None:
        if self.closing.has_begun:
            request.answer(None)
            return
        SecretDialog(request, self.connect_dialog or self).open()

    # Downloads

    @Slot()
    def _ask_folder(self) -> None:
        sources = self.browser.selected_sources()
        if sources:
            self._choose_folder(self, self._preferences.defaults.folder, partial(self._download, sources))

    def _download(self, sources: list[Source], folder: str) -> None:
        self._preferences.keep_download_folder(folder)
        defaults = self._preferences.defaults
        policy = defaults.policy(stop_on_first_error=self.transfers.stop_action.isChecked())
        self._bridge.download(sources, folder, policy, defaults.review)

    @Slot()
    def _raise_transfers(self) -> None:
        self.transfers_dock.show()
        self.transfers_dock.raise_()

    @Slot()
    def _come_to_front(self) -> None:
        self.raise_()
        self.activateWindow()

    @Slot()
    def _show_transfers(self) -> None:
        self._raise_transfers()
        self.transfers.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _show_title(self) -> None:
        location = self.browser.session.location
        # "[*]" is Qt's mark of a changed document: twice stands for itself.
        title = shown_name(location.uri).replace("[*]", "[*][*]") if location else ""
        self.setWindowTitle(f"{title} - {NAME}" if title else NAME)
        if location:
            self.dock.mark_bucket(location.bucket)
