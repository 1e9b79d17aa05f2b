"""One object's life: fetch, check, publish, or keep what came for another attempt. Loop only."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from app.core.errors import ErrorKind, TransferError
from app.core.extents import part_size
from app.core.integrity import CompositeExpectation, Expectation, Unverifiable, check
from app.core.naming import part_name
from app.core.plan import Verdict
from app.core.policy import IfExists, InFlight
from app.core.states import Phase, State
from app.engine.assembly import Assembly
from app.engine.batch_rows import BatchRows
from app.engine.composite import compare_parts
from app.engine.fetch import Fetch
from app.engine.row import Row
from app.engine.tools import DownloadTools

SYNC_FROM_BYTES = 8 << 20
"""Files of at least this size are flushed to the disk, off the loop, before they get their name."""

_SPOILT = frozenset({ErrorKind.CHANGED, ErrorKind.CHECKSUM, ErrorKind.PROTOCOL, ErrorKind.DISK_FULL})
"""After these the bytes that came are of no use, or in the way."""


class Download:
    """Downloads one row of a batch; `run` is the pool's work for it."""

    def __init__(self, tools: DownloadTools, rows: BatchRows, bucket: str, index: int) -> None:
        self._tools = tools
        self._rows = rows
        self._bucket = bucket
        self._row: Row = rows[index]
        self._attempt = self._row.attempt
        self._changed = ""

    async def run(self) -> None:
        """Fetch the object and publish its file, or raise TransferError.

        What a failure or a cancel leaves of it is kept beside the target, unless the policy discards it.
        """
        index, item = self._row.index, self._row.item
        if item.is_folder:
            self._tools.target.make_folder(item.path)
            self._rows.finish(index, State.SKIPPED, note="folder made")
            return
        if not item.obj.is_known:
            await self._take_as_it_is_now()
        try:
            await self._once()
        except TransferError as error:
            if error.kind is ErrorKind.CHECKSUM:
                # What was damaged on the way may come whole the second time.
                self._rows.count_retry(index)
            elif error.kind is ErrorKind.CHANGED and self._attempt > 1:
                await self._take_as_it_is_now()
                self._changed = "the object had changed, so it was fetched anew"
            else:
                raise
            await self._once()

    async def _take_as_it_is_now(self) -> None:
        """Whoever starts an object again wants it as it is now. Raises TransferError."""
        row = self._row
        obj = await self._tools.store.head(self._bucket, row.item.obj.key)
        self._rows.revise(row.index, row.item._replace(obj=obj))

    async def _once(self) -> None:
        assembly = self._assembly()
        try:
            await self._take_over_kept(assembly)
            fetch = Fetch(self._tools, assembly, self._rows, self._row, self._bucket)
            await self._fetch(fetch)
            verified, note = await self._verify(fetch)
            await self._publish(assembly, verified, "; ".join(filter(None, (note, self._changed))))
        except BaseException as error:
            self._let_go(assembly, error)
            if isinstance(error, TransferError) and error.kind is ErrorKind.DISK:
                self._tools.target.check()
            raise

    def _assembly(self) -> Assembly:
        row = self._row
        name = part_name(self._rows.batch_id, row.item.path, self._attempt)
        return Assembly(
            self._tools, row.index, row.item, name, lambda held: self._rows.progress(row.index, held)
        )

    async def _take_over_kept(self, assembly: Assembly) -> None:
        """Go on with what an earlier attempt kept, as far as it is still there and right."""
        kept = self._row.kept
        if kept is None:
            return
        if (kept.etag, kept.size_bytes) == (assembly.etag or kept.etag, assembly.size_bytes):
            self._rows.enter(self._row.index, Phase.VERIFYING)
            with suppress(TransferError):
                await assembly.take_over(kept)
                assembly.etag, assembly.version_id = kept.etag, kept.version_id
                self._rows.progress(self._row.index, assembly.held_bytes, is_fetched=False)
        if not assembly.held_bytes:
            self._tools.target.remove_parts(self._row.item.path, [kept.name])
            self._tools.record.drop_part(self._row.index, kept.name)
        self._row.kept = None

    @property
    def _part_bytes(self) -> int:
        """Larger objects come in ranges of this size."""
        return part_size(self._row.item.obj.size_bytes, self._rows.policy.part_size_bytes)

    async def _fetch(self, fetch: Fetch) -> None:
        assembly = fetch.assembly
        part_bytes = self._part_bytes
        if assembly.size_bytes <= part_bytes and not assembly.held_bytes:
            await fetch.whole()
            return
        await fetch.describe()
        # Without an ETag two ranges may be of two objects: such a one is fetched in one stream.
        if not assembly.etag:
            await fetch.whole()
            return
        if assembly.expectation is None and not assembly.left(part_bytes):
            # All is kept and nothing was told: one answer must say that it still is this object.
            assembly.give_up_last()
        if spans := assembly.left(part_bytes):
            await fetch.ranges(spans)

    async def _verify(self, fetch: Fetch) -> tuple[str | None, str]:
        """Compare what came with what the server stores: the checksum's name, or why there is none."""
        assembly = fetch.assembly
        expected = assembly.expectation
        if isinstance(expected, CompositeExpectation):
            # A small object is not worth a request more.
            is_worth_it = expected.parts == 1 or assembly.size_bytes > self._part_bytes
            if is_worth_it and await compare_parts(fetch, expected, self._tools.offload):
                return expected.algorithm.value, ""
            expected = expected.reason
        if not isinstance(expected, Expectation):
            reason = (expected or Unverifiable.NOTHING_TOLD).value
            if self._rows.policy.is_strict:
                raise TransferError(
                    ErrorKind.UNVERIFIED,
                    f"{self._row.item.obj.key} cannot be verified ({reason}). "
                    "Download it without the strict setting to have it all the same.",
                )
            return None, reason
        algorithm = expected.algorithm
        inline = assembly.inline_hash()
        if algorithm is assembly.algorithm:
            actual = assembly.joined_crc()
        elif inline is not None:
            actual = inline
        else:
            self._rows.enter(self._row.index, Phase.VERIFYING)
            actual = await self._tools.offload(lambda: assembly.digest_of_file(algorithm))
        check(expected, actual, self._row.item.obj.key)
        return algorithm.value, ""

    async def _publish(self, assembly: Assembly, verified: str | None, note: str) -> None:
        row, tools, part = self._row, self._tools, assembly.part
        is_large = assembly.size_bytes >= SYNC_FROM_BYTES
        self._rows.enter(row.index, Phase.FINISHING)
        if is_large:
            await tools.offload(part.sync)
        if not self._rows.may_publish(row.index, self._attempt):
            raise asyncio.CancelledError
        obj = row.item.obj
        if (obj.etag, obj.version_id) != (assembly.etag, assembly.version_id):
            obj = obj._replace(etag=assembly.etag, version_id=assembly.version_id)
            self._rows.revise(row.index, row.item._replace(obj=obj))
        part.publish(obj.modified_at, replace=_may_replace(row, self._rows.policy.if_exists))
        self._rows.finish(row.index, State.DONE, note=note, verified=verified)
        try:
            if is_large:
                await tools.offload(part.sync_folder)
        finally:
            assembly.discard()

    def _let_go(self, assembly: Assembly, error: BaseException) -> None:
        """Keep the part file for another attempt, or remove it."""
        row = self._row
        is_spoilt = isinstance(error, TransferError) and error.kind in _SPOILT
        is_unwanted = self._rows.policy.stop.in_flight is InFlight.DISCARD and not row.is_pausing
        is_discarded = is_unwanted or row.attempt != self._attempt
        if is_spoilt or is_discarded or row.state is State.DONE:
            assembly.discard()
        else:
            row.kept = assembly.keep() or row.kept


def _may_replace(row: Row, if_exists: IfExists) -> bool:
    return if_exists is IfExists.REPLACE and row.item.verdict is Verdict.REPLACES
