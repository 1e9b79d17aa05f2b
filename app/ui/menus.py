"""The menu bar: every action has its place here, so that each can be reached by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QMenuBar, QMessageBox, QWidget

from app.core.objects import DemoFault
from app.ui.theme import icon

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge
    from app.ui.main_window import MainWindow

ABOUT = "Downspout downloads from S3, and stops at the first error when you ask it to."
ABOUT_ICON_PX = 64
Item = QAction | None
"""An action, or None for a line between two groups."""


def fill_menu(bar: QMenuBar, title: str, items: list[Item]) -> QMenu:
    """Add a menu to the bar."""
    menu = bar.addMenu(title)
    for item in items:
        if item is None:
            menu.addSeparator()
        else:
            menu.addAction(item)
    return menu


def make_menus(window: MainWindow, bridge: EngineBridge) -> DemoMenu:
    """Fill the window's menu bar; returns the menu that only the demo bucket has."""
    bar, browser, transfers = window.menuBar(), window.browser, window.transfers
    sides = window.sides
    fill_menu(bar, "&File", [window.connect_action, browser.path_action, None, window.quit_action])
    selects = [window.select_action, browser.select_action]
    finds = [browser.filter_action, browser.search_action]
    fill_menu(bar, "&Edit", [*selects, None, *finds, None, sides.preferences_action])
    docks = [window.dock.toggleViewAction(), window.transfers_action, sides.history_action]
    fill_menu(bar, "&View", [browser.reload_action, window.stop_loading_action, None, *docks])
    fill_menu(bar, "&Transfer", [browser.download_action, None, *transfers.menu_items()])
    moves = [browser.back_action, browser.forward_action, browser.up_action]
    window.places.fill(fill_menu(bar, "&Go", [*moves, None, browser.paste_action]))
    demo_menu = DemoMenu(bar, bridge)
    fill_menu(bar, "&Help", [window.about_action])
    return demo_menu


def show_about(window: QWidget) -> None:
    """Say what this program is."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "About Downspout", ABOUT, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIconPixmap(icon("downspout").pixmap(ABOUT_ICON_PX, ABOUT_ICON_PX))
    box.open()


class DemoMenu(QObject):
    """The demo bucket's faults; a tick shows what the server has taken, not what was clicked."""

    def __init__(self, bar: QMenuBar, bridge: EngineBridge) -> None:
        super().__init__(bar)
        self._bridge = bridge
        self.menu = bar.addMenu("&Demo")
        self.actions: dict[DemoFault, QAction] = {}
        for fault in DemoFault:
            action = self.menu.addAction(fault.value)
            action.setCheckable(True)
            action.triggered.connect(lambda is_on, fault=fault: self._ask(fault, is_on))
            self.actions[fault] = action
        bridge.demo_fault_changed.connect(self._show)
        self.set_visible(False)

    def set_visible(self, is_visible: bool) -> None:
        """Show the menu for a connection to the demo bucket only."""
        self.menu.menuAction().setVisible(is_visible)

    def _ask(self, fault: DemoFault, is_on: bool) -> None:
        self.actions[fault].setChecked(not is_on)
        self._bridge.set_demo_fault(fault, is_on)

    @Slot(object, bool)
    def _show(self, fault: DemoFault, is_on: bool) -> None:
        self.actions[fault].setChecked(is_on)
