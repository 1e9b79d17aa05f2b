"""A long listing, asked for in several stretches of keys at once and given in key order. Loop only."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from app.core.objects import ListingPage
from app.engine.key_space import behind_folder, key_ahead
from app.engine.stretch import Stretch, ascends, before, first_name, last_name

WIDTH = 8
"""Requests at once."""
MAX_AHEAD = 64
"""Pages that are held because one before them has not come."""
REACH = 6
"""Pages from one split to the next."""
FIRST_REACH = 2
"""The same for a listing that has just become wide."""
NARROW_PAGES = 3
"""A listing stays as it is for so many pages."""
SLOW_S = 0.03
"""Pages that come sooner are not waited for: more requests at once would bring nothing."""


class WideListing:
    """Gives the pages of one plain walk, whatever the server does, often much sooner.

    It begins as that walk. When its pages are slow in coming, another walk starts at a guessed key further
    on (`start-after`), and so on. A stretch ends where its walk comes upon the first name of the next one:
    the server's order being one chain, the pages up to there and those from there on are those of the plain
    walk. Where two walks do not meet like that, where a page does not ascend or begins before its start, all
    that is ahead is dropped, and the plain walk goes on.
    """

    def __init__(
        self,
        open_walk: Callable[[str], AsyncIterator[ListingPage]],
        pull: Callable[[AsyncIterator[ListingPage]], Awaitable[ListingPage]],
        prefix: str,
        delimiter: str,
        clock: Callable[[], float],
    ) -> None:
        """`open_walk` takes the key to start after; `pull` asks for a walk's next page."""
        self._open_walk = open_walk
        self._pull = pull
        self._prefix = prefix
        self._delimiter = delimiter
        self._clock = clock
        self._stretches: list[Stretch] = []
        self._is_wide = False
        self._may_split = True
        self._reach: float = FIRST_REACH
        self._scale = 1.0
        self._width = WIDTH
        self._news = asyncio.Event()

    async def pages(self, start_after: str = "") -> AsyncGenerator[ListingPage, None]:
        """The pages in the server's order; raises TransferError behind the last one that can be given.

        While it is not wide, a page is asked for when it is pulled; closing it ends every request.
        """
        self._stretches = [Stretch(start_after, self._open_walk(start_after), last=start_after)]
        began_s = asked_s = self._clock()
        waited_s, count, is_last = 0.0, 0, False
        try:
            while not is_last:
                page = await self._next_page()
                is_last = page.is_last
                count += 1
                waited_s += self._clock() - asked_s
                is_slow = waited_s > count * SLOW_S and waited_s > (self._clock() - began_s) / 2
                if self._may_split and is_slow and count >= NARROW_PAGES:
                    self._is_wide = True
                if self._is_wide:
                    self._ask()
                yield page
                asked_s = self._clock()
        finally:
            self._drop_from(0)

    def slow_down(self) -> None:
        """Have half as many requests at once from now on."""
        self._width = max(1, self._width // 2)

    async def _next_page(self) -> ListingPage:
        while True:
            page = self._take_page()
            if page is not None:
                return page
            self._news.clear()
            self._ask()
            await self._news.wait()

    def _take_page(self) -> ListingPage | None:
        """The next page of all, when it is here and it is known where its stretch ends."""
        head = self._stretches[0]
        following = self._after(0)
        if not head.pages:
            if head.error is not None:
                raise head.error
            return None
        page = head.pages[0]
        if following is None or (last_name(page) <= following.after and not page.is_last):
            return head.pages.popleft()
        if not following.is_known:
            return None
        meets = first_name(page, following.after)
        if not following.first or meets != following.first:
            if meets or not following.is_empty:
                self._drop_from(1)
            return head.pages.popleft()
        self._learn(head)
        self._stop(self._stretches.pop(0))
        part = before(page, meets)
        return part if part.objects or part.prefixes else self._take_page()

    def _after(self, index: int) -> Stretch | None:
        return self._stretches[index + 1] if index + 1 < len(self._stretches) else None

    # Asking

    def _ask(self) -> None:
        """Send what requests there is room for, those first whose pages are needed first."""
        for index, stretch in enumerate(self._stretches):
            is_needed = (index == 0 and not stretch.pages) or not stretch.is_known
            if stretch.request is None and stretch.is_open(self._after(index)):
                if self._running >= self._width or not (is_needed or (self._is_wide and self._has_room)):
                    continue
                self._send(stretch)
        while self._is_wide and self._may_split and self._running < self._width and self._has_room:
            if not self._split():
                break

    @property
    def _running(self) -> int:
        return sum(stretch.request is not None for stretch in self._stretches)

    @property
    def _has_room(self) -> bool:
        return self._running + sum(len(stretch.pages) for stretch in self._stretches) < MAX_AHEAD

    def _send(self, stretch: Stretch) -> None:
        async def pull() -> ListingPage:
            return await self._pull(stretch.walk)

        stretch.request = asyncio.ensure_future(pull())
        stretch.request.add_done_callback(lambda request: self._came(stretch, request))

    def _came(self, stretch: Stretch, request: asyncio.Future[ListingPage]) -> None:
        stretch.request = None
        if stretch not in self._stretches:
            return
        stretch.error = asyncio.CancelledError() if request.cancelled() else request.exception()
        if stretch.error is None:
            self._accept(stretch, request.result())
        if self._is_wide:
            self._ask()
        self._news.set()

    def _accept(self, stretch: Stretch, page: ListingPage) -> None:
        index = self._stretches.index(stretch)
        if not ascends(page, stretch.last):
            self._drop_from(max(1, index))
            if index > 0:
                return
        was_known = stretch.is_known
        stretch.take(page)
        if index > 0 and not was_known and stretch.is_known:
            self._reach = self._reach / 2 if stretch.is_empty else min(REACH, self._reach * 2)
            self._may_split = self._may_split and self._reach >= 1

    # Splitting

    def _split(self) -> bool:
        """Start a walk some pages ahead of another one; False when there is no place for it."""
        for index, stretch in enumerate(self._stretches):
            following = self._after(index)
            is_long = stretch.page_count - stretch.split_at >= 2 * REACH
            if not stretch.is_open(following) or not (following is None or following.is_empty or is_long):
                continue
            after = self._guess(stretch)
            if after and (following is None or after < following.after):
                stretch.split_at, stretch.wanted = stretch.page_count, self._reach
                stretch.scale = self._scale
                ahead = Stretch(after, self._open_walk(after), last=after)
                self._stretches.insert(index + 1, ahead)
                self._send(ahead)
                return True
        return False

    def _guess(self, stretch: Stretch) -> str | None:
        if len(stretch.sample) < 2:
            return None
        guess = key_ahead(stretch.sample, self._reach * self._scale / stretch.sample_share)
        if guess is None or not guess.startswith(self._prefix):
            return None
        cut = guess.find(self._delimiter, len(self._prefix)) if self._delimiter else -1
        if cut >= 0:
            guess = behind_folder(guess[: cut + len(self._delimiter)], self._delimiter)
        return guess if guess > stretch.last else None

    def _learn(self, stretch: Stretch) -> None:
        """Reach further where stretches turn out short, less far where they turn out long."""
        better = stretch.scale * stretch.wanted / max(1, stretch.page_count - stretch.split_at)
        self._scale = min(64.0, max(1 / 64, math.sqrt(self._scale * better)))

    # Dropping

    def _drop_from(self, index: int) -> None:
        """Go on without the stretches from `index` on, and never split again."""
        for stretch in self._stretches[index:]:
            self._stop(stretch)
        del self._stretches[index:]
        self._may_split = self._is_wide = False

    def _stop(self, stretch: Stretch) -> None:
        if stretch.request is not None:
            stretch.request.cancel()
