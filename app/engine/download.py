"""One object's life: GET, check, publish, and try again where that may help. Loop only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ObjectInfo
from app.core.plan import Verdict
from app.core.policy import IfExists
from app.core.states import Phase, State
from app.core.timing import Timing
from app.engine.batch_rows import BatchRows
from app.engine.ports import GetHead, GetRequest, ObjectStore, Offload, PartFile, TargetFolder
from app.engine.retry import RetryBudget
from app.engine.row import Row
from app.engine.slots import Slots

SYNC_FROM_BYTES = 8 << 20
"""Files of at least this size are flushed to the disk, off the loop, before they get their name."""

NOT_VERIFIED = "size and ETag only: checksums are not compared in this version"


@dataclass(frozen=True, slots=True)
class DownloadTools:
    """What every download of a batch shares. `random` gives a float in [0, 1); `sleep` takes seconds."""

    store: ObjectStore
    target: TargetFolder
    slots: Slots
    offload: Offload
    timing: Timing
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.time


class Download:
    """Downloads one row of a batch; `run` is the pool's work for it."""

    def __init__(self, tools: DownloadTools, rows: BatchRows, bucket: str, index: int) -> None:
        self._tools = tools
        self._rows = rows
        self._bucket = bucket
        self._row: Row = rows[index]
        self._attempt = self._row.attempt

    async def run(self) -> None:
        """Fetch the object and publish its file, or raise TransferError; a cancel leaves nothing behind."""
        index, item = self._row.index, self._row.item
        if item.is_folder:
            self._tools.target.make_folder(item.path)
            self._rows.finish(index, State.SKIPPED, note="folder made")
            return None
        budget = RetryBudget(self._tools.timing, self._tools.random)
        while True:
            try:
                return await self._try()
            except TransferError as error:
                delay_s = budget.delay_s(error, new_bytes=0)
                if delay_s is None:
                    raise
            self._rows.progress(index, 0)
            self._rows.enter(index, Phase.WAITING_TO_RETRY, retry_at=self._tools.clock() + delay_s)
            await self._tools.sleep(delay_s)

    async def _try(self) -> None:
        row, tools = self._row, self._tools
        async with tools.slots.hold(row.index):
            self._rows.enter(row.index, Phase.CONNECTING)
            receiver = _Receiver(self._rows, row, tools.target)
            try:
                head = await tools.store.get(self._request(), receiver)
                receiver.check_whole()
            except BaseException:
                receiver.discard()
                raise
        await self._publish(receiver.take_part(), head)

    async def _publish(self, part: PartFile, head: GetHead) -> None:
        row, tools = self._row, self._tools
        obj = _told(row.item.obj, head)
        is_large = obj.size_bytes >= SYNC_FROM_BYTES
        try:
            self._rows.enter(row.index, Phase.FINISHING)
            if is_large:
                await tools.offload(part.sync)
            if not self._rows.may_publish(row.index, self._attempt):
                raise asyncio.CancelledError
            part.publish(obj.modified_at, replace=_may_replace(row, self._rows.policy.if_exists))
            if obj is not row.item.obj:
                self._rows.revise(row.index, replace(row.item, obj=obj))
            self._rows.finish(row.index, State.DONE, note=NOT_VERIFIED)
            if is_large:
                await tools.offload(part.sync_folder)
        finally:
            part.discard()

    def _request(self) -> GetRequest:
        obj = self._row.item.obj
        return GetRequest(self._bucket, obj.key, version_id=obj.version_id, if_match=obj.etag)


class _Receiver:
    """The sink of one GET of a whole object: judges the headers, then writes the part file."""

    def __init__(self, rows: BatchRows, row: Row, target: TargetFolder) -> None:
        self._rows = rows
        self._row = row
        self._target = target
        self._part: PartFile | None = None
        self._offset = 0
        self._size_bytes = row.item.obj.size_bytes

    def begin(self, head: GetHead) -> None:
        announced = head.length_bytes
        if announced is not None and announced != self._size_bytes:
            raise TransferError(
                ErrorKind.CHANGED,
                f"The server announces {announced} bytes of {self._row.item.obj.key}, its listing said "
                f"{self._size_bytes}. The object may have changed: start it again to get the new one.",
            )
        self._part = self._target.open_part(self._row.item.path, self._size_bytes)
        self._rows.enter(self._row.index, Phase.DOWNLOADING)

    def write(self, data: bytes) -> None:
        assert self._part is not None
        end = self._offset + len(data)
        if end > self._size_bytes:
            raise TransferError(
                ErrorKind.PROTOCOL,
                f"The server sent more than the {self._size_bytes} bytes of {self._row.item.obj.key}.",
            )
        self._part.write_at(self._offset, data)
        self._offset = end
        self._rows.progress(self._row.index, end)

    def check_whole(self) -> None:
        """Raise SHORT_BODY unless every byte came."""
        if self._offset != self._size_bytes:
            raise TransferError(
                ErrorKind.SHORT_BODY,
                f"The connection ended early: {self._offset} of {self._size_bytes} bytes of "
                f"{self._row.item.obj.key} came. Try it again.",
            )

    def take_part(self) -> PartFile:
        """The part file, which is the caller's from now on."""
        assert self._part is not None
        part, self._part = self._part, None
        return part

    def discard(self) -> None:
        """Remove the part file, if there is one."""
        if self._part is not None:
            self._part.discard()
            self._part = None


def _told(obj: ObjectInfo, head: GetHead) -> ObjectInfo:
    """The object with what its GET told and the listing did not."""
    if obj.etag and obj.modified_at is not None and (obj.version_id or not head.version_id):
        return obj
    return replace(
        obj,
        etag=obj.etag or head.etag,
        version_id=obj.version_id or head.version_id,
        modified_at=obj.modified_at if obj.modified_at is not None else head.modified_at,
    )


def _may_replace(row: Row, if_exists: IfExists) -> bool:
    return if_exists is IfExists.REPLACE and row.item.verdict is Verdict.REPLACES
