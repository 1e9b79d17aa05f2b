"""A store that asks again for what a plan is made of: HEADs and pages of listings. Loop only."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import TypeVar

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import Bucket, ConnectionSpec, ListingPage, ObjectInfo
from app.core.states import Phase
from app.engine.patience import Patience
from app.engine.ports import BodySink, GetHead, GetRequest, ObjectStore
from app.engine.wide_listing import WideListing

T = TypeVar("T")


class PatientStore:
    """An ObjectStore over another one; a GET goes through as it is, for a download has tries of its own.

    Every wait ends when the call is cancelled.
    """

    def __init__(self, store: ObjectStore, patience: Patience, *, is_patient: bool = False) -> None:
        """With `is_patient` a plan waits for a person who signs in, as the downloads of a batch do."""
        self.patience = patience
        self._store = store
        self._is_patient = is_patient

    def for_batch(self) -> PatientStore:
        """The same connection for a batch."""
        return PatientStore(self._store, self.patience, is_patient=True)

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
        return await self.patience.ask(self._asker(bucket), lambda: self._store.head(bucket, key))

    async def list_pages(
        self, bucket: str, prefix: str, *, delimiter: str = "", start_after: str = ""
    ) -> AsyncGenerator[ListingPage, None]:
        """Pages of a listing, each with tries of its own; raises TransferError when none is left.

        A long one is asked for in several requests at once. Close it when you leave it before its end.
        """

        def open_walk(after: str) -> AsyncIterator[ListingPage]:
            return self._store.list_pages(bucket, prefix, delimiter=delimiter, start_after=after)

        async def pull(walk: AsyncIterator[ListingPage]) -> ListingPage:
            return await self.patience.ask(asker, lambda: anext(walk))

        listing = WideListing(open_walk, pull, prefix, delimiter, time.monotonic)
        asker = _Planning(bucket, self._is_patient, listing)
        key_count = 0
        try:
            async with aclosing(listing.pages(start_after)) as pages:
                async for page in pages:
                    key_count += len(page.objects)
                    yield page
        except TransferError as error:
            raise _told_how_far(error, f"s3://{bucket}/{prefix}", key_count) from None

    async def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets; botocore has tries of its own. Raises TransferError."""
        return await self._store.list_buckets()

    async def probe(self, bucket: str) -> None:
        """See whether anything answers for a bucket, once; raises TransferError when nothing does."""
        await self._store.probe(bucket)

    async def renew_keys(self, typed: ConnectionSpec | None = None) -> bool:
        """Take typed keys or ask for new ones; True when they are other ones. Raises TransferError."""
        return await self._store.renew_keys(typed)

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        await self._store.close()

    def _asker(self, bucket: str) -> _Planning:
        return _Planning(bucket, self._is_patient)


class _Planning:
    """Asks for what a plan is made of: without a slot, and without a row that could show a wait."""

    def __init__(self, bucket: str, is_patient: bool, listing: WideListing | None = None) -> None:
        self.bucket = bucket
        self.is_patient = is_patient
        self._listing = listing

    def slot(self) -> AbstractAsyncContextManager[object]:
        """None is needed."""
        return nullcontext()

    def failed(self, error: TransferError) -> None:
        """A server that asks to slow down gets fewer requests of a listing at once."""
        if error.kind is ErrorKind.THROTTLED and self._listing is not None:
            self._listing.slow_down()

    def waits(self, phase: Phase, delay_s: float | None = None) -> None:
        """Nothing: the batch shows what its connection waits for."""

    def tries_again(self) -> None:
        """Nothing is counted."""


def _told_how_far(error: TransferError, where: str, key_count: int) -> TransferError:
    """The same error, saying which listing it ended and after how many keys."""
    came = {0: "before its first key", 1: "after its first key"}.get(key_count, f"after {key_count:,} keys")
    text = f"The listing of {plain_text(where)} ended {came}: {error.message}"
    if error.kind is ErrorKind.LISTING:
        text += ". List it again; if it stays so, the server is at fault."
    return TransferError(
        error.kind,
        text,
        code=error.code,
        request_id=error.request_id,
        retry_after_s=error.retry_after_s,
    )
