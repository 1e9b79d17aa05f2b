"""What is taken out of the Transfers panel: failures as text or CSV, and receipts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QObject, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QWidget

from app.core.errors import ErrorRecord
from app.core.events import BatchPhase
from app.ui.format import count_text
from app.ui.plain import shown_name
from app.ui.saving import ChooseFile, InPieces, choose_file, save_text
from app.ui.transfers.chosen import FAILED, has_any
from app.ui.transfers.failures import failures_csv, failures_text

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge


class Reports(QObject):
    """Owns the actions over the batches that `touched` names. Main thread only."""

    told = Signal(str)  # what came of it, for the status bar

    def __init__(
        self,
        bridge: EngineBridge,
        touched: Callable[[], list[str]],
        parent: QWidget,
        choose: ChooseFile = choose_file,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._mirror = bridge.mirror
        self._touched = touched
        self._window = parent
        self._choose = choose
        self._receipts: dict[int, str] = {}
        self.copy_failures = self._action("Copy failures as text", self._copy_failures)
        self.export_failures = self._action("Export failures as CSV…", self._export_failures)
        self.save_receipt = self._action("Save receipt…", self._save_receipt)
        bridge.receipt_made.connect(self._write_receipt)
        bridge.receipt_failed.connect(self._tell_no_receipt)
        self.update_enabled()

    @property
    def actions(self) -> list[QAction]:
        """All of them, in the order of a menu."""
        return [self.copy_failures, self.export_failures, self.save_receipt]

    @Slot()
    def update_enabled(self) -> None:
        """Look again at what each action could do."""
        touched = self._touched()
        has_failures = any(has_any(self._mirror, batch_id, FAILED) for batch_id in touched)
        self.copy_failures.setEnabled(has_failures)
        self.export_failures.setEnabled(has_failures)
        self.save_receipt.setEnabled(self._ended() is not None)

    def _action(self, text: str, command: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(command)
        return action

    def _ended(self) -> str | None:
        """The one batch that a receipt can be of; None when it runs, or when there are several."""
        touched = self._touched()
        if len(touched) != 1 or self._mirror.batch(touched[0]).phase is not BatchPhase.ENDED:
            return None
        return touched[0]

    @Slot()
    def _copy_failures(self) -> None:
        pieces: list[str] = []

        def gather() -> Iterator[None]:
            for piece in failures_text(self._mirror, touched):
                pieces.append(piece)
                yield

        def copy() -> None:
            QGuiApplication.clipboard().setText("".join(pieces).rstrip())
            self.told.emit(f"{count_text(sum(map(bool, pieces)))} failures copied")

        touched = self._touched()
        InPieces(gather(), copy, self)

    @Slot()
    def _export_failures(self) -> None:
        touched = self._touched()
        self._ask("Export failures", "failures.csv", lambda: failures_csv(self._mirror, touched))

    def _ask(self, title: str, name: str, text: Callable[[], Iterator[str]]) -> None:
        begin = QDir.home().filePath(name)
        self._choose(self._window, title, begin, lambda path: self._save(path, text()))

    def _save(self, path: str, text: Iterator[str]) -> None:
        name = shown_name(path)

        def tell(problem: str) -> None:
            self.told.emit(f"{name} could not be saved. {problem}" if problem else f"Saved {name}")

        save_text(path, text, tell, self)

    @Slot()
    def _save_receipt(self) -> None:
        batch_id = self._ended()
        if batch_id is not None:
            begin = QDir.home().filePath(f"receipt-{batch_id}.json")
            self._choose(self._window, "Save receipt", begin, lambda path: self._ask_receipt(batch_id, path))

    def _ask_receipt(self, batch_id: str, path: str) -> None:
        self._receipts[self._bridge.make_receipt(batch_id)] = path

    @Slot(int, object)
    def _write_receipt(self, token: int, receipt: dict[str, object]) -> None:
        path = self._receipts.pop(token, None)
        if path is not None:
            self._save(path, receipt_text(receipt))

    @Slot(int, object)
    def _tell_no_receipt(self, token: int, error: ErrorRecord) -> None:
        if self._receipts.pop(token, None) is not None:
            self.told.emit(shown_name(f"There is no receipt. {error.message}"))


def receipt_text(receipt: dict[str, object]) -> Iterator[str]:
    """A receipt as JSON, a file a piece."""
    head = {name: value for name, value in receipt.items() if name != "files"}
    files = receipt["files"]
    assert isinstance(files, list)
    yield json.dumps(head, indent=1).removesuffix("\n}") + ',\n "files": ['
    for number, file in enumerate(files):
        yield f"{',' if number else ''}\n  {json.dumps(file)}"
    yield "\n ]\n}\n"
