"""Pausing and going on: of what is selected, and of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction

from app.bridge.mirror import Mirror
from app.core.events import BatchPhase
from app.core.states import State
from app.ui import theme
from app.ui.transfers.chosen import Chosen, narrowed
from app.ui.transfers.view import TransfersView

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

RUNNABLE = frozenset({State.QUEUED, State.RUNNING})
PAUSED = frozenset({State.PAUSED})


class PauseActions(QObject):
    """Owns two actions, each of which pauses what runs or waits and, where nothing does, goes on with it."""

    def __init__(self, bridge: EngineBridge, view: TransfersView, chosen: Callable[[], Chosen]) -> None:
        """`chosen` gives what is selected; it takes its time where that is much."""
        super().__init__(view)
        self._bridge = bridge
        self._mirror: Mirror = bridge.mirror
        self._chosen = chosen
        self.selected = QAction("Pause", self)
        self.selected.setShortcut(Qt.Key.Key_Space)
        self.selected.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.selected.triggered.connect(self._toggle_selected)
        theme.dress(self.selected, "paused")
        view.addAction(self.selected)
        self.everything = QAction("Pause everything", self)
        self.everything.triggered.connect(self._toggle_everything)

    def update_enabled(self, *, can_pause: bool, can_resume: bool) -> None:
        """Look again at what each action could do; of the selection that is told."""
        self.selected.setText("Resume" if can_resume and not can_pause else "Pause")
        self.selected.setEnabled(can_pause or can_resume)
        is_pausable, is_paused = self._can_pause_everything(), self._can_resume_everything()
        self.everything.setText("Resume everything" if is_paused and not is_pausable else "Pause everything")
        self.everything.setEnabled(is_pausable or is_paused)

    def _can_pause_everything(self) -> bool:
        batches = [self._mirror.batch(batch_id) for batch_id in self._mirror.batch_ids()]
        return any(batch.phase is not BatchPhase.ENDED and not batch.is_paused for batch in batches)

    def _can_resume_everything(self) -> bool:
        batches = [self._mirror.batch(batch_id) for batch_id in self._mirror.batch_ids()]
        return any(batch.is_paused or batch.counts[State.PAUSED] for batch in batches)

    @Slot()
    def _toggle_selected(self) -> None:
        chosen = self._chosen()
        runnable = narrowed(self._mirror, chosen, RUNNABLE)
        for batch_id, rows in runnable.items():
            self._bridge.pause(batch_id, rows)
        if not runnable:
            for batch_id, rows in narrowed(self._mirror, chosen, PAUSED).items():
                self._bridge.unpause(batch_id, rows)

    @Slot()
    def _toggle_everything(self) -> None:
        if self._can_pause_everything():
            self._bridge.pause()
        else:
            self._bridge.unpause()
