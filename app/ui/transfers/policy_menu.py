"""The menu in which a person changes when a batch stops, while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.core.policy import InFlight, StopPolicy

TITLE = "When this batch stops"
_NEVER = StopPolicy(stop_on_first_error=False)
WHENS: tuple[tuple[str, StopPolicy], ...] = (
    ("On the first error", StopPolicy()),
    ("After 10 errors", replace(_NEVER, max_errors=10)),
    ("After 100 errors", replace(_NEVER, max_errors=100)),
    ("When 1 % of the files have failed", replace(_NEVER, max_percent=1)),
    ("When 10 % of the files have failed", replace(_NEVER, max_percent=10)),
    ("Only for what would fail every file", _NEVER),
)
RUNNING_FILES: tuple[tuple[str, InFlight], ...] = (
    ("Running files keep what they have", InFlight.KEEP),
    ("Running files are finished", InFlight.FINISH),
    ("Running files are discarded", InFlight.DISCARD),
)


class PolicyMenu(QMenu):
    """Shows one batch's policy; a choice calls `on_choice` with the policy that it makes."""

    def __init__(self, stop: StopPolicy, on_choice: Callable[[StopPolicy], object], parent: QWidget) -> None:
        super().__init__(TITLE, parent)
        whens = [(text, replace(when, in_flight=stop.in_flight)) for text, when in WHENS]
        self._add(whens, stop, on_choice)
        self.addSeparator()
        self._add([(text, replace(stop, in_flight=what)) for text, what in RUNNING_FILES], stop, on_choice)

    def _add(
        self,
        choices: list[tuple[str, StopPolicy]],
        current: StopPolicy,
        on_choice: Callable[[StopPolicy], object],
    ) -> None:
        group = QActionGroup(self)
        for text, policy in choices:
            action = self.addAction(text)
            action.setCheckable(True)
            action.setChecked(policy == current)
            action.triggered.connect(lambda _, policy=policy: on_choice(policy))
            group.addAction(action)
