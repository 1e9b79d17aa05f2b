"""The commands of the Transfers panel: when they can act, and what they ask of the bridge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.bridge.mirror import Span
from app.core.events import BatchPhase, BatchSnapshot
from app.core.policy import StopPolicy
from app.core.states import State
from app.ui import theme
from app.ui.transfers import words
from app.ui.transfers.chosen import (
    ACTIVE,
    AGAIN,
    FAILED,
    Chosen,
    can_act,
    chosen_rows,
    has_any,
    narrowed,
    places,
    rows_in,
)
from app.ui.transfers.layout import Place
from app.ui.transfers.model import TransfersModel
from app.ui.transfers.pausing import PAUSED, RUNNABLE, PauseActions
from app.ui.transfers.policy_menu import PolicyMenu
from app.ui.transfers.view import TransfersView

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

STOP_TOOLTIP = (
    "On: the first file that fails ends its batch at once. Waiting files are not started; running files let "
    "go of their connections and keep the bytes they have, so that they can be resumed.\n"
    "Off: a batch goes on after an error and lists it.\n"
    "It counts from now on. Switching it on does not stop a batch for an error it already had; switching it "
    "off does not revive a batch that is being stopped."
)


class TransferActions(QObject):
    """Owns the actions; every one is enabled only while it can act on the selection."""

    show_asked = Signal(str, object)  # batch id, row or None: go there
    updated = Signal()  # the selection, or what can be done with it, may be another

    def __init__(self, bridge: EngineBridge, model: TransfersModel, view: TransfersView) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._mirror = bridge.mirror
        self._model = model
        self._view = view
        self.stop = QAction("Stop on first error", self)
        self.stop.setCheckable(True)
        self.stop.setChecked(StopPolicy().stop_on_first_error)
        self.stop.setToolTip(STOP_TOOLTIP)
        self.stop.toggled.connect(bridge.set_stop_on_first_error)
        self.cancel = self._action("Cancel", "cancel", self._cancel)
        self.cancel.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.pausing = PauseActions(bridge, view, self._chosen)
        self.retry = self._action("Retry", "retry", self._retry)
        self.retry_failed = self._action("Retry failed", "retry", self._retry_failed)
        self.show_cause = self._action("Show what stopped it", "", self._show_cause)
        self.show_cause.setShortcut("Ctrl+E")
        self.copy_error = self._action("Copy error", "", self._copy_error)
        self.copy_path = self._action("Copy path", "", self._copy_path)
        self.copy_path.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        for action in (self.cancel, self.show_cause, self.copy_path):
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            view.addAction(action)
        self.update_enabled()

    def menu(self, parent: QWidget) -> QMenu:
        """A context menu over the selection."""
        menu = QMenu(parent)
        menu.addActions([self.pausing.selected, self.cancel, self.retry, self.retry_failed])
        batch = self._one_running()
        if batch is not None:
            menu.addSeparator()
            set_stop = partial(self._bridge.set_stop, batch.batch_id)
            menu.addMenu(PolicyMenu(batch.policy.stop, set_stop, menu))
        menu.addSeparator()
        menu.addAction(self.show_cause)
        menu.addSeparator()
        menu.addActions([self.copy_error, self.copy_path])
        return menu

    @Slot()
    def update_enabled(self) -> None:
        """Look again at what each action could do."""
        lines = self._lines()
        self.pausing.update_enabled(
            can_pause=can_act(self._model, self._mirror, lines, RUNNABLE),
            can_resume=can_act(self._model, self._mirror, lines, PAUSED),
        )
        self.cancel.setEnabled(can_act(self._model, self._mirror, lines, ACTIVE))
        self.retry.setEnabled(can_act(self._model, self._mirror, lines, AGAIN))
        self.retry_failed.setEnabled(any(has_any(self._mirror, batch, FAILED) for batch in self.touched()))
        self.show_cause.setEnabled(self._cause() is not None)
        self.copy_error.setEnabled(can_act(self._model, self._mirror, lines, FAILED))
        self.copy_path.setEnabled(bool(lines))
        self.updated.emit()

    def resume_others(self, batch_id: str) -> None:
        """Run again what of a batch is not done, without the files that failed themselves."""
        rows = rows_in(self._mirror, batch_id, AGAIN - FAILED)
        if rows:
            self._bridge.retry(batch_id, rows)

    def current(self) -> Place | None:
        """The place of the one selected line; None when there are none or several."""
        lines = self._lines()
        is_one = len(lines) == 1 and lines[0][0] == lines[0][1]
        return self._model.place(lines[0][0]) if is_one else None

    def _action(self, text: str, icon: str, command: object) -> QAction:
        action = QAction(text, self)
        if icon:
            theme.dress(action, icon)
        action.triggered.connect(command)
        return action

    def _lines(self) -> list[Span]:
        return sorted((item.top(), item.bottom()) for item in self._view.selectionModel().selection())

    def _chosen(self) -> Chosen:
        return chosen_rows(self._model, self._lines())

    def touched(self) -> list[str]:
        """The batches of the selection; without one, all of them."""
        lines = self._lines()
        if not lines:
            return list(self._mirror.batch_ids())
        edges = ((edge, edge) for span in lines for edge in span)
        first_and_last = [place.batch_id for place in places(self._model, edges)]
        known = list(self._mirror.batch_ids())
        return known[known.index(first_and_last[0]) : known.index(first_and_last[-1]) + 1]

    def _one_running(self) -> BatchSnapshot | None:
        """The batch of the selection, while it is only one and has not ended."""
        touched = self.touched() if self._lines() else []
        batch = self._mirror.batch(touched[0]) if len(touched) == 1 else None
        return None if batch is None or batch.phase is BatchPhase.ENDED else batch

    def _cause(self) -> Place | None:
        """Where the error stands that stopped the selected row, or the selected batch."""
        lines = self._lines()
        if not lines:
            return None
        place = self._model.place(lines[0][0])
        batch = self._mirror.batch(place.batch_id)
        if place.index is None:
            return Place(place.batch_id, batch.first_error_index) if batch.first_error else None
        row = self._mirror.row(place.batch_id, place.index)
        is_told = row.stopped_by is not None or batch.first_error is not None
        return Place(place.batch_id, row.stopped_by) if row.state is State.STOPPED and is_told else None

    @Slot()
    def _show_cause(self) -> None:
        cause = self._cause()
        if cause is not None:
            self.show_asked.emit(cause.batch_id, cause.index)

    @Slot()
    def _cancel(self) -> None:
        for batch_id, rows in narrowed(self._mirror, self._chosen(), ACTIVE).items():
            self._bridge.cancel(batch_id, rows)

    @Slot()
    def _retry(self) -> None:
        for batch_id, rows in narrowed(self._mirror, self._chosen(), AGAIN).items():
            self._bridge.retry(batch_id, rows)

    @Slot()
    def _retry_failed(self) -> None:
        for batch_id in self.touched():
            rows = rows_in(self._mirror, batch_id, FAILED)
            if rows:
                self._bridge.retry(batch_id, rows)

    @Slot()
    def _copy_error(self) -> None:
        errors = []
        for place in places(self._model, self._lines()):
            if place.index is None:
                error = self._mirror.batch(place.batch_id).first_error
            else:
                error = self._mirror.row(place.batch_id, place.index).error
            if error is not None:
                errors.append(words.error_details(error))
        QGuiApplication.clipboard().setText("\n\n".join(dict.fromkeys(errors)))

    @Slot()
    def _copy_path(self) -> None:
        paths = []
        for place in places(self._model, self._lines()):
            folder = self._mirror.batch(place.batch_id).destination
            if place.index is None:
                paths.append(folder)
            else:
                paths.append(f"{folder.rstrip('/')}/{self._mirror.seed(place.batch_id, place.index).path}")
        QGuiApplication.clipboard().setText("\n".join(paths))
