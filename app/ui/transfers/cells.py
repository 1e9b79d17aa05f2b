"""What each cell of the Transfers table answers for each role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon

from app.bridge.mirror import Mirror
from app.core.events import BatchPhase, BatchSnapshot, Outcome, RowSeed, RowSnapshot
from app.core.states import State
from app.ui import theme
from app.ui.format import rate_text
from app.ui.plain import as_tooltip, shown_name
from app.ui.theme import Role
from app.ui.transfers import batch_words, words
from app.ui.transfers.section import Section

ItemRole = Qt.ItemDataRole


class Column(IntEnum):
    """The columns, left to right. The state's icon stands in NAME."""

    NAME = 0
    STATUS = 1
    PROGRESS = 2
    SIZE = 3
    SPEED = 4
    ETA = 5
    ERROR = 6


COLUMNS = tuple(Column)

COLUMN_TITLES = {
    Column.NAME: "Name",
    Column.STATUS: "Status",
    Column.PROGRESS: "Progress",
    Column.SIZE: "Size",
    Column.SPEED: "Speed",
    Column.ETA: "ETA",
    Column.ERROR: "Error",
}
RIGHT_ALIGNED = frozenset({Column.SIZE, Column.SPEED, Column.ETA})

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_OUTCOME_ROLES = {
    Outcome.DONE: Role.POSITIVE,
    Outcome.FAILED: Role.NEGATIVE,
    Outcome.STOPPED: Role.WARNING,
    Outcome.CANCELLED: Role.MUTED,
}


@dataclass(frozen=True, slots=True)
class Look:
    """What is painted in one cell. `ink` is the text's role (None: plain), `role` the state's, for the bar.

    `fraction` is how much is done, 0 to 1; 0 outside the column PROGRESS.
    """

    text: str
    icon: QIcon | None
    is_batch: bool
    ink: Role | None
    role: Role
    fraction: float


class Cells:
    """Look-ups in the mirror, put into words for the one cell that is asked for or painted."""

    ROLES = frozenset(
        {ItemRole.DisplayRole, ItemRole.TextAlignmentRole, ItemRole.ToolTipRole, ItemRole.AccessibleTextRole}
    )

    def __init__(self, mirror: Mirror, clock: Callable[[], float]) -> None:
        self._mirror = mirror
        self._clock = clock
        self._home = str(Path.home())

    def look_of_batch(self, section: Section, column: Column) -> Look:
        """What is painted in a cell of a batch's header line."""
        batch = self._mirror.batch(section.batch_id)
        role = _batch_role(batch)
        if column is Column.PROGRESS:
            return Look("", None, True, None, role, batch_words.batch_fraction(batch))
        icon = None
        if column is Column.NAME:
            icon = theme.icon("collapse" if section.is_unfolded else "expand")
        ink = {Column.STATUS: role, Column.ERROR: Role.NEGATIVE}.get(column)
        return Look(self._batch_text(batch, column), icon, True, ink, role, 0.0)

    def look_of_row(self, section: Section, index: int, column: Column) -> Look:
        """What is painted in a cell of a row's line."""
        row = self._mirror.row(section.batch_id, index)
        seed = self._mirror.seed(section.batch_id, index)
        icon_name, role = theme.state_look(row)
        if column is Column.PROGRESS:
            return Look("", None, False, None, role, words.row_fraction(seed, row))
        icon = theme.icon(icon_name, role) if column is Column.NAME else None
        ink = None
        if column is Column.STATUS:
            ink = role
        elif column is Column.ERROR:
            ink = Role.NEGATIVE if row.state is State.FAILED else Role.MUTED
        return Look(self._row_text(section, index, seed, row, column), icon, False, ink, role, 0.0)

    def of_batch(self, section: Section, column: Column, role: int) -> Any:
        """The answer of a batch's header line for one of `ROLES`."""
        batch = self._mirror.batch(section.batch_id)
        match role:
            case ItemRole.DisplayRole:
                return self._batch_text(batch, column)
            case ItemRole.TextAlignmentRole:
                return _RIGHT if column in RIGHT_ALIGNED else _LEFT
            case ItemRole.ToolTipRole:
                return self._batch_tooltip(batch, column)
            case ItemRole.AccessibleTextRole if column is Column.NAME:
                fold = "unfolded" if section.is_unfolded else "folded"
                return f"{batch_words.batch_sentence(batch, self._home)}, {fold}"
            case _:
                return self._batch_text(batch, column)

    def of_row(self, section: Section, index: int, column: Column, role: int) -> Any:
        """The answer of a row's line for one of `ROLES`."""
        row = self._mirror.row(section.batch_id, index)
        seed = self._mirror.seed(section.batch_id, index)
        match role:
            case ItemRole.DisplayRole:
                return self._row_text(section, index, seed, row, column)
            case ItemRole.TextAlignmentRole:
                return _RIGHT if column in RIGHT_ALIGNED else _LEFT
            case ItemRole.ToolTipRole:
                return self._row_tooltip(section, index, seed, row, column)
            case ItemRole.AccessibleTextRole if column is Column.NAME:
                batch = self._mirror.batch(section.batch_id)
                return words.row_sentence(seed, row, batch, self._culprit(batch, row), self._clock())
            case _:
                return words.spoken(self._row_text(section, index, seed, row, column))

    def _row_text(self, section: Section, index: int, seed: RowSeed, row: RowSnapshot, column: Column) -> str:
        match column:
            case Column.NAME:
                return shown_name(seed.path)
            case Column.STATUS:
                return self._row_status(section, index, row)
            case Column.PROGRESS:
                return words.percent_text(words.row_fraction(seed, row))
            case Column.SIZE:
                return words.row_size(seed, row)
            case Column.SPEED:
                return rate_text(row.speed_bps) if row.state is State.RUNNING else ""
            case Column.ETA:
                return words.row_eta(seed, row)
            case Column.ERROR:
                return words.error_line(row.error)

    def _row_status(self, section: Section, index: int, row: RowSnapshot) -> str:
        rank = None
        if row.state is State.QUEUED:
            rank = section.rank(self._mirror.rows(section.batch_id), index)
        batch = self._mirror.batch(section.batch_id)
        return words.row_status(row, batch, self._culprit(batch, row), self._clock(), rank)

    def _row_tooltip(
        self, section: Section, index: int, seed: RowSeed, row: RowSnapshot, column: Column
    ) -> str:
        if column is Column.NAME:
            text = f"{seed.key}\n{seed.path}" if seed.key != seed.path else seed.key
        elif row.error is not None and column in (Column.ERROR, Column.STATUS):
            text = words.error_details(row.error)
        else:
            text = self._row_text(section, index, seed, row, column)
        cause = self._stop_details(section.batch_id, row) if row.state is State.STOPPED else ""
        return as_tooltip("\n".join(part for part in (text, cause) if part))

    def _stop_details(self, batch_id: str, row: RowSnapshot) -> str:
        if row.stopped_by is None:
            return words.stop_details("", self._mirror.batch(batch_id).first_error)
        culprit = self._mirror.row(batch_id, row.stopped_by)
        return words.stop_details(self._mirror.seed(batch_id, row.stopped_by).path, culprit.error)

    def _batch_text(self, batch: BatchSnapshot, column: Column) -> str:
        match column:
            case Column.NAME:
                return batch_words.batch_name(batch, self._home)
            case Column.STATUS:
                return batch_words.batch_status(batch)
            case Column.PROGRESS:
                return words.percent_text(batch_words.batch_fraction(batch))
            case Column.SIZE:
                return batch_words.batch_size(batch)
            case Column.SPEED:
                return rate_text(batch.speed_bps)
            case Column.ETA:
                return batch_words.batch_eta(batch)
            case Column.ERROR:
                # The culprit's own row has its error; a failed listing has no row.
                return words.error_line(batch.first_error) if batch.first_error_index is None else ""

    def _batch_tooltip(self, batch: BatchSnapshot, column: Column) -> str:
        if column is Column.ERROR and batch.first_error is not None:
            return as_tooltip(words.error_details(batch.first_error))
        if column is Column.STATUS:
            return as_tooltip(
                f"{batch_words.batch_status(batch)}\n{batch_words.policy_words(batch.policy.stop)}"
            )
        return as_tooltip(self._batch_text(batch, column))

    def _culprit(self, batch: BatchSnapshot, row: RowSnapshot) -> str:
        if row.stopped_by is None:
            return ""
        return words.file_name(self._mirror.seed(batch.batch_id, row.stopped_by).path)


def _batch_role(batch: BatchSnapshot) -> Role:
    if batch.phase is BatchPhase.ENDED and batch.outcome is not None:
        if batch_words.is_unfinished(batch):
            return Role.WARNING
        return _OUTCOME_ROLES[batch.outcome]
    return Role.WARNING if batch.phase in (BatchPhase.STOPPING, BatchPhase.PLANNED) else Role.ACCENT
