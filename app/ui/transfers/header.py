"""The line over the Transfers table: filters with their counts, the stop switch, the search."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QToolButton, QWidget

from app.core.events import BatchSnapshot
from app.ui import theme
from app.ui.format import count_text
from app.ui.plain import as_tooltip
from app.ui.theme import GRID
from app.ui.transfers.filters import RowFilter, StateFilter
from app.ui.transfers.switch import Switch

_TOOLTIPS = {
    StateFilter.ALL: "Every transfer",
    StateFilter.ACTIVE: "Waiting and running",
    StateFilter.FAILED: "With an error of their own",
    StateFilter.STOPPED: "Stopped by another file's error, or cancelled by you",
    StateFilter.DONE: "Done, or skipped",
}


class TransfersHeader(QWidget):
    """Sends `filter_changed` when a person picks another filter or types a search."""

    filter_changed = Signal(object)  # RowFilter

    def __init__(self, stop_action: QAction, parent: QWidget | None = None) -> None:
        """`stop_action` is the checkable action that the switch shows."""
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        layout.setSpacing(GRID // 2)
        self._group = QButtonGroup(self)
        self._buttons = {state: self._button(state) for state in StateFilter}
        for button in self._buttons.values():
            layout.addWidget(button)
        self._buttons[StateFilter.ALL].setChecked(True)
        layout.addStretch(1)
        self.switch = _switch_of(stop_action, self)
        layout.addWidget(self.switch)
        layout.addSpacing(GRID)
        self.search = self._search_box()
        layout.addWidget(self.search)
        self._group.buttonClicked.connect(self._tell)
        self.search.textChanged.connect(self._tell)

    def button(self, state: StateFilter) -> QToolButton:
        """The button of one filter."""
        return self._buttons[state]

    def row_filter(self) -> RowFilter:
        """What the buttons and the search say."""
        state = next(state for state, button in self._buttons.items() if button.isChecked())
        return RowFilter(state, self.search.text().strip().casefold())

    def show_all(self) -> None:
        """Take every filter away."""
        self._buttons[StateFilter.ALL].setChecked(True)
        self.search.clear()
        self._tell()

    def set_counts(self, batches: Iterable[BatchSnapshot]) -> None:
        """Show how many rows of `batches` each filter has; a button grows with its number, never shrinks."""
        known = list(batches)
        for state, button in self._buttons.items():
            text = f"{state.value} {count_text(sum(state.count(batch) for batch in known))}"
            if text != button.text():
                button.setText(text)
                button.setMinimumWidth(max(button.minimumWidth(), button.sizeHint().width()))

    @Slot()
    def _tell(self) -> None:
        self.filter_changed.emit(self.row_filter())

    def _button(self, state: StateFilter) -> QToolButton:
        button = QToolButton(self)
        button.setText(f"{state.value} 0")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setToolTip(as_tooltip(_TOOLTIPS[state]))
        button.setAccessibleName(f"Show {state.value.lower()} transfers")
        self._group.addButton(button)
        return button

    def _search_box(self) -> QLineEdit:
        box = QLineEdit(self)
        box.setPlaceholderText("Search transfers")
        box.setAccessibleName("Search transfers")
        box.setClearButtonEnabled(True)
        box.setMinimumWidth(10 * GRID)
        box.setMaximumWidth(28 * GRID)
        find = QAction(box)
        theme.dress(find, "search", theme.Role.MUTED)
        box.addAction(find, QLineEdit.ActionPosition.LeadingPosition)
        return box


def _switch_of(action: QAction, parent: QWidget) -> Switch:
    switch = Switch(action.text(), parent)
    switch.setChecked(action.isChecked())
    switch.setToolTip(as_tooltip(action.toolTip()))
    switch.setAccessibleName(action.text())
    switch.setAccessibleDescription(action.toolTip())
    switch.toggled.connect(action.setChecked)
    action.toggled.connect(switch.setChecked)
    return switch
