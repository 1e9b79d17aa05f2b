"""The rows of one level: what came, which of it is shown, and in which order. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import IntEnum
from typing import Any

from app.core.objects import ListingPage, ObjectInfo
from app.ui.browser.entry import MAX_SIZE, Entry, class_words
from app.ui.browser.ordering import Run, merged_order, name_filter, natural_key


class Column(IntEnum):
    """The columns, left to right."""

    NAME = 0
    SIZE = 1
    MODIFIED = 2
    STORAGE_CLASS = 3


class Rows:
    """Folders and objects by arrival; `folders` and `files` are the ids that are shown, each in order.

    An id is the place of arrival. Folders stand before objects whatever the order, and without a size or
    a time of their own they are ordered by name.
    """

    def __init__(self) -> None:
        self.base = ""
        self.folders: list[int] = []
        self.files: list[int] = []
        self.folder_count = 0
        self.size_bytes = 0
        self._items: list[ObjectInfo | str] = []
        self._name_keys: list[str] = []
        self._values: list[Any] = []  # of the sorted column, by id; empty for the name
        self._matches: Callable[[str], bool] | None = None
        self._column = Column.NAME
        self._is_descending = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def shown_count(self) -> int:
        """Rows that the filter lets through."""
        return len(self.folders) + len(self.files)

    def shown_id(self, row: int) -> int:
        """The id at a row."""
        folders = len(self.folders)
        return self.folders[row] if row < folders else self.files[row - folders]

    def entry(self, row: int) -> Entry:
        """The entry at a row."""
        return Entry.of(self._items[self.shown_id(row)], self.base)

    def keys(self, first: int, last: int) -> list[str]:
        """The keys of the rows `first` to `last`."""
        count = len(self.folders)
        ids = self.folders[first : last + 1] + self.files[max(0, first - count) : max(0, last + 1 - count)]
        return [_key(self._items[item]) for item in ids]

    def rows_of(self, keys: Collection[str]) -> list[int]:
        """The rows, in order, that show one of `keys`."""
        shown = (*self.folders, *self.files)
        return [row for row, item in enumerate(shown) if _key(self._items[item]) in keys]

    def weigh(self, first: int, last: int) -> tuple[int, int]:
        """How many of the rows `first` to `last` are folders, and the bytes of the objects among them."""
        count = len(self.folders)
        folders = max(0, min(last + 1, count) - first)
        files = self.files[max(0, first - count) : max(0, last + 1 - count)]
        return folders, sum(_size(self._items[item]) for item in files)

    def clear(self, base: str) -> None:
        """Forget all rows; filter and order stay."""
        self.base = base
        for held in (self.folders, self.files, self._items, self._name_keys, self._values):
            held.clear()
        self.folder_count = 0
        self.size_bytes = 0

    def take(self, page: ListingPage) -> tuple[list[int], list[int]]:
        """Hold a page's rows; the ids of its folders and objects that the filter lets through.

        The empty marker object of the open folder itself is not a row.
        """
        first = len(self._items)
        self._items.extend(page.prefixes)
        self.folder_count += len(page.prefixes)
        middle = len(self._items)
        self._items.extend(info for info in page.objects if info.key != self.base or info.size_bytes != 0)
        new = self._items[first:]
        self._name_keys.extend(natural_key(self._name(item)) for item in new)
        if self._column is not Column.NAME:
            self._values.extend(_value(item, self._column) for item in new)
        self.size_bytes += sum(_size(item) for item in self._items[middle:])
        shown = self._filtered(range(first, len(self._items)))
        return [item for item in shown if item < middle], [item for item in shown if item >= middle]

    def merged_folders(self, new: list[int]) -> tuple[list[int], list[Run]]:
        """The shown folders with some more among them, and where those came."""
        key = self._name_keys.__getitem__
        return merged_order(self.folders, new, key, is_descending=self._folders_descend)

    def merged_files(self, new: list[int]) -> tuple[list[int], list[Run]]:
        """The shown objects with some more among them, and where those came."""
        names, values = self._name_keys, self._values
        key = (lambda item: (values[item], names[item])) if values else names.__getitem__
        return merged_order(self.files, new, key, is_descending=self._is_descending)

    def set_filter(self, text: str) -> None:
        """Show what the filter lets through."""
        self._matches = name_filter(text)
        self._arrange()

    def sort(self, column: Column, *, is_descending: bool) -> None:
        """Put the shown rows in order."""
        self._column = column
        self._is_descending = is_descending
        self._values = [] if column is Column.NAME else [_value(item, column) for item in self._items]
        self._arrange()

    @property
    def _folders_descend(self) -> bool:
        return self._is_descending and self._column is Column.NAME

    def _arrange(self) -> None:
        shown = self._filtered(range(len(self._items)))
        items, names = self._items, self._name_keys.__getitem__
        self.folders[:] = [item for item in shown if type(items[item]) is str]
        self.folders.sort(key=names, reverse=self._folders_descend)
        self.files[:] = [item for item in shown if type(items[item]) is not str]
        self.files.sort(key=names, reverse=self._is_descending)
        if self._values:
            self.files.sort(key=self._values.__getitem__, reverse=self._is_descending)

    def _filtered(self, ids: range) -> list[int]:
        matches = self._matches
        if matches is None:
            return list(ids)
        return [item for item in ids if matches(self._name(self._items[item]))]

    def _name(self, item: ObjectInfo | str) -> str:
        return _key(item).removeprefix(self.base)


def _key(item: ObjectInfo | str) -> str:
    return item if isinstance(item, str) else item.key


def _size(item: ObjectInfo | str) -> int:
    size = 0 if isinstance(item, str) else item.size_bytes
    return size if 0 <= size <= MAX_SIZE else 0


def _value(item: ObjectInfo | str, column: Column) -> Any:
    if isinstance(item, str):
        return None
    if column is Column.SIZE:
        return item.size_bytes
    if column is Column.MODIFIED:
        return float("-inf") if item.modified_at is None else item.modified_at
    return class_words(item.storage_class)
