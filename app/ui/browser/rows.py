"""The rows of one level by arrival, column by column, in as little memory as they need. No Qt."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import inf, isfinite

from app.core.objects import ListingPage, ObjectColumns, ObjectInfo
from app.ui.browser.entry import MAX_SIZE, Entry, class_words
from app.ui.browser.filtering import RowFilter
from app.ui.browser.packed import PackedDigests, PackedTexts, packed_etags


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that came together: either the folders or the objects of a page. `first` is the id of the first.

    `names` are keys without the open prefix. `classes` has one entry where all objects are of that class.
    `odd` are the objects, by place, that the columns cannot tell whole.
    """

    first: int
    names: PackedTexts
    etags: PackedTexts | PackedDigests | None
    classes: tuple[str, ...]
    odd: dict[int, ObjectInfo]

    @property
    def is_folders(self) -> bool:
        """True for folders, False for objects."""
        return self.etags is None

    @property
    def ids(self) -> range:
        """The ids of its rows."""
        return range(self.first, self.first + len(self.names))

    def storage_class(self, place: int) -> str:
        """The storage class of one of its objects."""
        return self.classes[place if len(self.classes) > 1 else 0]


class Rows:
    """Grows on the main thread; any thread may read what is there, for nothing changes once it has come.

    A row's id is its place of arrival, folders and objects together. `sizes` (bytes, 0 for a size that is
    none) and `modified` (seconds since the epoch, minus infinity where unknown) go by id.
    """

    def __init__(self, base: str = "") -> None:
        """`base` is the open prefix, which all keys begin with."""
        self.base = base
        self.chunks: list[Chunk] = []
        self.sizes = array("q")
        self.modified = array("d")
        self.folder_count = 0
        self.size_bytes = 0
        self._firsts: list[int] = []

    def __len__(self) -> int:
        return len(self.modified)

    def take(self, page: ListingPage) -> None:
        """Hold a page's rows. The empty marker object of the open folder itself is not a row."""
        if page.prefixes:
            self._add_folders(page.prefixes)
        objects = page.objects
        if self.base and self.base in objects.keys:
            kept = [not (info.key == self.base and info.size_bytes == 0) for info in objects]
            objects = ObjectColumns.of(compress(objects, kept))
        if objects:
            self._add_objects(objects)

    def chunk_of(self, row_id: int) -> tuple[Chunk, int]:
        """The chunk that has a row, and the row's place in it."""
        chunk = self.chunks[bisect_right(self._firsts, row_id) - 1]
        return chunk, row_id - chunk.first

    def name(self, row_id: int) -> str:
        """A row's name: its key without the open prefix."""
        chunk, place = self.chunk_of(row_id)
        return chunk.names[place]

    def key(self, row_id: int) -> str:
        """A row's whole key."""
        chunk, place = self.chunk_of(row_id)
        return chunk.odd[place].key if place in chunk.odd else self.base + chunk.names[place]

    def entry(self, row_id: int) -> Entry:
        """A row as it is shown."""
        chunk, place = self.chunk_of(row_id)
        if chunk.is_folders:
            return Entry(self.base + chunk.names[place], chunk.names[place])
        return Entry.of(chunk.odd.get(place) or self._info(chunk, place), self.base)

    def names_of(self, ids: Sequence[int]) -> list[str]:
        """The names of some rows; a range within one chunk costs a fraction of the same rows singly."""
        if isinstance(ids, range) and ids:
            chunk, place = self.chunk_of(ids[0])
            if ids.step == 1 and place + len(ids) <= len(chunk.names):
                return chunk.names.all()[place : place + len(ids)]
        return [self.name(row_id) for row_id in ids]

    def class_words_of(self, ids: Sequence[int]) -> list[str]:
        """The storage classes of some objects, in words."""
        if isinstance(ids, range) and ids:
            chunk, place = self.chunk_of(ids[0])
            if len(chunk.classes) == 1 and place + len(ids) <= len(chunk.names):
                return [class_words(chunk.classes[0])] * len(ids)
        return [class_words(chunk.storage_class(place)) for chunk, place in map(self.chunk_of, ids)]

    def mask_of(self, chunk: Chunk, row_filter: RowFilter) -> bytes:
        """One byte a row of a chunk: 1 where the filter shows it, else 0."""
        span = slice(chunk.ids.start, chunk.ids.stop)
        names = chunk.names.all()
        return row_filter.mask(names, self.sizes[span], self.modified[span], is_folders=chunk.is_folders)

    def _info(self, chunk: Chunk, place: int) -> ObjectInfo:
        assert chunk.etags is not None
        modified_at = self.modified[chunk.first + place]
        return ObjectInfo(
            self.base + chunk.names[place],
            self.sizes[chunk.first + place],
            chunk.etags[place],
            modified_at if isfinite(modified_at) else None,
            chunk.storage_class(place),
        )

    def _add_folders(self, prefixes: Sequence[str]) -> None:
        names = [prefix.removeprefix(self.base) for prefix in prefixes]
        self.folder_count += len(names)
        chunk = Chunk(len(self), PackedTexts(names), None, (), {})
        self._add(chunk, [0] * len(names), [-inf] * len(names))

    def _add_objects(self, objects: ObjectColumns) -> None:
        cut = len(self.base)
        keys = objects.keys
        sizes = objects.sizes
        # What lies outside the open prefix is told as a problem.
        odd_places = {*objects.restored, *objects.problems}
        if min(sizes) < 0 or max(sizes) > MAX_SIZE:
            odd_places.update(place for place, size in enumerate(sizes) if not 0 <= size <= MAX_SIZE)
            sizes = [size if 0 <= size <= MAX_SIZE else 0 for size in sizes]
        odd = {place: objects[place] for place in odd_places}
        names = [key.removeprefix(self.base) if odd else key[cut:] for key in keys] if cut else keys
        classes = objects.classes
        is_uniform = classes.count(classes[0]) == len(classes)
        chunk = Chunk(
            len(self),
            PackedTexts(names),
            packed_etags(objects.etags),
            (classes[0],) if is_uniform else tuple(classes),
            odd,
        )
        self.size_bytes += sum(sizes)
        has_dates = None not in objects.modified
        self._add(
            chunk,
            sizes,
            objects.modified if has_dates else [-inf if at is None else at for at in objects.modified],
        )

    def _add(self, chunk: Chunk, sizes: Sequence[int], modified: Sequence[float]) -> None:
        # The chunk last: who sees it finds the rest.
        self.sizes.extend(sizes)
        self.modified.extend(modified)
        self._firsts.append(chunk.first)
        self.chunks.append(chunk)
