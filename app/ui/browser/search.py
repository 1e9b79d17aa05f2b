"""A search through everything below a place: what matches is kept, what was looked at is counted. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from math import inf

from app.core.objects import ListingPage, ObjectColumns
from app.ui.browser.filtering import RowFilter


@dataclass(frozen=True, slots=True)
class Sifted:
    """The objects of `page` that match."""

    page: ListingPage
    matches: ListingPage


class Search:
    """What is searched for. The filter sees the keys without the prefix `base` below which it looks.

    `text` is what a person wrote; `looked_count` is kept by whoever takes in what was sifted.
    """

    def __init__(self, text: str, row_filter: RowFilter, base: str) -> None:
        self.text = text
        self.looked_count = 0
        self.row_filter = row_filter
        self._base = base

    def sift(self, page: ListingPage) -> Sifted:
        """What matches of a page; any thread."""
        objects = page.objects
        names = [key.removeprefix(self._base) for key in objects.keys]
        modified = [-inf if at is None else at for at in objects.modified]
        mask = self.row_filter.mask(names, objects.sizes, modified)
        return Sifted(page, ListingPage(ObjectColumns.of(compress(objects, mask)), (), page.is_last))
