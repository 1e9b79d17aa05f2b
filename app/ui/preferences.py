"""What the window remembers between two runs; never a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QByteArray, QSettings, Qt

from app.ui.browser.entry import Column
from app.ui.connect.remembered import Remembered
from app.ui.defaults import Defaults

MAX_RECENT = 8
"""Connections."""
MAX_PLACES = 12
MAX_PINNED = 40
"""So many places at most; of any list that is remembered, so many are read."""


class Preferences:
    """Reads and writes one ini file; whatever in it cannot be read is as if it were not there."""

    def __init__(self, file: str) -> None:
        self._settings = QSettings(file, QSettings.Format.IniFormat)

    @property
    def geometry(self) -> QByteArray:
        """The window's place and size; empty when unknown."""
        return self._bytes("window/geometry")

    @property
    def window_state(self) -> QByteArray:
        """Where the docks are; empty when unknown."""
        return self._bytes("window/docks")

    def keep_window(self, geometry: QByteArray, state: QByteArray) -> None:
        """Remember the window's shape."""
        self._settings.setValue("window/geometry", geometry)
        self._settings.setValue("window/docks", state)

    def columns(self, table: str) -> QByteArray:
        """The state of a table's header; empty when unknown."""
        return self._bytes(f"columns/{table}")

    def keep_columns(self, table: str, state: QByteArray) -> None:
        """Remember the widths and places of a table's columns."""
        self._settings.setValue(f"columns/{table}", state)

    @property
    def recent(self) -> tuple[Remembered, ...]:
        """The connections used last, the newest first."""
        return self._remembered("connections")

    def keep_connection(self, remembered: Remembered) -> None:
        """Make a connection, and the place that is open in it, the newest one."""
        others = [item for item in self.recent if not item.is_same_connection(remembered)]
        self._keep_remembered("connections", [remembered, *others][:MAX_RECENT])

    @property
    def recent_places(self) -> tuple[Remembered, ...]:
        """The places that were open last, the newest first."""
        return self._remembered("places/recent")

    def keep_recent_place(self, place: Remembered) -> None:
        """Make a place the newest one."""
        others = [item for item in self.recent_places if item != place]
        self._keep_remembered("places/recent", [place, *others][:MAX_PLACES])

    @property
    def pinned_places(self) -> tuple[Remembered, ...]:
        """The places that a person pinned, in that order."""
        return self._remembered("places/pinned")

    def keep_pinned_places(self, places: Sequence[Remembered]) -> None:
        """Remember which places are pinned."""
        self._keep_remembered("places/pinned", places)

    @property
    def defaults(self) -> Defaults:
        """What is set for new downloads; `folder` is the one chosen last."""
        return Defaults.from_texts({name: self._text(f"download/{name}") for name in Defaults().to_texts()})

    def keep_defaults(self, defaults: Defaults) -> None:
        """Remember what is set for new downloads."""
        for name, text in defaults.to_texts().items():
            self._settings.setValue(f"download/{name}", text)

    def keep_download_folder(self, folder: str) -> None:
        """Remember the chosen folder."""
        self.keep_defaults(replace(self.defaults, folder=folder))

    def keep_stop_on_first_error(self, is_on: bool) -> None:
        """Remember the toggle."""
        self.keep_defaults(replace(self.defaults, stop_on_first_error=is_on))

    @property
    def sorting(self) -> tuple[Column, Qt.SortOrder]:
        """The column that the objects are sorted by, and the direction."""
        order = Qt.SortOrder.DescendingOrder if self._text("browser/descending") == "true" else _ASCENDING
        try:
            return Column(int(self._text("browser/sort_column"))), order
        except ValueError:
            return Column.NAME, _ASCENDING

    def keep_sorting(self, column: Column, order: Qt.SortOrder) -> None:
        """Remember the order of the objects."""
        self._settings.setValue("browser/sort_column", str(int(column)))
        self._settings.setValue("browser/descending", "true" if order != _ASCENDING else "false")

    def save(self) -> None:
        """Write the file now; a file that cannot be written is not an error for the person."""
        self._settings.sync()

    def _remembered(self, group: str) -> tuple[Remembered, ...]:
        texts = (self._text(f"{group}/{number}") for number in range(MAX_PINNED))
        return tuple(found for text in texts if text and (found := Remembered.from_text(text)))

    def _keep_remembered(self, group: str, remembered: Sequence[Remembered]) -> None:
        self._settings.remove(group)
        for number, item in enumerate(remembered[:MAX_PINNED]):
            self._settings.setValue(f"{group}/{number}", item.to_text())

    def _text(self, key: str) -> str:
        value = self._settings.value(key, "")
        return value if isinstance(value, str) else ""

    def _bytes(self, key: str) -> QByteArray:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()


_ASCENDING = Qt.SortOrder.AscendingOrder
