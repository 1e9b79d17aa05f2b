"""The window's shape from one run to the next: its place, its docks, the columns, the order, the toggle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ui.browser.entry import Column
from app.ui.preferences import Preferences

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

OBJECTS, TRANSFERS = "objects", "transfers"


def restore_shape(window: MainWindow, preferences: Preferences) -> None:
    """Give the window the shape it had; what is not known stays as it was made."""
    objects, transfers = window.browser.table, window.transfers.table
    window.restoreGeometry(preferences.geometry)
    window.restoreState(preferences.window_state)
    objects.horizontalHeader().restoreState(preferences.columns(OBJECTS))
    transfers.horizontalHeader().restoreState(preferences.columns(TRANSFERS))
    # After the columns, whose state has an order of its own.
    objects.sortByColumn(*preferences.sorting)
    window.transfers.stop_action.setChecked(preferences.defaults.stop_on_first_error)


def keep_shape(window: MainWindow, preferences: Preferences) -> None:
    """Remember the window's shape."""
    objects = window.browser.table.horizontalHeader()
    preferences.keep_window(window.saveGeometry(), window.saveState())
    preferences.keep_columns(OBJECTS, objects.saveState())
    preferences.keep_columns(TRANSFERS, window.transfers.table.horizontalHeader().saveState())
    preferences.keep_sorting(Column(objects.sortIndicatorSection()), objects.sortIndicatorOrder())
    preferences.keep_stop_on_first_error(window.transfers.stop_action.isChecked())
