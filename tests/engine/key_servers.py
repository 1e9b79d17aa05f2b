"""Listings without a network: honest servers, and those that list in ways of their own."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ListingPage, ObjectColumns, ObjectInfo


@dataclass
class KeyServer:
    """Lists `keys` in its own order, `page_size` names a page.

    `order` maps a key to what the server sorts by. `start_order` is what it finds a start by, and `slips` so
    many names too far; with `ignores_start` it lists from the beginning whatever is asked. `fails` is asked
    with the number of a request, from 0, before it is answered. Each request takes `takes_s` by the clock
    `now`, or never ends while the server `is_stuck`. `requests` has each one's start and page number.
    """

    keys: Sequence[str]
    page_size: int = 3
    delimiter: str = ""
    order: Callable[[str], Any] = str
    start_order: Callable[[str], Any] | None = None
    slips: int = 0
    ignores_start: bool = False
    is_stuck: bool = False
    fails: Callable[[int], bool] = lambda _number: False
    schedule: random.Random = field(default_factory=lambda: random.Random(0))
    requests: list[tuple[str, int]] = field(default_factory=list)
    takes_s: float = 1.0
    now: float = 0.0
    running: int = 0
    most_running: int = 0

    def names(self) -> list[str]:
        """All keys, or the folders in the place of the keys below them, in the server's order."""
        names = (
            {key[: key.find(self.delimiter) + 1] or key for key in self.keys} if self.delimiter else self.keys
        )
        return sorted(set(names), key=self.order)

    def open(self, after: str) -> AsyncIterator[ListingPage]:
        """A walk behind `after`; a failed pull may be made again."""
        return _Walk(self, "" if self.ignores_start else after)

    def page(self, after: str, last: str) -> ListingPage:
        """A page of the walk behind `after` that goes on behind the name `last`."""
        names = self.names()
        begin = 0
        if last:
            begin = bisect_right(names, self.order(last), key=self.order)
        elif after:
            order = self.start_order or self.order
            rank = order(after)
            folder = after[: after.find(self.delimiter) + 1] if self.delimiter else ""
            behind = (at for at, name in enumerate(names) if order(name) > rank or name == folder)
            begin = next(behind, len(names)) + self.slips
        shown = names[begin : begin + self.page_size]
        folders = tuple(name for name in shown if self.delimiter and name.endswith(self.delimiter))
        objects = ObjectColumns.of(ObjectInfo(name, 1) for name in shown if name not in folders)
        return ListingPage(objects, folders, begin + self.page_size >= len(names))


class _Walk:
    def __init__(self, server: KeyServer, after: str) -> None:
        self._server = server
        self._after = after
        self._number = 0
        self._last = ""

    def __aiter__(self) -> _Walk:
        return self

    async def __anext__(self) -> ListingPage:
        server = self._server
        number = len(server.requests)
        server.requests.append((self._after, self._number))
        server.running += 1
        server.most_running = max(server.most_running, server.running)
        try:
            for _ in range(server.schedule.randrange(4)):
                await asyncio.sleep(0)
            if server.is_stuck:
                await asyncio.Event().wait()
        finally:
            server.running -= 1
            server.now += server.takes_s
        if server.fails(number):
            raise TransferError(ErrorKind.ACCESS_DENIED, "no")
        page = server.page(self._after, self._last)
        self._number += 1
        self._last = max((*page.objects.keys, *page.prefixes), key=server.order, default="")
        return page
