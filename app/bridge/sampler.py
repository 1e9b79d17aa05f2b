"""The ledger's changes as Qt signals: sampled while anything moves, in the main thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bridge.mirror import Mirror
from app.core.events import BatchPhase, ChangeSet

SAMPLE_MS = 50


class Sampler(QObject):
    """Keeps `mirror` like the ledger, at 20 Hz while anything moves. Main thread, unless said otherwise.

    Row data is looked up in `mirror`, which has changed already when a signal about it is sent.
    """

    batch_added = Signal(str)
    rows_added = Signal(str, int, int)  # batch id, first index, count
    rows_changed = Signal(str, object)  # batch id, list of (first, last)
    batch_changed = Signal(str)
    batch_finished = Signal(str)  # once a run of the batch, after the last batch_changed of it

    _woken = Signal()
    _sampled = Signal(object)

    def __init__(self, ask_changes: Callable[[], None], parent: QObject | None = None) -> None:
        """`ask_changes` returns at once, and has the engine's thread call `give`."""
        super().__init__(parent)
        self.mirror = Mirror()
        self._ask_changes = ask_changes
        self._finished: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(SAMPLE_MS)
        self._timer.timeout.connect(self._ask_changes)
        self._woken.connect(self._wake)
        self._sampled.connect(self._take)

    def wake(self) -> None:
        """Something has changed after a look that found nothing. Any thread."""
        self._woken.emit()

    def give(self, changes: ChangeSet) -> None:
        """What has changed since the last look. Any thread."""
        self._sampled.emit(changes)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @Slot()
    def _wake(self) -> None:
        if not self._timer.isActive():
            self._timer.start()
            self._ask_changes()

    @Slot(object)
    def _take(self, changes: ChangeSet) -> None:
        if changes.is_empty:
            self._timer.stop()
            return
        applied = self.mirror.apply(changes)
        for batch_id in applied.new_batches:
            self.batch_added.emit(batch_id)
        for batch_id, first, count in applied.added:
            self.rows_added.emit(batch_id, first, count)
        for batch_id, spans in applied.changed.items():
            self.rows_changed.emit(batch_id, spans)
        for batch_id in applied.batches:
            self.batch_changed.emit(batch_id)
            self._tell_finished(batch_id)

    def _tell_finished(self, batch_id: str) -> None:
        has_ended = self.mirror.batch(batch_id).phase is BatchPhase.ENDED
        if has_ended and batch_id not in self._finished:
            self._finished.add(batch_id)
            self.batch_finished.emit(batch_id)
        elif not has_ended:
            self._finished.discard(batch_id)
