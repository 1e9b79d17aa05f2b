"""The GETs of one object: each answer judged before its first byte, each range tried again by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.extents import Span
from app.core.integrity import Expectation, expectation_of
from app.core.states import Phase
from app.engine.assembly import Assembly, Piece
from app.engine.batch_rows import BatchRows
from app.engine.ports import GetHead, GetRequest
from app.engine.row import Row
from app.engine.slots import SlotHold
from app.engine.throttle import Allowance
from app.engine.tools import DownloadTools

T = TypeVar("T")


class Fetch:
    """Fills an assembly from S3, for one attempt of one row; the Asker of its requests. Loop only."""

    def __init__(
        self, tools: DownloadTools, assembly: Assembly, rows: BatchRows, row: Row, bucket: str
    ) -> None:
        self.assembly = assembly
        self.key = plain_text(row.item.obj.key)
        self.is_whole = False
        self.bucket = bucket
        self.is_patient = True
        self._tools = tools
        self._rows = rows
        self._row = row
        self._busy = 0
        self._is_alone = True

    async def describe(self) -> None:
        """Ask for the object's checksums and pin what is to be fetched. Raises TransferError.

        A HEAD that is refused for its object alone changes nothing: the GET says why, or goes well without.
        """
        request = self._request(None, None)
        try:
            head = await self._ask(partial(self._tools.store.describe, request))
        except TransferError as error:
            if error.kind is ErrorKind.CHANGED or error.kind.is_systemic or error.kind.is_retryable:
                raise
            return
        self._check_size(head.length_bytes)
        self.saw(head)
        self.expect(head)

    async def part_length(self, number: int, parts: int) -> int | None:
        """The bytes of one of the `parts` that the object was uploaded in, where the server tells it.

        Not pinned: a part may have an ETag of its own (moto 5.2 does so).
        """
        request = self._request(None, None)._replace(part_number=number, if_match="")
        try:
            head = await self._ask(partial(self._tools.store.describe, request))
        except TransferError:
            return None
        return head.length_bytes if head.parts_count == parts else None

    async def whole(self) -> None:
        """Fetch the object with one GET, and with another one what that leaves missing."""
        await self._piece(self.assembly.begin(0, self.assembly.size_bytes), None)

    async def ranges(self, spans: list[Span]) -> None:
        """Fetch the spans, at most `jobs` at once; the first answer is judged before the others are asked."""
        judged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        left = iter(spans)

        async def work(span: Span | None) -> None:
            while span is not None and not self.is_whole:
                await self._piece(self.assembly.begin(*span), judged)
                span = next(left, None)

        try:
            async with asyncio.TaskGroup() as group:
                first = group.create_task(work(next(left)))
                await asyncio.wait([judged, first], return_when=asyncio.FIRST_COMPLETED)
                if not self.is_whole:
                    self._is_alone = False
                    for _ in range(min(len(spans), self._tools.slots.jobs) - 1):
                        group.create_task(work(next(left, None)))
        except BaseExceptionGroup as errors:
            raise _first(errors) from None

    def saw(self, head: GetHead) -> None:
        """The server has answered with the object: from now on it must stay this one."""
        assembly = self.assembly
        assembly.etag = assembly.etag or head.etag
        assembly.version_id = assembly.version_id or head.version_id
        item = self._row.item
        if item.obj.modified_at is None and head.modified_at is not None:
            obj = item.obj._replace(modified_at=head.modified_at)
            self._rows.revise(self._row.index, item._replace(obj=obj))

    def expect(self, head: GetHead, *, is_whole: bool = True) -> None:
        """Take from an answer what the object's bytes must hash to; one about a range has only the ETag."""
        checksums = head.checksums if is_whole else {}
        self.assembly.expect(expectation_of(checksums, self.assembly.etag, is_etag_md5=head.is_etag_md5))

    def answered_whole(self, piece: Piece, head: GetHead) -> None:
        """The whole object comes, whatever was asked for. Raises TransferError when that fits nowhere."""
        self._check_size(head.length_bytes)
        if not self._is_alone:
            raise self.protocol("sent the whole object in place of a part, after it had sent parts")
        self.is_whole = True
        if not piece.is_empty or (piece.first, piece.limit) != (0, self.assembly.size_bytes):
            self.assembly.take_whole(piece)
        if not isinstance(self.assembly.expectation, Expectation):
            self.expect(head)

    def downloading(self) -> None:
        """Bytes are about to come."""
        if self._row.phase is not Phase.DOWNLOADING:
            self._rows.enter(self._row.index, Phase.DOWNLOADING)

    def verifying(self) -> None:
        """All bytes have come and are compared."""
        self._rows.enter(self._row.index, Phase.VERIFYING)

    def other_size(self, told: int | None) -> TransferError:
        """The error of an object that is not as large as it was listed."""
        return TransferError(
            ErrorKind.CHANGED,
            f"The server announces {told} bytes of {self.key}, its listing said "
            f"{self.assembly.size_bytes}. The object may have changed: start it again to get the new one.",
        )

    def protocol(self, what: str) -> TransferError:
        """The error of an answer that does not fit what was asked for."""
        return TransferError(
            ErrorKind.PROTOCOL,
            f"The server {what} ({self.key}). Nothing of it was kept; ask who runs the server.",
        )

    def _check_size(self, told: int | None) -> None:
        if told is not None and told != self.assembly.size_bytes:
            raise self.other_size(told)

    async def _piece(self, piece: Piece, judged: asyncio.Future[None] | None) -> None:
        """Fetch one piece, as often as it takes and the budget allows. `judged` is given for a range."""
        allowance = self._tools.limits.allow(self._row)
        await allowance.begin(piece.limit - piece.end)
        try:
            await self._get(piece, judged, _Sink(self, piece, judged, allowance))
        finally:
            allowance.end()

    async def _get(self, piece: Piece, judged: asyncio.Future[None] | None, sink: _Sink) -> None:
        async def get() -> None:
            if not piece.is_empty and not self.assembly.etag:
                # Nothing would tell that the rest is of the same object.
                self.assembly.restart_piece(piece)
            is_range = not piece.is_empty or (judged is not None and not self.is_whole)
            span = (piece.end, piece.limit - 1) if is_range else (None, None)
            await self._tools.store.get(self._request(*span), sink)
            if piece.end != piece.limit:
                raise self._short(piece)

        await self._ask(get, lambda: piece.end)
        self._tools.slots.creep_up()

    async def _ask(self, request: Callable[[], Awaitable[T]], held_bytes: Callable[[], int] = int) -> T:
        return await self._tools.patience.ask(self, partial(self._busy_with, request), held_bytes)

    async def _busy_with(self, request: Callable[[], Awaitable[T]]) -> T:
        self._busy += 1
        try:
            if self._row.phase is not Phase.DOWNLOADING:
                self._rows.enter(self._row.index, Phase.CONNECTING)
            return await request()
        finally:
            self._busy -= 1
            if (wait := self._tools.patience.wait) is not None:
                self.waits(wait.phase)

    # The Asker

    def slot(self) -> SlotHold:
        """One of the engine's, which go round the rows."""
        return self._tools.slots.hold(self._row)

    def failed(self, error: TransferError) -> None:
        """Ask with fewer slots where the server wishes it."""
        if error.kind is ErrorKind.THROTTLED:
            self._tools.slots.slow_down()

    def waits(self, phase: Phase, delay_s: float | None = None) -> None:
        """Show it, unless other ranges go on: such a row is still downloading."""
        if not self._busy:
            retry_at = None if delay_s is None else self._tools.clock() + delay_s
            self._rows.enter(self._row.index, phase, retry_at=retry_at)

    def tries_again(self) -> None:
        """Count it."""
        self._rows.count_retry(self._row.index)

    def _request(self, first: int | None, last: int | None) -> GetRequest:
        assembly = self.assembly
        return GetRequest(
            self.bucket, self._row.item.obj.key, assembly.version_id, assembly.etag, first=first, last=last
        )

    def _short(self, piece: Piece) -> TransferError:
        return TransferError(
            ErrorKind.SHORT_BODY,
            f"The connection ended early: {piece.end - piece.first} of {piece.limit - piece.first} bytes of "
            f"{self.key} came. Try it again.",
        )


class _Sink:
    """The body of one piece's GETs: judges each head, then writes."""

    __slots__ = ("_allowance", "_answer_end", "_fetch", "_judged", "_limits", "_piece")

    def __init__(
        self, fetch: Fetch, piece: Piece, judged: asyncio.Future[None] | None, allowance: Allowance
    ) -> None:
        self._allowance = allowance
        self._limits = allowance.limits
        self._fetch = fetch
        self._piece = piece
        self._judged = judged
        self._answer_end = 0

    def begin(self, head: GetHead) -> None:
        """Judge the head of an answer. Raises TransferError."""
        fetch, piece = self._fetch, self._piece
        fetch.saw(head)
        if head.range_first is not None:
            self._judge_range(head)
            if fetch.assembly.expectation is None:
                fetch.expect(head, is_whole=False)
        elif head.status == 206:
            raise fetch.protocol("sent a part without saying which one (no Content-Range)")
        else:
            fetch.answered_whole(piece, head)
            self._answer_end = piece.limit
        if piece.is_empty:
            fetch.assembly.arm(piece)
        fetch.downloading()
        if self._judged is not None and not self._judged.done():
            self._judged.set_result(None)

    def write(self, data: bytes) -> asyncio.Future[None] | None:
        """Take the next bytes of the body; what to wait for before the next. Raises TransferError."""
        if self._piece.end + len(data) > self._answer_end:
            raise self._fetch.protocol("sent more bytes than it announced")
        self._fetch.assembly.write(self._piece, data)
        return self._allowance.spend(len(data)) if self._limits.is_on else None

    def _judge_range(self, head: GetHead) -> None:
        fetch, piece = self._fetch, self._piece
        first, last = head.range_first, head.range_last
        assert first is not None
        assert last is not None
        if head.total_bytes is not None and head.total_bytes != fetch.assembly.size_bytes:
            raise fetch.other_size(head.total_bytes)
        if first != piece.end or not first <= last < piece.limit:
            asked = f"{piece.end}-{piece.limit - 1}"
            raise fetch.protocol(f"sent the bytes {first}-{last} in place of {asked}")
        if head.length_bytes not in {None, last - first + 1}:
            raise fetch.protocol(f"announced {head.length_bytes} bytes as the bytes {first}-{last}")
        self._answer_end = last + 1


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that happened first, out of a group."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
