"""Which plans wait for a person's word: shows each when it comes, and passes the word on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.core.errors import ErrorRecord
from app.core.events import BatchPhase
from app.core.review import PlanSheet
from app.ui.plain import shown_name
from app.ui.plan.dialog import PlanDialog

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge


class PlanReviews(QObject):
    """One dialog for each batch that is PLANNED. Main thread only."""

    told = Signal(str)  # why a plan cannot be shown, for the status bar

    def __init__(self, bridge: EngineBridge, touched: Callable[[], list[str]], parent: QWidget) -> None:
        """`touched` names the batches that a person has selected."""
        super().__init__(parent)
        self._bridge = bridge
        self._mirror = bridge.mirror
        self._touched = touched
        self._window = parent
        self._waiting: set[str] = set()
        self._asked: set[int] = set()
        self.dialogs: dict[str, PlanDialog] = {}
        self.show_plan = QAction("Show the plan…", self)
        self.show_plan.triggered.connect(self._show_touched)
        bridge.batch_changed.connect(self._heed)
        bridge.plan_made.connect(self._show)
        bridge.plan_failed.connect(self._tell)
        self.update_enabled()

    @Slot()
    def update_enabled(self) -> None:
        """Look again whether there is a plan to show."""
        self.show_plan.setEnabled(any(batch_id in self._waiting for batch_id in self._touched()))

    @Slot(str)
    def _heed(self, batch_id: str) -> None:
        is_planned = self._mirror.batch(batch_id).phase is BatchPhase.PLANNED
        if is_planned and batch_id not in self._waiting:
            self._waiting.add(batch_id)
            self._ask(batch_id)
        elif not is_planned and batch_id in self._waiting:
            self._waiting.discard(batch_id)
            if batch_id in self.dialogs:
                self.dialogs[batch_id].reject()

    def _ask(self, batch_id: str) -> None:
        self._asked.add(self._bridge.show_plan(batch_id))

    @Slot()
    def _show_touched(self) -> None:
        for batch_id in self._touched():
            if batch_id in self.dialogs:
                self.dialogs[batch_id].activateWindow()
            elif batch_id in self._waiting:
                self._ask(batch_id)

    @Slot(int, object)
    def _show(self, token: int, sheet: PlanSheet) -> None:
        batch_id = sheet.batch_id
        self._asked.discard(token)
        if batch_id not in self._waiting or batch_id in self.dialogs:
            return
        dialog = PlanDialog(sheet, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.start_asked.connect(
            lambda without: self._bridge.start_planned(batch_id, without_problems=without)
        )
        dialog.cancel_asked.connect(lambda: self._bridge.cancel(batch_id))
        dialog.finished.connect(lambda _: self.dialogs.pop(batch_id, None))
        self.dialogs[batch_id] = dialog
        dialog.show()

    @Slot(int, object)
    def _tell(self, token: int, error: ErrorRecord) -> None:
        if token in self._asked:
            self._asked.discard(token)
            self.told.emit(shown_name(f"The plan cannot be shown. {error.message}"))
