"""The browser's table model: one level of a bucket, growing page by page, sorted and filtered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QIcon

from app.core.objects import ListingPage
from app.ui.browser.entry import Entry
from app.ui.browser.ordering import Run
from app.ui.browser.rows import Column, Rows
from app.ui.plain import as_tooltip
from app.ui.theme import Role, colour, icon

MAX_RUNS = 16
"""A page that lands in more places than this is told as one layout change, which costs the view less."""

_NO_INDEX = QModelIndex()
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

Index = QModelIndex | QPersistentModelIndex


TITLES = ("Name", "Size", "Last modified", "Storage class")
_ALIGNMENTS = {Column.SIZE: _RIGHT, Column.MODIFIED: int(Qt.AlignmentFlag.AlignCenter)}


class ObjectTableModel(QAbstractTableModel):
    """The folders and objects of one level; folders first, whatever the order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = Rows()
        self._roles: dict[int, Callable[[Entry, int], Any]] = {
            int(Qt.ItemDataRole.DisplayRole): self._text,
            int(Qt.ItemDataRole.DecorationRole): self._icon,
            int(Qt.ItemDataRole.ToolTipRole): self._tooltip,
            int(Qt.ItemDataRole.TextAlignmentRole): lambda _entry, column: _alignment(column),
            int(Qt.ItemDataRole.ForegroundRole): self._colour,
            int(Qt.ItemDataRole.AccessibleTextRole): self._spoken,
        }

    # What is held

    @property
    def total_count(self) -> int:
        """Rows that came, whether the filter shows them or not."""
        return len(self._rows)

    @property
    def folder_count(self) -> int:
        """Folders that came."""
        return self._rows.folder_count

    @property
    def object_count(self) -> int:
        """Objects that came."""
        return len(self._rows) - self._rows.folder_count

    @property
    def size_bytes(self) -> int:
        """The objects that came, added up."""
        return self._rows.size_bytes

    @property
    def shown_count(self) -> int:
        """Rows that the filter lets through."""
        return self._rows.shown_count

    def entry(self, row: int) -> Entry:
        """The entry that a row shows."""
        return self._rows.entry(row)

    def keys(self, first: int, last: int) -> list[str]:
        """The keys of the rows `first` to `last`."""
        return self._rows.keys(first, last)

    def rows_of(self, keys: Collection[str]) -> list[int]:
        """The rows, in order, that show one of `keys`."""
        return self._rows.rows_of(keys)

    def weigh(self, first: int, last: int) -> tuple[int, int]:
        """How many of the rows `first` to `last` are folders, and the bytes of the objects among them."""
        return self._rows.weigh(first, last)

    # Changes

    def clear(self, base: str) -> None:
        """Forget every row; what comes next lies below the prefix `base`."""
        self.beginResetModel()
        self._rows.clear(base)
        self.endResetModel()

    def append(self, page: ListingPage) -> None:
        """Take a page in: each row goes to its place, nothing is forgotten."""
        rows = self._rows
        folders, files = rows.take(page)
        if folders:
            self._insert(rows.folders, folders, *rows.merged_folders(folders), offset=0)
        if files:
            self._insert(rows.files, files, *rows.merged_files(files), offset=len(rows.folders))

    def set_filter(self, text: str) -> None:
        """Show only names that contain the text, or match it when it has `*` or `?`; ignores case."""
        self.beginResetModel()
        self._rows.set_filter(text)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the objects by a column and the folders by name; what points at a row goes with it."""
        if column >= 0:
            is_descending = order == Qt.SortOrder.DescendingOrder
            self._rearrange(lambda: self._rows.sort(Column(column), is_descending=is_descending))

    # For views

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """How many rows are shown."""
        return 0 if parent.isValid() else self.shown_count

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """How many columns there are."""
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows; formats only what is asked for."""
        answer = self._roles.get(role)
        if answer is None or not index.isValid():
            return None
        return answer(self._rows.entry(index.row()), index.column())

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    # Cells

    @staticmethod
    def _text(entry: Entry, column: int) -> str:
        if column == Column.NAME:
            return entry.name_text
        if column == Column.SIZE:
            return entry.size_text
        return entry.modified_text if column == Column.MODIFIED else entry.class_text

    @staticmethod
    def _icon(entry: Entry, column: int) -> QIcon | None:
        if column != Column.NAME:
            return None
        return icon(entry.icon_name, Role.ACCENT if entry.is_folder else Role.MUTED)

    @staticmethod
    def _tooltip(entry: Entry, column: int) -> str | None:
        return as_tooltip(f"{entry.name}\n{entry.remark}".strip("\n")) if column == Column.NAME else None

    @staticmethod
    def _colour(entry: Entry, column: int) -> Any:
        is_quiet = column != Column.NAME or bool(entry.remark)
        return colour(Role.MUTED, QGuiApplication.palette()) if is_quiet else None

    def _spoken(self, entry: Entry, column: int) -> str:
        if column == Column.NAME:
            return entry.sentence
        return f"{TITLES[column]}: {self._text(entry, column) or 'none'}"

    # Order

    def _insert(
        self, shown: list[int], new: list[int], order: list[int], runs: list[Run], *, offset: int
    ) -> None:
        if len(runs) <= MAX_RUNS:
            for at, count in runs:
                self.beginInsertRows(_NO_INDEX, offset + at, offset + at + count - 1)
                shown[at:at] = order[at : at + count]
                self.endInsertRows()
            return
        end = offset + len(shown)
        self.beginInsertRows(_NO_INDEX, end, end + len(new) - 1)
        shown.extend(new)
        self.endInsertRows()
        self._rearrange(lambda: shown.__setitem__(slice(None), order))

    def _rearrange(self, change: Callable[[], None]) -> None:
        """Move the rows that are shown to other places, and what points at them along."""
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        ids = [self._rows.shown_id(index.row()) for index in old]
        change()
        if old:
            wanted = set(ids)
            shown = (*self._rows.folders, *self._rows.files)
            rows = {item: row for row, item in enumerate(shown) if item in wanted}
            new = [self.index(rows[item], index.column()) for item, index in zip(ids, old, strict=True)]
            self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()


def _alignment(column: int) -> int:
    return _ALIGNMENTS.get(column, _LEFT)
