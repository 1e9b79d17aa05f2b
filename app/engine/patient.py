"""A store that asks again for what a plan is made of: HEADs and pages of listings. Loop only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from app.core.errors import TransferError
from app.core.objects import Bucket, ListingPage, ObjectInfo
from app.core.timing import Timing
from app.engine.ports import BodySink, GetHead, GetRequest, ObjectStore
from app.engine.retry import RetryBudget

T = TypeVar("T")
log = logging.getLogger(__name__)


class PatientStore:
    """An ObjectStore over another one; a GET goes through as it is, for a download has tries of its own.

    Every wait ends when the call is cancelled.
    """

    def __init__(
        self,
        store: ObjectStore,
        timing: Timing,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`random` gives a float in [0, 1); `sleep` takes seconds."""
        self._store = store
        self._timing = timing
        self._random = random
        self._sleep = sleep

    @property
    def endpoint(self) -> str:
        """The endpoint's URL, without any user information."""
        return self._store.endpoint

    async def get(self, request: GetRequest, sink: BodySink) -> GetHead:
        """GET one object or range into `sink`, once; raises TransferError."""
        return await self._store.get(request, sink)

    async def describe(self, request: GetRequest) -> GetHead:
        """HEAD what a GET would fetch, once; raises TransferError."""
        return await self._store.describe(request)

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        """HEAD one object; raises TransferError when no try is left."""
        return await self._tried(lambda: self._store.head(bucket, key))

    async def list_pages(
        self, bucket: str, prefix: str, *, delimiter: str = "", start_after: str = ""
    ) -> AsyncIterator[ListingPage]:
        """Pages of a listing, each with tries of its own; raises TransferError when none is left."""
        pages = self._store.list_pages(bucket, prefix, delimiter=delimiter, start_after=start_after)
        while True:
            page = await self._tried(lambda: anext(pages))
            yield page
            if page.is_last:
                return

    async def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets; botocore has tries of its own. Raises TransferError."""
        return await self._store.list_buckets()

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        await self._store.close()

    async def _tried(self, ask: Callable[[], Awaitable[T]]) -> T:
        budget = RetryBudget(self._timing, self._random)
        while True:
            try:
                return await ask()
            except TransferError as error:
                delay_s = budget.delay_s(error, new_bytes=0)
                if delay_s is None:
                    raise
                log.info("next try in %.2f s (%s: %s)", delay_s, error.kind.value, error.message)
            await self._sleep(delay_s)
