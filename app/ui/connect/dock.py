"""The left dock: the current connection with its buckets, and those remembered."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import ErrorKind
from app.ui.connect.controller import ConnectionController
from app.ui.connect.remembered import Remembered
from app.ui.plain import as_tooltip, plain_label, shown_name
from app.ui.theme import Role, icon

MAY_NOT_LIST = "This account may not list buckets. Open one by name."
WIDTH_PX = 208
_VALUE = Qt.ItemDataRole.UserRole


class ConnectionDock(QDockWidget):
    """Shows what the controller and the preferences hold; tells what a person chose."""

    bucket_chosen = Signal(str)
    remembered_chosen = Signal(object)  # Remembered

    def __init__(
        self, controller: ConnectionController, add_action: QAction, open_action: QAction, parent: QWidget
    ) -> None:
        super().__init__("Connections", parent)
        self.setObjectName("connections")
        self._controller = controller
        self._remembered: tuple[Remembered, ...] = ()
        self._open_bucket = ""
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setAccessibleName("Connections and buckets")
        self.tree.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.tree.itemActivated.connect(self._choose)
        self.tree.itemClicked.connect(self._choose_bucket)
        self.note = plain_label("", self)
        self.note.setWordWrap(True)
        self.open_button = QPushButton("Open bucket…", self)
        self.open_button.clicked.connect(open_action.trigger)
        self.retry_button = QPushButton("Retry", self)
        self.retry_button.clicked.connect(controller.list_buckets)
        self._lay_out(add_action)
        controller.buckets_changed.connect(self._show)
        controller.connected.connect(self._show)
        self._show()

    def show_remembered(self, remembered: tuple[Remembered, ...]) -> None:
        """Show these below the current connection."""
        self._remembered = remembered
        self._show()

    def mark_bucket(self, bucket: str) -> None:
        """Make the open bucket the current item, now if it is shown, else when it comes."""
        self._open_bucket = bucket
        top = self.tree.topLevelItem(0)
        for row in range(top.childCount() if top else 0):
            if top.child(row).data(0, _VALUE) == bucket:
                self.tree.setCurrentItem(top.child(row))
                return

    def _lay_out(self, add_action: QAction) -> None:
        title = QWidget(self)
        add_button = QToolButton(title)
        add_button.setDefaultAction(add_action)
        add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        add_button.setAutoRaise(True)
        add_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(title)
        row.setContentsMargins(8, 4, 4, 4)
        row.addWidget(plain_label("Connections", title), 1)
        row.addWidget(add_button)
        self.setTitleBarWidget(title)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tree, 1)
        below = QVBoxLayout()
        below.setContentsMargins(8, 8, 8, 8)
        below.setSpacing(8)
        for widget in (self.note, self.open_button, self.retry_button):
            below.addWidget(widget)
        column.addLayout(below)
        self.setWidget(content)
        self.setMinimumWidth(WIDTH_PX)

    @Slot()
    def _show(self) -> None:
        """Build the tree anew: some connections and the buckets of one account are few."""
        self.tree.clear()
        info = self._controller.info
        if info is not None:
            current = QTreeWidgetItem([shown_name(info.label)])
            current.setIcon(0, icon("plug", Role.ACCENT))
            current.setToolTip(0, as_tooltip(info.endpoint))
            font = current.font(0)
            font.setBold(True)
            current.setFont(0, font)
            self.tree.addTopLevelItem(current)
            current.addChildren([self._bucket_item(bucket.name) for bucket in self._controller.buckets])
            current.setExpanded(True)
        kept = None if info is None or info.is_demo else Remembered.of(info.spec)
        for remembered in self._remembered:
            if kept is None or not remembered.is_same_connection(kept):
                self.tree.addTopLevelItem(_remembered_item(remembered))
        self.mark_bucket(self._open_bucket)
        self._show_note()

    def _show_note(self) -> None:
        controller = self._controller
        error = controller.buckets_error
        is_refused = error is not None and error.kind in (ErrorKind.ACCESS_DENIED, ErrorKind.NO_CREDENTIALS)
        text = ""
        if error is not None:
            text = MAY_NOT_LIST if is_refused else error.message
        elif controller.is_loading_buckets:
            text = "Loading the buckets…"
        elif controller.info is not None and not controller.buckets:
            text = "This account has no buckets."
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self.open_button.setVisible(controller.info is not None and not controller.info.is_demo)
        self.retry_button.setVisible(error is not None and not is_refused)

    @staticmethod
    def _bucket_item(bucket: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([shown_name(bucket)])
        item.setIcon(0, icon("folder", Role.MUTED))
        item.setToolTip(0, as_tooltip(bucket))
        item.setData(0, _VALUE, bucket)
        return item

    def _choose(self, item: QTreeWidgetItem) -> None:
        value = item.data(0, _VALUE)
        if isinstance(value, Remembered):
            self.remembered_chosen.emit(value)
        elif isinstance(value, str):
            self.bucket_chosen.emit(value)

    def _choose_bucket(self, item: QTreeWidgetItem) -> None:
        if isinstance(item.data(0, _VALUE), str):
            self.bucket_chosen.emit(item.data(0, _VALUE))


def _remembered_item(remembered: Remembered) -> QTreeWidgetItem:
    item = QTreeWidgetItem([shown_name(remembered.spec.label)])
    item.setIcon(0, icon("plug", Role.MUTED))
    item.setToolTip(0, as_tooltip(f"Connect to {remembered.spec.label}"))
    item.setData(0, _VALUE, remembered)
    return item
