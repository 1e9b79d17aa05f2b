"""From sources to planned items: HEAD, listing, placing, and a look at what is there. Loop only."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from app.core.errors import ErrorKind, TransferError
from app.core.integrity import looks_like_md5
from app.core.objects import ListingPage, ObjectInfo, Source
from app.core.patterns import KeyRules
from app.core.plan import SAME_FILE, Existing, Placement, Placer, PlannedItem, Verdict, settle
from app.core.policy import IfExists
from app.engine.ports import FileFact, ObjectStore, Offload, TargetFolder
from app.engine.record import BatchRecord

CHUNK = 1000
"""Objects planned at a time where they do not come in pages."""
_LOOKS_A_TURN = 200
"""Disk look-ups between two turns of the loop, so that a long plan leaves room for downloads."""


class Planned(NamedTuple):
    """One planned item; `problem` is why its HEAD failed: the row fails with it when its turn comes."""

    item: PlannedItem
    problem: TransferError | None = None


class Planner:
    """Plans the sources of one batch in key order.

    `chunks` may be begun again after it was closed or failed: it goes on behind the last item it gave.
    `listed_keys`, `last_key` (the last one that a listing gave) and `is_complete` tell of the items it gave,
    `excluded_keys` of those that the sources' rules leave out.
    """

    def __init__(
        self,
        store: ObjectStore,
        target: TargetFolder,
        offload: Offload,
        record: BatchRecord,
        sources: Sequence[Source],
        if_exists: IfExists,
    ) -> None:
        self.listed_keys = 0
        self.excluded_keys = 0
        self.last_key = ""
        self.is_complete = False
        self.is_finite = not any(source.is_prefix for source in sources)
        self._bucket = sources[0].bucket
        self._store = store
        self._target = target
        self._offload = offload
        self._record = record
        self._if_exists = if_exists
        self._placer = Placer(target.path_rules)
        self._rules = KeyRules(sources[0].rules)
        self._left = deque(source for source in _in_key_order(sources) if self._has(source))
        self._placed: list[tuple[ObjectInfo, Placement]] = []
        self._listed_to = ""
        self._is_all_placed = False
        self._problems: dict[str, TransferError] = {}
        self._probed: tuple[ListingPage | None, AsyncIterator[ListingPage]] | None = None

    async def probe(self) -> None:
        """Ask S3 once, so that a batch that cannot begin says so before it starts. Raises TransferError.

        Of the prefixes the first page of the first is listed. A HEAD that fails for its object alone is kept
        for that row; one that would fail every file is raised.
        """
        prefix = next((source for source in self._left if source.is_prefix), None)
        if prefix is not None:
            pages = self._store.list_pages(prefix.bucket, prefix.key, start_after=self._listed_to)
            self._probed = (await anext(pages, None), pages)
        for place, source in enumerate(self._left):
            if not source.is_prefix and source.info is None:
                self._left[place] = replace(source, info=await self._head(source))

    async def restore(self, items: Sequence[PlannedItem], last_key: str, *, is_complete: bool) -> None:
        """Go on behind `items`, which an earlier start of the program has planned, in their order."""
        for number, item in enumerate(items, 1):
            source = self._advance_to(item.obj.key)
            if source is not None:
                self._placer.place_again(item, source.base)
            if number % _LOOKS_A_TURN == 0:
                await asyncio.sleep(0)
        self.listed_keys, self.last_key = len(items), last_key
        if is_complete:
            self._left.clear()
            self.is_complete = True

    async def chunks(self) -> AsyncGenerator[list[Planned], None]:
        """Planned items, a page at a time. A listing that fails raises TransferError."""
        if self._placed:
            yield await self._settle_placed()
        while self._left:
            source = self._left[0]
            if source.is_prefix:
                pages = _prefetched(self._pages(source))
                try:
                    async for page in pages:
                        self._place_page(page, source)
                        yield await self._settle_placed()
                finally:
                    await pages.aclose()
                self._left.popleft()
                self._listed_to = ""
            else:
                self._place_objects()
                yield await self._settle_placed()

    async def settle_again(self, item: PlannedItem) -> PlannedItem:
        """Judge an item anew against the disk, for another attempt; its path stays. Raises nothing.

        Of an archived one S3 is asked whether it was restored.
        """
        if item.verdict is Verdict.BLOCKED:
            return item
        if item.verdict is Verdict.ARCHIVED:
            try:
                item = item._replace(obj=await self._store.head(self._bucket, item.obj.key))
            except TransferError:
                return item
        is_renamed = item.verdict is Verdict.RENAMED
        placement = Placement(item.path, item.is_folder, is_renamed, item.reason if is_renamed else "")
        return await self._settled(item.obj, placement)

    def _advance_to(self, key: str) -> Source | None:
        """The source that `key` is of; those before it, and it where it is one object, are done with."""
        for place, source in enumerate(self._left):
            if _covers(source, key):
                for _ in range(place if source.is_prefix else place + 1):
                    self._left.popleft()
                self._listed_to = key if source.is_prefix else ""
                return source
        return None

    async def settle_left(self, item: PlannedItem) -> PlannedItem:
        """Judge an item anew that an earlier start had not finished, or had but could not record.

        Such a file has the size and the time of its object: it got both before its name.
        """
        if item.path and not item.is_folder:
            with suppress(TransferError):
                fact = self._target.look(item.path)
                if fact is not None and fact.is_like(item.obj.size_bytes, item.obj.modified_at):
                    return item._replace(verdict=Verdict.SAME, reason=SAME_FILE)
        return await self.settle_again(item)

    async def _head(self, source: Source) -> ObjectInfo:
        try:
            return await self._store.head(source.bucket, source.key)
        except TransferError as error:
            if error.kind.is_systemic or error.kind is ErrorKind.USAGE:
                raise
            self._problems[source.key] = error
            return ObjectInfo(source.key, 0)

    async def _pages(self, source: Source) -> AsyncIterator[ListingPage]:
        if self._probed is not None:
            (page, pages), self._probed = self._probed, None
            if page is not None:
                yield page
        else:
            pages = self._store.list_pages(source.bucket, source.key, start_after=self._listed_to)
        async for page in pages:
            yield page

    def _has(self, source: Source) -> bool:
        """True for a prefix, and for an object that the rules leave in."""
        is_wanted = source.is_prefix or self._rules.admits(source.key.removeprefix(source.base))
        self.excluded_keys += not is_wanted
        return is_wanted

    def _place_page(self, page: ListingPage, source: Source) -> None:
        base = source.base
        wanted = [obj for obj in page.objects if self._rules.admits(obj.key.removeprefix(base))]
        self.excluded_keys += len(page.objects) - len(wanted)
        self._placed.extend((obj, self._placer.place(obj, base)) for obj in wanted)
        if page.objects:
            self._listed_to = page.objects[-1].key
        self._is_all_placed = page.is_last and len(self._left) == 1

    def _place_objects(self) -> None:
        while self._left and not self._left[0].is_prefix and len(self._placed) < CHUNK:
            source = self._left.popleft()
            assert source.info is not None
            self._placed.append((source.info, self._placer.place(source.info, source.base)))
        self._is_all_placed = not self._left

    async def _settle_placed(self) -> list[Planned]:
        # Nothing is taken off before all is settled: a cancel in between loses no object.
        planned: list[Planned] = []
        for number, (obj, placement) in enumerate(self._placed, 1):
            item = await self._settled(obj, placement)
            # A key that is blocked fails by the plan, whatever its HEAD said.
            is_blocked = item.verdict is Verdict.BLOCKED
            planned.append(Planned(item, None if is_blocked else self._problems.get(obj.key)))
            if number % _LOOKS_A_TURN == 0:
                await asyncio.sleep(0)
        self._placed.clear()
        self.listed_keys += len(planned)
        self.last_key = self._listed_to or self.last_key
        self.is_complete = self._is_all_placed
        return planned

    async def _settled(self, obj: ObjectInfo, placement: Placement) -> PlannedItem:
        if placement.blocked:
            return settle(placement, obj, Existing.NOTHING, self._if_exists)
        try:
            existing = await self._existing(placement.path, obj)
            if existing.is_file and not placement.is_folder and self._if_exists is IfExists.KEEP_BOTH:
                placement = self._free_place(placement)
                existing = Existing.NOTHING
        except TransferError as error:
            if error.kind.is_systemic:
                raise
            return PlannedItem(obj, placement.path, placement.is_folder, _verdict_of(error), error.message)
        return settle(placement, obj, existing, self._if_exists)

    def _free_place(self, placement: Placement) -> Placement:
        others = self._placer.keep_both(placement)
        return next(other for other in others if self._target.look(other.path) is None)

    async def _existing(self, path: str, obj: ObjectInfo) -> Existing:
        fact = self._target.look(path)
        if fact is None:
            return Existing.NOTHING
        if not fact.is_file:
            return Existing.FOLDER if fact.is_folder else Existing.OTHER
        is_same = self._if_exists is IfExists.AUTO and await self._is_same(path, fact, obj)
        return Existing.SAME_FILE if is_same else Existing.DIFFERENT_FILE

    async def _is_same(self, path: str, fact: FileFact, obj: ObjectInfo) -> bool:
        """Same size, and published from this very object or of the same MD5.

        An ETag that is no MD5 (multipart, KMS) proves nothing by itself.
        """
        if fact.size_bytes != obj.size_bytes or not obj.etag:
            return False
        ours = await self._record.published(self._target.root, path)
        if ours is not None and ours.etag == obj.etag and fact.is_like(ours.size_bytes, ours.modified_at):
            return True
        return looks_like_md5(obj.etag) and await self._offload(lambda: self._target.md5(path)) == obj.etag


def _verdict_of(error: TransferError) -> Verdict:
    return Verdict.EXISTS if error.kind is ErrorKind.EXISTS else Verdict.BLOCKED


def _covers(source: Source, key: str) -> bool:
    return key.startswith(source.key) if source.is_prefix else key == source.key


def _in_key_order(sources: Sequence[Source]) -> list[Source]:
    """The sources by key, without those that another one covers: a batch has each object once."""
    kept: list[Source] = []
    for source in sorted(sources, key=lambda source: (source.key, not source.is_prefix)):
        last = kept[-1] if kept else None
        if last is None or not _covers(last, source.key):
            kept.append(source)
    return kept


async def _prefetched(pages: AsyncIterator[ListingPage]) -> AsyncGenerator[ListingPage, None]:
    """The pages, the next one being asked for while this one is worked on."""

    async def pull() -> ListingPage | None:
        return await anext(pages, None)

    ahead = asyncio.ensure_future(pull())
    try:
        while (page := await ahead) is not None:
            if not page.is_last:
                ahead = asyncio.ensure_future(pull())
            yield page
            if page.is_last:
                return
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)
