"""The dialog that adds or changes a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QVBoxLayout, QWidget

from app.core.errors import ErrorRecord
from app.core.objects import ConnectionSpec, ProfileInfo
from app.ui.browser.location import Location
from app.ui.browser.states import error_detail
from app.ui.connect.form import ConnectionForm
from app.ui.plain import plain_label
from app.ui.theme import Role, icon

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

ICON_PX = 16


class ConnectDialog(QDialog):
    """Asks for a connection; stays open and usable until it stands or the person gives up."""

    connect_asked = Signal(object, object)  # ConnectionSpec, Location or None

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a connection")
        self.form = ConnectionForm(self)
        self._picture = plain_label("", self)
        self._picture.setPixmap(icon("failed", Role.NEGATIVE).pixmap(QSize(ICON_PX, ICON_PX)))
        self.message = plain_label("", self)
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.connect_button = self._buttons.addButton("Connect", QDialogButtonBox.ButtonRole.AcceptRole)
        self.connect_button.setDefault(True)
        self._buttons.accepted.connect(self._ask)
        self._buttons.rejected.connect(self.reject)
        self.form.edited.connect(self._show_ready)
        self._lay_out()
        self._show_ready()
        bridge.profiles_listed.connect(self._take_profiles)
        self._token = bridge.list_profiles()

    def show_spec(self, spec: ConnectionSpec, start: Location | None, *, needs_keys: bool = False) -> None:
        """Fill the fields with a connection that exists already."""
        self.setWindowTitle("Connect")
        self.form.show_spec(spec, start, needs_keys=needs_keys)
        if needs_keys:
            self._say("The keys of this connection are not kept. Type them again.", is_error=False)
            self.form.access_key_id.setFocus()

    @Slot(str, object)
    def show_error(self, _label: str, error: ErrorRecord) -> None:
        """Say why the connection could not be made; the fields stay as they are."""
        self._set_busy(False)
        self._say("\n".join(part for part in (error.message, error_detail(error)) if part), is_error=True)
        self.connect_button.setText("Retry")
        self.connect_button.setFocus()

    @Slot()
    def _ask(self) -> None:
        problem = self.form.problem()
        if problem is not None:
            self._say(problem.text, is_error=True)
            problem.field.setFocus()
            return
        self._say("Connecting…", is_error=False)
        self._set_busy(True)
        self.connect_asked.emit(self.form.spec(), self.form.start())

    @Slot(int, object)
    def _take_profiles(self, token: int, profiles: tuple[ProfileInfo, ...]) -> None:
        if token == self._token:
            self.form.show_profiles(profiles)

    @Slot()
    def _show_ready(self) -> None:
        self._say("", is_error=False)
        self.connect_button.setText("Connect")

    def _set_busy(self, is_busy: bool) -> None:
        self.form.setEnabled(not is_busy)
        self.connect_button.setEnabled(not is_busy)

    def _say(self, text: str, *, is_error: bool) -> None:
        self.message.setText(text)
        self._picture.setVisible(is_error)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.message, 1)
        # Room for two lines from the start: an error that comes moves nothing.
        self.message.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(16)
        column.addWidget(self.form)
        column.addLayout(line)
        column.addStretch(1)
        column.addWidget(self._buttons)
