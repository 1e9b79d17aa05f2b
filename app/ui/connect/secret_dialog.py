"""The dialog that asks for an MFA code, or whatever else the sign-in wants to know."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.bridge.secrets import SecretRequest
from app.ui.plain import plain_label, shown_name


class SecretDialog(QDialog):
    """Answers one SecretRequest: with the text on OK, with None however else it is closed."""

    def __init__(self, request: SecretRequest, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Sign in")
        self._request = request
        prompt = plain_label(shown_name(request.prompt), self)
        prompt.setWordWrap(True)
        self.line = QLineEdit(self)
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setAccessibleName("Answer")
        prompt.setBuddy(self.line)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        ok_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok_button.setEnabled(False)
        self.line.textChanged.connect(lambda text: ok_button.setEnabled(bool(text.strip())))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        for widget in (prompt, self.line, buttons):
            column.addWidget(widget)
        self.setMinimumWidth(400)
        self.finished.connect(self._answer)

    @Slot(int)
    def _answer(self, result: int) -> None:
        is_given = result == QDialog.DialogCode.Accepted
        self._request.answer(self.line.text().strip() if is_given else None)
        self.line.clear()
