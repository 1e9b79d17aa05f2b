"""The listings that somebody looks at, each of which can be stopped. Loop only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from app.core.objects import ListingPage


class Listings:
    """Runs listings under the tokens that they were asked for with."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(
        self, token: int, listing: AsyncGenerator[ListingPage, None], on_page: Callable[[ListingPage], object]
    ) -> bool:
        """True when it came to its end, False when it was cancelled. Raises TransferError."""

        async def work() -> None:
            async with aclosing(listing) as pages:
                async for page in pages:
                    on_page(page)

        task = asyncio.ensure_future(work())
        self._tasks[token] = task
        try:
            await task
        except asyncio.CancelledError:
            if task.cancelled():
                return False
            raise
        finally:
            del self._tasks[token]
        return True

    def cancel(self, token: int) -> None:
        """Stop a listing; one that has ended is no error."""
        task = self._tasks.get(token)
        if task is not None:
            task.cancel()
