"""The Transfers panel: header, banner and table over the batches of the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.core.errors import ErrorRecord
from app.core.events import BatchPhase
from app.ui.plan.reviews import PlanReviews
from app.ui.theme import GRID
from app.ui.transfers.actions import TransferActions
from app.ui.transfers.banner import Banner
from app.ui.transfers.banner_watch import BannerWatch
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
        self.banners = BannerWatch(bridge, self.banner, self.commands)
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
            if self.banners.can_dismiss:
                self.banners.dismiss()
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
        bridge.batch_changed.connect(self._refresh)
        bridge.rows_added.connect(self._on_rows_added)
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
        self.banners.show_asked.connect(self.show_place)
        self.banners.sign_in_asked.connect(self.sign_in_asked)

    # What the bridge tells

    @Slot(str)
    def _on_batch_added(self, batch_id: str) -> None:
        self.leftover.drop(batch_id)
        self._scroll_soon(batch_id)

    @Slot(str, int)
    def _on_rows_added(self, batch_id: str, first: int) -> None:
        if first == 0:
            self._scroll_soon(batch_id)

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

    @Slot()
    def _refresh(self) -> None:
        """Counts, commands, the empty state and the clock after something of a batch changed."""
        batches = [self._mirror.batch(batch_id) for batch_id in self._mirror.batch_ids()]
        self.header.set_counts(batches)
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

    def _scroll_soon(self, batch_id: str) -> None:
        """Scroll to a batch once all that came with it is in the model."""
        QTimer.singleShot(0, self, lambda: self._scroll_to(batch_id))

    def _scroll_to(self, batch_id: str) -> None:
        position = self.model.position(batch_id)
        if position is not None:
            # The view takes new rows into its scroll range later; the range is needed now.
            self.table.updateGeometries()
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
