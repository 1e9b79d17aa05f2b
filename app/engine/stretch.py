"""A stretch of a long listing: what one walk has given of it, and what it can be joined by. Loop only."""

from __future__ import annotations

import asyncio
import operator
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from app.core.objects import ListingPage

SAMPLES = 32
"""Names of a page's end that are looked at to tell what follows."""


@dataclass(eq=False)
class Stretch:
    """The names behind `after`, up to where the next stretch begins, in the pages of one walk.

    A name is a key or a folder's prefix. At the latest split `split_at` pages had come, and it was to have
    `wanted` more of them by a guess that was `scale` times the plain one.
    """

    after: str
    walk: AsyncIterator[ListingPage]
    pages: deque[ListingPage] = field(default_factory=deque)
    first: str = ""
    last: str = ""
    page_count: int = 0
    split_at: int = 0
    wanted: float = 1.0
    scale: float = 1.0
    sample: Sequence[str] = ()
    sample_share: float = 1.0
    request: asyncio.Future[ListingPage] | None = None
    error: BaseException | None = None
    is_over: bool = False

    @property
    def is_known(self) -> bool:
        """True when it is known with which name it begins, if with any."""
        return bool(self.first) or self.is_over or self.error is not None

    @property
    def is_empty(self) -> bool:
        """True when nothing is listed behind its start."""
        return self.is_over and not self.first

    def is_open(self, following: Stretch | None) -> bool:
        """True when it goes on behind what has come, as far as one knows."""
        is_whole = self.is_over or self.error is not None
        return not is_whole and (following is None or self.last <= following.after)

    def take(self, page: ListingPage) -> None:
        """Add the next page."""
        self.pages.append(page)
        self.page_count += 1
        self.is_over = page.is_last
        self.first = self.first or first_name(page, "")
        self.last = last_name(page) or self.last
        names = max(page.objects.keys, page.prefixes, key=len)
        # The end of a page tells best how dense the names behind it are.
        end = names[len(names) * 3 // 4 :]
        self.sample = (*end[: -1 : max(1, len(end) // SAMPLES)], *end[-1:])
        self.sample_share = len(end) / max(1, len(page.objects) + len(page.prefixes))


def first_name(page: ListingPage, after: str) -> str:
    """The first key or prefix of an ascending page that sorts behind `after`; empty when there is none."""
    found: list[str] = []
    for names in (page.objects.keys, page.prefixes):
        at = bisect_right(names, after)
        found += names[at : at + 1]
    return min(found, default="")


def last_name(page: ListingPage) -> str:
    """The last key or prefix of an ascending page; empty when it has none."""
    return max([*page.objects.keys[-1:], *page.prefixes[-1:]], default="")


def before(page: ListingPage, name: str) -> ListingPage:
    """What of an ascending page sorts before `name`; more follows it."""
    objects = page.objects[: bisect_left(page.objects.keys, name)]
    return ListingPage(objects, page.prefixes[: bisect_left(page.prefixes, name)], is_last=False)


def ascends(page: ListingPage, after: str) -> bool:
    """True when the keys and the prefixes of a page each ascend from behind `after`, as S3's do."""
    if page.objects.problems:
        return False
    return all(
        all(map(operator.lt, names, names[1:])) and (not names or names[0] > after)
        for names in (page.objects.keys, page.prefixes)
    )
