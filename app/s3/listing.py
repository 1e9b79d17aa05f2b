"""The pages of one listing, one request a pull, and the guards against a server that lists for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.core.objects import ListingPage
from app.s3.page_parser import PageParser, ParsedPage, listing_fault

MAX_EMPTY_PAGES = 100


class ListingGuard:
    """Watches the pages of one listing and refuses to follow a server that does not advance."""

    def __init__(self) -> None:
        self.last_key: str | None = None
        self._seen_tokens: set[str] = set()
        self._empty_pages = 0

    def admit(self, page: ParsedPage) -> ListingPage:
        """Take the next page; raises TransferError(LISTING) when there must be more but cannot be."""
        if page.objects:
            self.last_key = page.objects.keys[-1]
        self._empty_pages = 0 if page.objects or page.prefixes else self._empty_pages + 1
        if page.is_truncated:
            if not page.token:
                raise listing_fault("the server says that there is more but not where")
            if page.token in self._seen_tokens:
                raise listing_fault("the server gave a continuation token twice: it lists in a circle")
            if self._empty_pages > MAX_EMPTY_PAGES:
                raise listing_fault(f"the server sent {MAX_EMPTY_PAGES} empty pages in a row")
            self._seen_tokens.add(page.token)
        return ListingPage(page.objects, page.prefixes, not page.is_truncated)


class PageWalk:
    """The pages of one listing in the server's order; a pull that failed may be made again."""

    def __init__(
        self,
        ask: Callable[[dict[str, str], PageParser], Awaitable[None]],
        prefix: str,
        delimiter: str,
        start_after: str,
    ) -> None:
        """`ask` sends one request with the query that it is given and parses its answer."""
        self._ask = ask
        self._prefix = prefix
        self._query = {"list-type": "2", "encoding-type": "url", "prefix": prefix, "delimiter": delimiter}
        self._next = {"start-after": start_after}
        self._guard = ListingGuard()
        self._is_over = False

    def __aiter__(self) -> PageWalk:
        return self

    async def __anext__(self) -> ListingPage:
        if self._is_over:
            raise StopAsyncIteration
        parser = PageParser(self._prefix, self._guard.last_key)
        await self._ask(self._query | self._next, parser)
        parsed = parser.finish()
        page = self._guard.admit(parsed)
        self._next = {"continuation-token": parsed.token}
        self._is_over = page.is_last
        return page
