"""The Transfers table: batches as header lines, their rows below, one flat model over the mirror."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from app.bridge.mirror import Span
from app.ui.transfers.cells import COLUMN_TITLES, COLUMNS, RIGHT_ALIGNED, Cells, Column, Look
from app.ui.transfers.filters import RowFilter
from app.ui.transfers.layout import Layout, Place
from app.ui.transfers.section import Section, added_runs, removed_runs

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

MAX_RUNS = 64
"""Runs of lines that one change tells one by one; above, the batch is told as a whole."""
MAX_EDITS = 1000
"""Rows of one change that are filtered one by one; above, the batch is filtered as a whole."""

Index = QModelIndex | QPersistentModelIndex
_TOP = QModelIndex()


class TransfersModel(QAbstractTableModel):
    """Batches in the order they were started. Lines never reorder; the mirror holds all the values."""

    replacing = Signal(str)  # batch id: all its lines go and come again as one
    replaced = Signal(str)

    def __init__(
        self,
        bridge: EngineBridge,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` tells seconds since the epoch."""
        super().__init__(parent)
        self._mirror = bridge.mirror
        self._cells = Cells(self._mirror, clock)
        self._filter = RowFilter()
        self._layout = Layout()
        for batch_id in self._mirror.batch_ids():
            section = Section(batch_id)
            section.known = self._mirror.row_count(batch_id)
            self._layout.add(section)
        bridge.batch_added.connect(self._add_batch)
        bridge.rows_added.connect(self._add_rows)
        bridge.rows_changed.connect(self._change_rows)
        bridge.batch_changed.connect(self._change_batch)

    # What views ask

    def rowCount(self, parent: Index = _TOP) -> int:
        """The lines that are shown."""
        return 0 if parent.isValid() else self._layout.height

    def columnCount(self, parent: Index = _TOP) -> int:
        """One for each Column."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A look-up in the mirror, put into words."""
        if role not in Cells.ROLES or not index.isValid():
            return None
        section, row = self._layout.at(index.row())
        column = COLUMNS[index.column()]
        if row is None:
            return self._cells.of_batch(section, column, role)
        return self._cells.of_row(section, row, column, role)

    def look(self, position: int, column: Column) -> Look:
        """What is painted in a cell: all of it in one call, for the delegate."""
        section, row = self._layout.at(position)
        if row is None:
            return self._cells.look_of_batch(section, column)
        return self._cells.look_of_row(section, row, column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            # The space that the delegate leaves right of figures.
            return COLUMN_TITLES[Column(section)] + ("\u2002" if section in RIGHT_ALIGNED else "")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in RIGHT_ALIGNED else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    # What the panel asks

    @property
    def row_filter(self) -> RowFilter:
        """The filter in force."""
        return self._filter

    def set_filter(self, row_filter: RowFilter) -> None:
        """Show the rows that pass `row_filter`, and the batches that have any."""
        if row_filter == self._filter:
            return
        self.beginResetModel()
        self._filter = row_filter
        for section in self._layout.sections:
            section.matches = self._matching(section)
        self._layout.measure()
        self.endResetModel()

    def place(self, position: int) -> Place:
        """What the line at `position` shows."""
        section, row = self._layout.at(position)
        return Place(section.batch_id, row)

    def position(self, batch_id: str, index: int | None = None) -> int | None:
        """The line of a row, or of a batch; None when the filter or a fold hides it."""
        return self._layout.position(batch_id, index)

    def shown_rows(self, batch_id: str) -> list[int] | None:
        """The rows of a batch that pass the filter, folded or not; None when all pass."""
        matches = self._layout.section(batch_id).matches
        return None if matches is None else list(matches)

    def height(self, batch_id: str) -> int:
        """How many lines a batch takes, its header among them."""
        return self._layout.section(batch_id).height

    def is_unfolded(self, batch_id: str) -> bool:
        """True when the rows of a batch stand below it."""
        return self._layout.section(batch_id).is_unfolded

    def set_unfolded(self, batch_id: str, is_unfolded: bool) -> None:
        """Show or hide the rows of a batch."""
        section = self._layout.section(batch_id)
        if section.is_unfolded == is_unfolded:
            return
        change = self._inserting if is_unfolded else self._removing
        with change(self._layout.start(section) + 1, section.count):
            section.is_unfolded = is_unfolded
        self._tell_header(section)

    # What the bridge tells

    @Slot(str)
    def _add_batch(self, batch_id: str) -> None:
        section = Section(batch_id, None if self._filter.is_open else array("q"))
        if section.has_header:
            self.beginInsertRows(_TOP, self._layout.height, self._layout.height)
            self._layout.add(section)
            self.endInsertRows()
        else:
            self._layout.add(section)

    @Slot(str, int, int)
    def _add_rows(self, batch_id: str, first: int, count: int) -> None:
        section = self._layout.section(batch_id)
        if section.matches is not None:
            section.known = first + count
            come = self._filter.matching(self._mirror, batch_id, first, first + count - 1)
            self._edit(section, array("q"), come)
        elif section.is_unfolded:
            with self._inserting(self._layout.start(section) + 1 + first, count):
                section.known = first + count
        else:
            section.known = first + count

    @Slot(str, object)
    def _change_rows(self, batch_id: str, spans: list[Span]) -> None:
        section = self._layout.section(batch_id)
        section.note_changed(self._mirror.rows(batch_id), spans)
        if section.matches is not None:
            self._filter_again(section, spans)
        if section.has_header and section.is_unfolded:
            self._tell(section, section.offsets(spans))

    @Slot(str)
    def _change_batch(self, batch_id: str) -> None:
        self._tell_header(self._layout.section(batch_id))

    # How it is told to views

    def _matching(self, section: Section) -> array[int] | None:
        if self._filter.is_open:
            return None
        return self._filter.matching(self._mirror, section.batch_id, 0, section.known - 1)

    def _filter_again(self, section: Section, spans: list[Span]) -> None:
        changed = sum(last - first + 1 for first, last in spans)
        if changed > MAX_EDITS or len(spans) > MAX_RUNS:
            matches = self._matching(section)
            assert matches is not None
            if matches != section.matches:
                self._replace(section, matches)
        else:
            self._edit(section, *self._difference(section, spans))

    def _difference(self, section: Section, spans: list[Span]) -> tuple[array[int], array[int]]:
        """The rows among `spans` that no longer pass the filter, and those that now do."""
        gone, come = array("q"), array("q")
        for first, last in spans:
            had = section.matches_within(first, last)
            now = self._filter.matching(self._mirror, section.batch_id, first, last)
            if now != had:
                gone.extend(sorted(set(had).difference(now)))
                come.extend(sorted(set(now).difference(had)))
        return gone, come

    def _edit(self, section: Section, gone: array[int], come: array[int]) -> None:
        """Take the rows `gone` out of a filtered section and put `come` in, its header with them."""
        assert section.matches is not None
        if not gone and not come:
            return
        removed, added = removed_runs(section.matches, gone), added_runs(section.matches, come)
        # A section that loses all it had loses its header too: its lines go and come as one. And each run
        # splits the selection once more: 500 of them took 0.7 s with every row selected.
        is_whole = len(gone) == len(section.matches) or not section.is_unfolded
        if is_whole or max(len(removed), len(added)) > MAX_RUNS:
            self._replace(section, array("q", sorted({*section.matches}.difference(gone).union(come))))
            return
        top = self._layout.start(section) + 1
        for low, high in removed:
            with self._removing(top + low, high - low + 1):
                del section.matches[low : high + 1]
        for offset, rows in added_runs(section.matches, come):
            with self._inserting(top + offset, len(rows)):
                section.matches[offset:offset] = rows

    def _replace(self, section: Section, new: array[int]) -> None:
        if new and section.has_header and not section.is_unfolded:
            section.matches = new
            return
        start = self._layout.start(section)
        self.replacing.emit(section.batch_id)
        with self._removing(start, section.height):
            section.matches = array("q")
        with self._inserting(start, 1 + (len(new) if section.is_unfolded else 0) if new else 0):
            section.matches = new
        self.replaced.emit(section.batch_id)

    def _tell(self, section: Section, offsets: list[Span]) -> None:
        """Say that the rows at `offsets` changed: in ranges, or as one range above half of the rows."""
        if not offsets:
            return
        changed = sum(last - first + 1 for first, last in offsets)
        if len(offsets) > MAX_RUNS or changed * 2 > section.count:
            offsets = [(offsets[0][0], offsets[-1][1])]
        top = self._layout.start(section) + 1
        for first, last in offsets:
            self._tell_lines(top + first, top + last)

    def _tell_header(self, section: Section) -> None:
        if section.has_header:
            start = self._layout.start(section)
            self._tell_lines(start, start)

    def _tell_lines(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    @contextmanager
    def _inserting(self, first: int, count: int) -> Iterator[None]:
        """Around a change of a section that makes `count` lines appear at `first`."""
        if count:
            self.beginInsertRows(_TOP, first, first + count - 1)
        yield
        self._layout.measure()
        if count:
            self.endInsertRows()

    @contextmanager
    def _removing(self, first: int, count: int) -> Iterator[None]:
        """Around a change of a section that makes `count` lines at `first` disappear."""
        if count:
            self.beginRemoveRows(_TOP, first, first + count - 1)
        yield
        self._layout.measure()
        if count:
            self.endRemoveRows()
