"""The plan of one batch before it starts: what will happen to each file, and the word that starts it."""

from __future__ import annotations

from PySide6.QtCore import QDir, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.core.review import PlanSheet
from app.ui.buttons import push_button
from app.ui.format import count_text, size_text
from app.ui.plain import plain_label, shown_name
from app.ui.plain_table import PlainTable
from app.ui.plan.model import Column, PlanFilter, PlanModel
from app.ui.saving import ChooseFile, choose_file, save_text
from app.ui.theme import GRID

_WIDTHS = {Column.FILE: 220, Column.TARGET: 180, Column.SIZE: 90, Column.VERDICT: 140}


class PlanDialog(QDialog):
    """Shows a plan, not modally. It asks and decides nothing; closed by Esc it leaves the batch waiting."""

    start_asked = Signal(bool)  # without the problem files
    cancel_asked = Signal()

    def __init__(
        self, sheet: PlanSheet, parent: QWidget | None = None, choose: ChooseFile = choose_file
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Plan of the download")
        self._choose = choose
        self.model = PlanModel(sheet, self)
        counts = self.model.counts()
        self.summary = plain_label(summary(sheet, counts), self)
        self.summary.setWordWrap(True)
        self.filter = QComboBox(self)
        self.filter.setAccessibleName("Show files by verdict")
        for kind, count in counts.items():
            self.filter.addItem(f"{kind.value} ({count_text(count)})", kind)
        self.table = PlainTable(self.model, "Planned files", _WIDTHS, self)
        self.note = plain_label("", self)
        self.export_button = push_button("Export as CSV…", self, self._export)
        self.cancel_button = push_button("Cancel the download", self, self.cancel_asked.emit)
        self.without_button = push_button(
            "Start without the problem files", self, lambda: self.start_asked.emit(True)
        )
        self.start_button = push_button("Start all", self, lambda: self.start_asked.emit(False))
        self.without_button.setVisible(PlanFilter.PROBLEMS in counts)
        self.filter.currentIndexChanged.connect(self._show_chosen)
        self._arrange()
        self.start_button.setDefault(True)
        self.start_button.setFocus()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        column.setSpacing(GRID)
        column.addWidget(self.summary)
        top = QHBoxLayout()
        top.addWidget(self.filter)
        top.addWidget(self.note, 1)
        top.addWidget(self.export_button)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.cancel_button)
        buttons.addStretch(1)
        buttons.addWidget(self.without_button)
        buttons.addWidget(self.start_button)
        column.addLayout(buttons)
        self.resize(960, 520)

    @Slot()
    def _show_chosen(self) -> None:
        self.model.set_filter(self.filter.currentData())

    @Slot()
    def _export(self) -> None:
        self._choose(self, "Export plan", QDir.home().filePath("plan.csv"), self._save)

    def _save(self, path: str) -> None:
        def tell(problem: str) -> None:
            self.note.setText(shown_name(f"Not saved. {problem}" if problem else f"Saved {path}"))

        save_text(path, self.model.csv(), tell, self)


def summary(sheet: PlanSheet, counts: dict[PlanFilter, int]) -> str:
    """The plan in two sentences: how many files of which kind; how much to fetch, and the room for it."""
    kinds = [kind for kind in counts if kind not in (PlanFilter.ALL, PlanFilter.PROBLEMS)]
    parts = ", ".join(f"{count_text(counts[kind])} {kind.value.lower()}" for kind in kinds)
    files = f"{_counted(len(sheet.lines), 'file')} to {shown_name(sheet.destination)}: {parts}."
    fetch = f"{size_text(sheet.fetch_bytes)} to fetch in {_counted(sheet.requests, 'request')}"
    return f"{files}\n{fetch}, {size_text(sheet.free_bytes)} free on the disk."


def _counted(n: int, noun: str) -> str:
    return f"{count_text(n)} {noun}{'' if n == 1 else 's'}"
