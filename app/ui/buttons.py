"""A push button of a dialog or a strip: Return presses it only where it has the focus."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QWidget

from app.ui.plain import as_tooltip


def push_button(text: str, parent: QWidget, do: object = None, *, tooltip: str = "") -> QPushButton:
    """A button that calls `do`, a slot or a signal, where it is given."""
    button = QPushButton(text, parent)
    button.setAutoDefault(False)
    if tooltip:
        button.setToolTip(as_tooltip(tooltip))
    if do is not None:
        button.clicked.connect(do)
    return button
