"""Which batch the banner tells of, and what its buttons ask of the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.core.events import BatchPhase, Outcome, Wait
from app.core.states import State
from app.ui.transfers.actions import TransferActions
from app.ui.transfers.banner import Banner
from app.ui.transfers.batch_words import is_unfinished

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge


class BannerWatch(QObject):
    """Shows in `banner` what waits for a sign-in, else the newest batch that ended badly and is unread."""

    show_asked = Signal(str, object)  # batch id, row or None: go there
    sign_in_asked = Signal()  # a batch begins to wait until somebody has signed in

    def __init__(self, bridge: EngineBridge, banner: Banner, commands: TransferActions) -> None:
        super().__init__(banner)
        self._bridge = bridge
        self._mirror = bridge.mirror
        self._banner = banner
        self._unread: list[str] = []
        self._asking: tuple[str, Wait] | None = None
        bridge.batch_changed.connect(self._heed_change)
        bridge.batch_finished.connect(self._heed_end)
        banner.show_asked.connect(self._show_culprit)
        banner.retry_asked.connect(self._retry_culprit)
        banner.resume_asked.connect(lambda: bridge.retry(self._unread[-1]))
        banner.probe_asked.connect(lambda: bridge.probe(self._unread[-1]))
        banner.resume_others_asked.connect(lambda: commands.resume_others(self._unread[-1]))
        banner.sign_in_done.connect(self._go_on_signed_in)
        banner.dismissed.connect(self.dismiss)

    @property
    def can_dismiss(self) -> bool:
        """True while the banner tells of a batch that has ended."""
        return self._asking is None and bool(self._unread)

    @Slot()
    def dismiss(self) -> None:
        """The batch that is told of is read."""
        self._unread.pop()
        self._show()

    @Slot(str)
    def _heed_change(self, batch_id: str) -> None:
        if batch_id in self._unread and self._mirror.batch(batch_id).phase is not BatchPhase.ENDED:
            self._unread.remove(batch_id)
            self._show()
        self._heed_sign_in()

    @Slot(str)
    def _heed_end(self, batch_id: str) -> None:
        batch = self._mirror.batch(batch_id)
        # "Retry it" ends well and leaves the others as they were: they are still to be resumed.
        has_rest = is_unfinished(batch) and batch.counts[State.STOPPED] > 0
        if has_rest or batch.outcome in (Outcome.STOPPED, Outcome.FAILED):
            self._unread.append(batch_id)
            self._show()

    def _heed_sign_in(self) -> None:
        """One banner for whatever waits for a sign-in, however many files and batches that are."""
        batches = (self._mirror.batch(batch_id) for batch_id in reversed(self._mirror.batch_ids()))
        waiting = ((batch.batch_id, batch.wait) for batch in batches if batch.wait)
        asking = next(((batch_id, wait) for batch_id, wait in waiting if wait.needs_person), None)
        if asking != self._asking:
            self._asking = asking
            self._show()
            if asking is not None:
                self.sign_in_asked.emit()

    def _show(self) -> None:
        if self._asking is not None:
            batch_id, wait = self._asking
            self._banner.show_sign_in(self._mirror.batch(batch_id), wait)
            return
        if not self._unread:
            self._banner.hide()
            return
        batch = self._mirror.batch(self._unread[-1])
        index = batch.first_error_index
        path = "" if index is None else self._mirror.seed(batch.batch_id, index).path
        self._banner.show_batch(batch, path)

    @Slot()
    def _show_culprit(self) -> None:
        batch = self._mirror.batch(self._unread[-1])
        self.show_asked.emit(batch.batch_id, batch.first_error_index)

    @Slot()
    def _retry_culprit(self) -> None:
        batch = self._mirror.batch(self._unread[-1])
        if batch.first_error_index is not None:
            self._bridge.retry(batch.batch_id, [batch.first_error_index])

    @Slot()
    def _go_on_signed_in(self) -> None:
        if self._asking is not None:
            self._bridge.sign_in_again(self._asking[0])
