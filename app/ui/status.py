"""The status bar: how fast, how long still, how many slots, and connected to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStatusBar, QWidget

from app.core.events import BatchPhase, BatchSnapshot, Wait
from app.ui.format import count_text, duration_text, rate_text
from app.ui.plain import plain_label, shown_name
from app.ui.sparkline import Sparkline
from app.ui.transfers.words import wait_words

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge


class StatusBar(QStatusBar):
    """Adds up the batches that run."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.transfers = plain_label("", self)
        self.connection = plain_label("", self)
        self.sparkline = Sparkline(self)
        self.addWidget(self.sparkline)
        self.addWidget(self.transfers, 1)
        self.addPermanentWidget(self.connection)
        self.setContentsMargins(8, 0, 8, 0)
        self._words = ""
        self._wait: Wait | None = None
        bridge.batch_changed.connect(self._show_transfers)
        bridge.wait_changed.connect(self._show_wait)
        self._show_transfers()

    def show_connection(self, label: str, endpoint: str) -> None:
        """Name the current connection; nothing when there is none."""
        words = f"connected to {label}" if label else "not connected"
        self._words = shown_name(f"{words} · {endpoint}" if endpoint else words)
        self._show_words()

    @Slot(object)
    def _show_wait(self, wait: Wait | None) -> None:
        self._wait = wait
        self._show_words()

    def _show_words(self) -> None:
        wait = f"{wait_words(self._wait)} · " if self._wait else ""
        self.connection.setText(wait + self._words)

    @Slot()
    def _show_transfers(self) -> None:
        running = running_batches(self._bridge)
        self.transfers.setText(transfers_text(running))
        self.sparkline.setVisible(bool(running))
        if running:
            self.sparkline.add(sum(batch.speed_bps for batch in running))
        else:
            self.sparkline.clear()


def running_batches(bridge: EngineBridge) -> list[BatchSnapshot]:
    """The batches that have not ended."""
    mirror = bridge.mirror
    batches = (mirror.batch(batch_id) for batch_id in mirror.batch_ids())
    return [batch for batch in batches if batch.phase is not BatchPhase.ENDED]


def transfers_text(running: list[BatchSnapshot]) -> str:
    """All running batches in one line; the time left is only told when it is known for each."""
    if not running:
        return "No transfers running"
    rate = rate_text(sum(batch.speed_bps for batch in running))
    etas = [batch.eta_s for batch in running]
    eta = "" if None in etas else duration_text(max(eta for eta in etas if eta is not None))
    used = sum(batch.slots_used for batch in running)
    slots = f"{count_text(used)} of {count_text(max(batch.policy.jobs for batch in running))} slots"
    return " · ".join(part for part in (rate, f"ETA {eta}" if eta else "", slots) if part)
