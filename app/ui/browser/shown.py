"""What stands at which row: the folders and objects that are shown, read from either end. No Qt."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from itertools import repeat

from app.ui.browser.arrangement import Order

NOWHERE = 2**32 - 1


class Shown:
    """The ids of the rows that are shown: folders, then objects, each list in ascending order.

    `places` says by id where it stands in its list. A list that descends is the same list, read from its end.
    """

    def __init__(self, order: Order | None = None) -> None:
        self.folders = order.folders if order else array("I")
        self.objects = order.objects if order else array("I")
        self.places = order.places if order else array("I")
        self.size_bytes = order.size_bytes if order else 0
        self.is_descending = False
        self.folders_descend = False

    def __len__(self) -> int:
        return len(self.folders) + len(self.objects)

    def id_at(self, row: int) -> int:
        """The id at a row."""
        folders = len(self.folders)
        if row < folders:
            return self.folders[-1 - row if self.folders_descend else row]
        return self.objects[folders - row - 1 if self.is_descending else row - folders]

    def ids(self, first: int, last: int) -> tuple[array[int], array[int]]:
        """The ids of the folders and of the objects at the rows `first` to `last`."""
        folders = len(self.folders)
        above = _cut(self.folders, first, min(last + 1, folders), descends=self.folders_descend)
        below = max(0, first - folders), max(0, last + 1 - folders)
        return above, _cut(self.objects, *below, descends=self.is_descending)

    def spans_of(self, folders: Iterable[int], objects: Iterable[int]) -> list[tuple[int, int]]:
        """The rows at which ids are shown, as (first, last), in order; what is not shown is left out."""
        mask = bytearray(len(self))
        lists = ((folders, self.folders, 0, self.folders_descend),)
        lists += ((objects, self.objects, len(self.folders), self.is_descending),)
        for ids, shown, begin, descends in lists:
            count = len(shown)
            for row_id in ids:
                place = self.places[row_id] if row_id < len(self.places) else NOWHERE
                if place < count and shown[place] == row_id:
                    mask[begin + (count - 1 - place if descends else place)] = 1
        return [(found.start(), found.end() - 1) for found in re.finditer(b"\1+", mask)]

    def row_of(self, row_id: int) -> int:
        """The row at which an id is shown, -1 for one that is not."""
        place = self.places[row_id] if 0 <= row_id < len(self.places) else NOWHERE
        folders, objects = self.folders, self.objects
        if place < len(folders) and folders[place] == row_id:
            return len(folders) - 1 - place if self.folders_descend else place
        if place < len(objects) and objects[place] == row_id:
            return len(folders) + (len(objects) - 1 - place if self.is_descending else place)
        return -1

    def room_for_folders(self) -> int:
        """The row at which folders are added."""
        return 0 if self.folders_descend else len(self.folders)

    def room_for_objects(self) -> int:
        """The row at which objects are added."""
        return len(self.folders) if self.is_descending else len(self)

    def note_places(self, ids: array[int], count: int) -> None:
        """Note where the last `count` ids of one of the lists stand."""
        first = len(ids) - count
        new = ids[first:]
        self.places.extend(repeat(NOWHERE, max(0, max(new, default=-1) + 1 - len(self.places))))
        for place, row_id in enumerate(new, first):
            self.places[row_id] = place


def _cut(ids: array[int], first: int, stop: int, *, descends: bool) -> array[int]:
    """The ids from place `first` to before `stop`, counted from the end when the list descends."""
    if not descends:
        return ids[first:stop]
    count = len(ids)
    return ids[max(0, count - stop) : max(0, count - first)][::-1] if first < stop else ids[:0]
