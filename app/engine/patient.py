"""A store that asks again for what a plan is made of: HEADs and pages of listings. Loop only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeVar

from app.core.errors import TransferError
from app.core.objects import Bucket, ConnectionSpec, ListingPage, ObjectInfo
from app.core.states import Phase
from app.engine.patience import Patience
from app.engine.ports import BodySink, GetHead, GetRequest, ObjectStore

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
    ) -> AsyncIterator[ListingPage]:
        """Pages of a listing, each with tries of its own; raises TransferError when none is left."""
        pages = self._store.list_pages(bucket, prefix, delimiter=delimiter, start_after=start_after)
        asker = self._asker(bucket)
        while True:
            page = await self.patience.ask(asker, lambda: anext(pages))
            yield page
            if page.is_last:
                return

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

    def __init__(self, bucket: str, is_patient: bool) -> None:
        self.bucket = bucket
        self.is_patient = is_patient

    def slot(self) -> AbstractAsyncContextManager[object]:
        """None is needed."""
        return nullcontext()

    def failed(self, error: TransferError) -> None:
        """Nothing: a listing has one request at a time."""

    def waits(self, phase: Phase, delay_s: float | None = None) -> None:
        """Nothing: the batch shows what its connection waits for."""

    def tries_again(self) -> None:
        """Nothing is counted."""
