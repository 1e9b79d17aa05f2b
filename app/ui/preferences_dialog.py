"""The dialog of what a person sets for every new download."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from PySide6.QtCore import QDir, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.policy import IfExists, InFlight
from app.core.review import Review
from app.ui.browser.destination import ChooseFolder, choose_folder
from app.ui.buttons import push_button
from app.ui.defaults import LOG_LEVELS, MAX_JOBS, MAX_LIMIT_KIB, Defaults
from app.ui.plain import plain_label
from app.ui.theme import GRID

_IN_FLIGHT = {
    InFlight.KEEP: "Stop them and keep what they have",
    InFlight.FINISH: "Let them finish",
    InFlight.DISCARD: "Stop them and discard what they have",
}
_IF_EXISTS = {
    IfExists.AUTO: "Skip the same file, refuse another",
    IfExists.SKIP: "Skip",
    IfExists.REPLACE: "Replace",
    IfExists.KEEP_BOTH: "Keep both",
    IfExists.ERROR: "Refuse",
}
_REVIEW = {
    Review.IF_NEEDED: "When it is long or has problems",
    Review.ALWAYS: "Always",
    Review.NEVER: "Never",
}
_LOG_LEVEL = {"": "As started", **{level: level.title() for level in LOG_LEVELS}}


class PreferencesDialog(QDialog):
    """Edits one Defaults; on OK the caller asks for `defaults`."""

    def __init__(
        self, defaults: Defaults, parent: QWidget | None = None, choose: ChooseFolder = choose_folder
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self._choose = choose
        self.stop = QCheckBox("Stop on first error", self)
        self.stop.setChecked(defaults.stop_on_first_error)
        self.in_flight = _choice(self, _IN_FLIGHT, defaults.in_flight)
        self.if_exists = _choice(self, _IF_EXISTS, defaults.if_exists)
        self.review = _choice(self, _REVIEW, defaults.review)
        self.jobs = QSpinBox(self)
        self.jobs.setRange(1, MAX_JOBS)
        self.jobs.setValue(defaults.jobs)
        self.limit = QSpinBox(self)
        self.limit.setRange(0, MAX_LIMIT_KIB)
        self.limit.setSingleStep(1024)
        self.limit.setSuffix(" KiB/s")
        self.limit.setSpecialValueText("no limit")
        self.limit.setGroupSeparatorShown(True)
        self.limit.setValue(defaults.limit_kib)
        self.folder = QLineEdit(defaults.folder, self)
        self.folder.setPlaceholderText("the one for downloads")
        self.browse = push_button("Choose…", self, self._browse)
        self.notices = QCheckBox("Tell on the desktop when a download stops or ends", self)
        self.notices.setChecked(defaults.has_notices)
        self.log_level = _choice(self, _LOG_LEVEL, defaults.log_level)
        self._lay_out()

    def defaults(self) -> Defaults:
        """What the fields say."""
        return Defaults(
            stop_on_first_error=self.stop.isChecked(),
            in_flight=self.in_flight.currentData(),
            if_exists=self.if_exists.currentData(),
            jobs=self.jobs.value(),
            folder=self.folder.text().strip(),
            review=self.review.currentData(),
            has_notices=self.notices.isChecked(),
            log_level=self.log_level.currentData(),
            limit_kib=self.limit.value(),
        )

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(GRID)
        form.addRow("New downloads", self.stop)
        form.addRow("Running files at a stop", self.in_flight)
        form.addRow("Existing files", self.if_exists)
        form.addRow("Show the plan first", self.review)
        folder = QHBoxLayout()
        folder.addWidget(self.folder, 1)
        folder.addWidget(self.browse)
        form.addRow("Folder", folder)
        form.addRow("Requests at once", self.jobs)
        form.addRow("", plain_label("More at once than at the last start: from the next start on.", self))
        form.addRow("All downloads together", self.limit)
        form.addRow("Notifications", self.notices)
        form.addRow("Log level", self.log_level)
        for field, name in (
            (self.in_flight, "Running files at a stop"),
            (self.if_exists, "Existing files"),
            (self.review, "Show the plan first"),
            (self.folder, "Folder"),
            (self.jobs, "Requests at once"),
            (self.limit, "Speed limit of all downloads together"),
            (self.log_level, "Log level"),
        ):
            field.setAccessibleName(name)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        column.setSpacing(2 * GRID)
        column.addLayout(form)
        column.addWidget(buttons)

    @Slot()
    def _browse(self) -> None:
        self._choose(
            self, self.folder.text(), lambda folder: self.folder.setText(QDir.toNativeSeparators(folder))
        )


def _choice(parent: QWidget, words: Mapping[Any, str], chosen: Enum | str) -> QComboBox:
    box = QComboBox(parent)
    for value, text in words.items():
        box.addItem(text, value)
    box.setCurrentIndex(list(words).index(chosen))
    return box
