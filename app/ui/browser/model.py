"""The browser's table model: one level of a bucket, growing page by page, sorted and filtered."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QIcon

from app.bridge.right_of_way import right_of_way
from app.core.objects import ListingPage
from app.ui.browser.arrangement import Arranged, Order, Wish
from app.ui.browser.arranger import Arranger
from app.ui.browser.entry import Column, Entry
from app.ui.browser.filtering import RowFilter
from app.ui.browser.rows import Rows
from app.ui.browser.shown import Shown
from app.ui.plain import as_tooltip
from app.ui.theme import Role, colour, icon

_NO_INDEX = QModelIndex()
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

Index = QModelIndex | QPersistentModelIndex


TITLES = ("Name", "Size", "Last modified", "Storage class")
_ALIGNMENTS = {Column.SIZE: _RIGHT, Column.MODIFIED: int(Qt.AlignmentFlag.AlignCenter)}


class ObjectTableModel(QAbstractTableModel):
    """The folders and objects of one level; folders first, whatever the order.

    Rows come page by page and are arranged elsewhere when they are many (`Arranger`): what is shown follows
    what came, and what was asked for, a moment later. A row is told from others by its id, its place of
    arrival.
    """

    came = Signal(object)  # the range of ids of rows that have come and are not shown yet
    arranged = Signal()  # what is shown has followed what came and what was asked for, or a part of it

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = Rows()
        self._shown = Shown()
        self._shown_wish = self._wish = Wish()
        self._will_descend = False
        self._seen_count = 0
        self._is_behind = False
        self._entry: tuple[int, Entry] | None = None
        self.arranger = Arranger(self)
        self.arranger.arranged.connect(self._take)
        self.arranger.begin(self._rows)
        self._roles: dict[int, Callable[[Entry, int], Any]] = {
            int(Qt.ItemDataRole.DisplayRole): Entry.text,
            int(Qt.ItemDataRole.DecorationRole): self._icon,
            int(Qt.ItemDataRole.ToolTipRole): self._tooltip,
            int(Qt.ItemDataRole.TextAlignmentRole): lambda _entry, column: alignment(column),
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
        """Rows that are shown."""
        return len(self._shown)

    @property
    def is_settled(self) -> bool:
        """True when all that came is where it was asked to be."""
        is_asked = self._shown_wish == self._wish
        return is_asked and not self._is_behind and self._seen_count == len(self._rows)

    def entry(self, row: int) -> Entry:
        """The entry that a row shows."""
        row_id = self._shown.id_at(row)
        if self._entry is None or self._entry[0] != row_id:
            self._entry = (row_id, self._rows.entry(row_id))
        return self._entry[1]

    def name(self, row: int) -> str:
        """The name that a row shows."""
        return self._rows.name(self._shown.id_at(row))

    def ids(self, first: int, last: int) -> tuple[array[int], array[int]]:
        """The ids of the folders and of the objects at the rows `first` to `last`."""
        return self._shown.ids(first, last)

    def spans_of(self, folders: Iterable[int], objects: Iterable[int]) -> list[tuple[int, int]]:
        """The rows at which ids are shown, as (first, last), in order; what is not shown is left out."""
        return self._shown.spans_of(folders, objects)

    def row_of(self, row_id: int) -> int:
        """The row at which an id is shown, -1 for one that is not."""
        return self._shown.row_of(row_id)

    def keys(self, ids: Iterable[int]) -> list[str]:
        """The keys of rows by their ids."""
        return list(map(self._rows.key, ids))

    def weigh(self, first: int, last: int) -> tuple[int, int]:
        """How many of the rows `first` to `last` are folders, and the bytes of the objects among them."""
        folders = max(0, min(last + 1, len(self._shown.folders)) - first)
        if first == 0 and last + 1 == len(self._shown):
            return folders, self._shown.size_bytes
        return folders, sum(map(self._rows.sizes.__getitem__, self.ids(first, last)[1]))

    # Changes

    def clear(self, base: str) -> None:
        """Forget every row; what comes next lies below the prefix `base`."""
        self.beginResetModel()
        self._rows = Rows(base)
        self._entry = None
        self._turn(Shown(), self._will_descend)
        self._seen_count, self._is_behind = 0, False
        self._shown_wish = self._wish
        self.endResetModel()
        self.arranger.begin(self._rows)

    def hold(self, page: ListingPage) -> None:
        """Take a page in; `catch_up` will show its rows."""
        first = len(self._rows)
        self._rows.take(page)
        self.came.emit(range(first, len(self._rows)))

    def catch_up(self, *, is_last: bool = False) -> None:
        """Give each row that came its place; `is_last` when no more will come to this level."""
        self.arranger.go_on(is_last=is_last)

    def set_filter(self, row_filter: RowFilter | None) -> None:
        """Show only what the filter lets through, None for everything."""
        self._ask(Wish(self._wish.column, row_filter))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the objects by a column and the folders by name; what points at a row goes with it."""
        if column < 0:
            return
        self._will_descend = order == Qt.SortOrder.DescendingOrder
        self._ask(Wish(Column(column), self._wish.row_filter))
        if self._shown_wish.column == column:
            self._rearrange(lambda: self._turn(self._shown, self._will_descend))

    def _ask(self, wish: Wish) -> None:
        if wish != self._wish:
            self._wish = wish
            self.arranger.ask(wish)

    @Slot(object)
    def _take(self, arranged: Arranged) -> None:
        """Show what the arranger has made."""
        with right_of_way():
            self._apply(arranged)
        self.arranged.emit()

    def _apply(self, arranged: Arranged) -> None:
        self._seen_count, self._is_behind = arranged.row_count, arranged.is_behind
        has_same_filter = arranged.wish.row_filter == self._shown_wish.row_filter
        self._shown_wish = arranged.wish
        if arranged.is_anew and arranged.order is not None:
            self._replace(arranged.order, has_same_filter=has_same_filter)
        else:
            shown = self._shown
            self._insert(shown.folders, arranged.folders, shown.room_for_folders())
            self._insert(shown.objects, arranged.objects, shown.room_for_objects())
            shown.size_bytes += arranged.size_bytes
            if arranged.order is not None:
                self._reorder(arranged.order)
            else:
                shown.note_places(shown.folders, len(arranged.folders))
                shown.note_places(shown.objects, len(arranged.objects))

    def _replace(self, order: Order, *, has_same_filter: bool) -> None:
        count = len(order.folders) + len(order.objects)
        if has_same_filter and count == len(self._shown):
            self._reorder(order)
        elif count and not self._shown:
            self.beginInsertRows(_NO_INDEX, 0, count - 1)
            self._turn(Shown(order), self._will_descend)
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._turn(Shown(order), self._will_descend)
            self.endResetModel()

    def _reorder(self, order: Order) -> None:
        self._rearrange(lambda: self._turn(Shown(order), self._will_descend))

    def _insert(self, ids: array[int], new: array[int], row: int) -> None:
        if new:
            self.beginInsertRows(_NO_INDEX, row, row + len(new) - 1)
            ids.extend(new)
            self.endInsertRows()

    def _turn(self, shown: Shown, is_descending: bool) -> None:
        shown.is_descending = is_descending
        shown.folders_descend = is_descending and self._shown_wish.column is Column.NAME
        self._shown = shown

    def _rearrange(self, change: Callable[[], None]) -> None:
        """Move the rows that are shown to other places, and what points at them along."""
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        ids = [self._shown.id_at(index.row()) for index in old]
        change()
        new = [
            self.index(self._shown.row_of(row_id), index.column())
            for row_id, index in zip(ids, old, strict=True)
        ]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

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
        return answer(self.entry(index.row()), index.column())

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    # Cells

    @staticmethod
    def _icon(entry: Entry, column: int) -> QIcon | None:
        if column != Column.NAME:
            return None
        return icon(entry.icon_name, role_of(entry))

    @staticmethod
    def _tooltip(entry: Entry, column: int) -> str | None:
        return as_tooltip(f"{entry.name}\n{entry.remark}".strip("\n")) if column == Column.NAME else None

    @staticmethod
    def _colour(entry: Entry, column: int) -> Any:
        is_quiet = column != Column.NAME or bool(entry.remark)
        return colour(Role.MUTED, QGuiApplication.palette()) if is_quiet else None

    @staticmethod
    def _spoken(entry: Entry, column: int) -> str:
        if column == Column.NAME:
            return entry.sentence
        return f"{TITLES[column]}: {entry.text(column) or 'none'}"


def alignment(column: int) -> int:
    """How a column is aligned, as the model's role has it."""
    return _ALIGNMENTS.get(column, _LEFT)


def role_of(entry: Entry) -> Role:
    """The colour of an entry's icon."""
    return Role.ACCENT if entry.is_folder else Role.MUTED
