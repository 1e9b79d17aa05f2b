"""The Transfers panel: header, banner and table over the batches of the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.core.errors import ErrorRecord
from app.core.events import BatchPhase, BatchSnapshot, Outcome, Wait
from app.core.states import State
from app.ui.plan.reviews import PlanReviews
from app.ui.theme import GRID
from app.ui.transfers.actions import TransferActions
from app.ui.transfers.banner import Banner
from app.ui.transfers.batch_words import is_unfinished
from app.ui.transfers.cells import Column
from app.ui.transfers.empty import EmptyState
from app.ui.transfers.header import TransfersHeader
from app.ui.transfers.leftover import LeftoverStrip
from app.ui.transfers.model import TransfersModel
from app.ui.transfers.opening import Opening
from app.ui.transfers.reports import Reports
from app.ui.transfers.view import TransfersView

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

CLOCK_MS = 1000
"""How often "retrying in 4 s" counts down."""

NOTHING_YET = "No transfers yet. Select files above and press Download."
NOTHING_MATCHES = "No transfer matches the filter."


class TransfersPanel(QWidget):
    """All transfers of this window. Main thread only; holds no state of record."""

    sign_in_asked = Signal()  # a batch begins to wait until somebody has signed in
    told = Signal(str)  # a word for the status bar

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._mirror = bridge.mirror
        self._unread: list[str] = []
        self._asking: tuple[str, Wait] | None = None
        self._asked: set[int] = set()  # of the strip
        self.setAccessibleName("Transfers panel")
        self.model = TransfersModel(bridge, self)
        self.table = TransfersView(self.model, self)
        self.commands = TransferActions(bridge, self.model, self.table)
        self.opening = Opening(bridge, self.commands.current, self)
        self.reports = Reports(bridge, self.commands.touched, self)
        self.plans = PlanReviews(bridge, self.commands.touched, self)
        self.header = TransfersHeader(self.commands.stop, self)
        self.leftover = LeftoverStrip(self)
        self.banner = Banner(self)
        self._empty = EmptyState(self)
        self._stack = QStackedWidget(self)
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._arrange()
        self._connect()
        self._refresh()

    # What the window uses

    @property
    def stop_action(self) -> QAction:
        """The checkable "Stop on first error", to be put into a menu as well."""
        return self.commands.stop

    @property
    def cancel_action(self) -> QAction:
        """Cancel the selected transfers."""
        return self.commands.cancel

    def menu_items(self) -> list[QAction | None]:
        """What the window's menu offers of the panel; None is a line between two groups."""
        commands = self.commands
        pausing = [commands.pausing.selected, commands.pausing.everything]
        again = [*pausing, None, commands.retry_failed, commands.cancel, None, commands.show_cause]
        files = [self.opening.open, self.opening.reveal]
        return [commands.stop, self.plans.show_plan, None, *again, None, *files, None, *self.reports.actions]

    def context_menu(self) -> QMenu:
        """What can be done with the selection."""
        menu = self.commands.menu(self)
        menu.insertAction(menu.actions()[0], self.plans.show_plan)
        for actions in ([self.opening.open, self.opening.reveal], self.reports.actions):
            menu.addSeparator()
            menu.addActions(actions)
        return menu

    @property
    def retry_failed_action(self) -> QAction:
        """Run the failed transfers of the selected batches again; without a selection, of all."""
        return self.commands.retry_failed

    @Slot(str, object)
    def show_place(self, batch_id: str, index: int | None) -> None:
        """Select and scroll to a row, or to a batch (None), whatever filter or fold hides it."""
        if index is not None:
            self.model.set_unfolded(batch_id, True)
        if self.model.position(batch_id, index) is None:
            self.header.show_all()
        position = self.model.position(batch_id, index)
        if position is not None:
            self.table.show_line(position)
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes what is on top: the search, then the banner."""
        if event.key() == Qt.Key.Key_Escape:
            if self.header.search.text():
                self.header.search.clear()
                return
            if self.banner.isVisible() and self._asking is None:
                self._dismiss()
                return
        super().keyPressEvent(event)

    # How it is put together

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID // 2, GRID, GRID)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self.header)
        layout.addWidget(self.leftover)
        layout.addWidget(self.banner)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        layout.addWidget(self._stack, 1)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _connect(self) -> None:
        bridge = self._bridge
        bridge.batch_added.connect(self._on_batch_added)
        bridge.batch_changed.connect(self._on_batch_changed)
        bridge.batch_finished.connect(self._on_batch_finished)
        bridge.rows_changed.connect(self.commands.update_enabled)
        self.header.filter_changed.connect(self._on_filter_changed)
        self.table.selectionModel().selectionChanged.connect(self.commands.update_enabled)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.commands.show_asked.connect(self.show_place)
        self.commands.updated.connect(self.opening.update_enabled)
        self.commands.updated.connect(self.reports.update_enabled)
        self.commands.updated.connect(self.plans.update_enabled)
        self.plans.told.connect(self.told)
        self.opening.told.connect(self.told)
        self.reports.told.connect(self.told)
        self._empty.button.clicked.connect(self.header.show_all)
        self._clock.timeout.connect(self.table.viewport().update)
        bridge.unfinished_listed.connect(lambda _, left: self.leftover.offer(left))
        bridge.leftover_settled.connect(self._on_leftover_settled)
        bridge.leftover_failed.connect(self._on_leftover_failed)
        self.leftover.resume_asked.connect(lambda saved: self._asked.add(bridge.resume(saved)))
        self.leftover.discard_asked.connect(lambda saved: self._asked.add(bridge.forget(saved)))
        self.banner.show_asked.connect(self._show_culprit)
        self.banner.retry_asked.connect(self._retry_culprit)
        self.banner.resume_asked.connect(lambda: self._bridge.retry(self._unread[-1]))
        self.banner.probe_asked.connect(lambda: self._bridge.probe(self._unread[-1]))
        self.banner.resume_others_asked.connect(lambda: self.commands.resume_others(self._unread[-1]))
        self.banner.sign_in_done.connect(self._go_on_signed_in)
        self.banner.dismissed.connect(self._dismiss)

    # What the bridge tells

    @Slot(str)
    def _on_batch_added(self, batch_id: str) -> None:
        self.leftover.drop(batch_id)
        # The rows of the same change set come after this signal: scroll once they are there.
        QTimer.singleShot(0, self, lambda: self._scroll_to(batch_id))

    @Slot(int)
    def _on_leftover_settled(self, token: int) -> None:
        if token in self._asked:
            self._asked.discard(token)
            self.leftover.taken()

    @Slot(int, object)
    def _on_leftover_failed(self, token: int, error: ErrorRecord) -> None:
        if token in self._asked:
            self._asked.discard(token)
            self.leftover.show_problem(error)

    @Slot(str)
    def _on_batch_changed(self, batch_id: str) -> None:
        if batch_id in self._unread and self._mirror.batch(batch_id).phase is not BatchPhase.ENDED:
            self._unread.remove(batch_id)
            self._show_banner()
        self._refresh()

    @Slot(str)
    def _on_batch_finished(self, batch_id: str) -> None:
        batch = self._mirror.batch(batch_id)
        # "Retry it" ends well and leaves the others as they were: they are still to be resumed.
        has_rest = is_unfinished(batch) and batch.counts[State.STOPPED] > 0
        if has_rest or batch.outcome in (Outcome.STOPPED, Outcome.FAILED):
            self._unread.append(batch_id)
            self._show_banner()

    def _refresh(self) -> None:
        """Counts, commands, the empty state and the clock after something of a batch changed."""
        batches = [self._mirror.batch(batch_id) for batch_id in self._mirror.batch_ids()]
        self.header.set_counts(batches)
        self._heed_sign_in(batches)
        self.commands.update_enabled()
        self._show_table_or_empty()
        is_moving = any(batch.phase is not BatchPhase.ENDED for batch in batches)
        if is_moving is not self._clock.isActive():
            self._clock.start() if is_moving else self._clock.stop()

    def _show_table_or_empty(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.table)
            return
        is_filtered = bool(self._mirror.batch_ids())
        self._empty.label.setText(NOTHING_MATCHES if is_filtered else NOTHING_YET)
        self._empty.button.setVisible(is_filtered)
        self._stack.setCurrentWidget(self._empty)

    def _scroll_to(self, batch_id: str) -> None:
        position = self.model.position(batch_id)
        if position is not None:
            index = self.model.index(position, Column.NAME)
            self.table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtTop)

    # What a person asks

    @Slot(object)
    def _on_filter_changed(self) -> None:
        self.model.set_filter(self.header.row_filter())
        self.commands.update_enabled()
        self._show_table_or_empty()

    @Slot(QPoint)
    def _open_menu(self, at: QPoint) -> None:
        if self.table.indexAt(at).isValid():
            menu = self.context_menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.table.viewport().mapToGlobal(at))

    # The banner

    def _heed_sign_in(self, batches: list[BatchSnapshot]) -> None:
        """One banner for whatever waits for a sign-in, however many files and batches that are."""
        waiting = ((batch.batch_id, batch.wait) for batch in reversed(batches) if batch.wait)
        asking = next(((batch_id, wait) for batch_id, wait in waiting if wait.needs_person), None)
        if asking != self._asking:
            self._asking = asking
            self._show_banner()
            if asking is not None:
                self.sign_in_asked.emit()

    def _show_banner(self) -> None:
        """What waits for a sign-in; else the newest batch that ended badly, not dismissed nor run again."""
        if self._asking is not None:
            batch_id, wait = self._asking
            self.banner.show_sign_in(self._mirror.batch(batch_id), wait)
            return
        if not self._unread:
            self.banner.hide()
            return
        batch = self._mirror.batch(self._unread[-1])
        index = batch.first_error_index
        path = "" if index is None else self._mirror.seed(batch.batch_id, index).path
        self.banner.show_batch(batch, path)

    @Slot()
    def _show_culprit(self) -> None:
        batch = self._mirror.batch(self._unread[-1])
        self.show_place(batch.batch_id, batch.first_error_index)

    @Slot()
    def _retry_culprit(self) -> None:
        batch = self._mirror.batch(self._unread[-1])
        if batch.first_error_index is not None:
            self._bridge.retry(batch.batch_id, [batch.first_error_index])

    @Slot()
    def _go_on_signed_in(self) -> None:
        if self._asking is not None:
            self._bridge.sign_in_again(self._asking[0])

    @Slot()
    def _dismiss(self) -> None:
        self._unread.pop()
        self._show_banner()
