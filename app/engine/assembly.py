"""One part file while it is filled: which bytes it holds, and their CRCs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from app.core.errors import TransferError
from app.core.extents import Span, missing, parts
from app.core.integrity import Algorithm, CompositeExpectation, Expectation, Unverifiable
from app.core.plan import PlannedItem
from app.core.saved import Extent, SavedPart
from app.engine.ports import PartFile, RunningDigest
from app.engine.tools import DownloadTools

RECORD_BYTES = 512 << 10
RECORD_S = 1.0
"""After so many bytes or seconds a piece is recorded again: what a kill can cost it."""
INLINE_HASH_BYTES = 1 << 20
"""Up to this size a hash is taken as the bytes come; a larger file is hashed in one pass off the loop."""
_READ_BYTES = 1 << 20


class Piece:
    """Bytes `first` to `end` that came in order, out of those up to `limit` that were asked for.

    From its first byte on its CRC or its hash is taken: one check is enough.
    """

    __slots__ = ("crc", "end", "first", "hash", "limit", "recorded_at", "recorded_end")

    def __init__(self, first: int, limit: int) -> None:
        self.first = self.end = first
        self.limit = limit
        self.crc: RunningDigest | None = None
        self.hash: RunningDigest | None = None
        self.recorded_end = first
        self.recorded_at = 0.0

    @property
    def is_empty(self) -> bool:
        """True while it holds no byte."""
        return self.end == self.first

    def is_record_due(self) -> bool:
        """True when it is complete, or holds so much more than is on record that this should be told."""
        is_due = self.end == self.limit or self.end - self.recorded_end >= RECORD_BYTES
        return is_due or time.monotonic() - self.recorded_at >= RECORD_S

    def recorded(self) -> None:
        """What it holds is on record now."""
        self.recorded_end, self.recorded_at = self.end, time.monotonic()


class Assembly:
    """Fills the part file of one row. Loop only, but for `digest_of_file`, which blocks."""

    def __init__(
        self,
        tools: DownloadTools,
        index: int,
        item: PlannedItem,
        part_name: str,
        on_progress: Callable[[int], None],
    ) -> None:
        """`on_progress` gets the bytes held so far."""
        self.size_bytes = item.obj.size_bytes
        self.etag = item.obj.etag
        self.version_id = item.obj.version_id
        self.algorithm = Algorithm.CRC64NVME
        self.expectation: Expectation | CompositeExpectation | Unverifiable | None = None
        self.pieces: list[Piece] = []
        self.held_bytes = 0
        self._tools = tools
        self._index = index
        self._path = item.path
        self._part_name = part_name
        self._on_progress = on_progress
        self._part: PartFile | None = None
        self._is_recorded = False

    @property
    def part(self) -> PartFile:
        """The part file, which is there once a piece was armed or taken over."""
        assert self._part is not None
        return self._part

    def expect(self, expectation: Expectation | CompositeExpectation | Unverifiable) -> None:
        """Keep what the whole must hash to; its CRC is then taken of every piece that begins."""
        self.expectation = expectation
        if (
            isinstance(expectation, Expectation)
            and expectation.algorithm.is_combinable
            and all(piece.is_empty for piece in self.pieces)
        ):
            self.algorithm = expectation.algorithm

    def begin(self, first: int, limit: int) -> Piece:
        """A piece that is about to be asked for."""
        piece = Piece(first, limit)
        self.pieces.append(piece)
        return piece

    def arm(self, piece: Piece) -> None:
        """An empty piece is about to come: choose its digests, make the part file."""
        piece.crc = piece.hash = None
        piece.recorded()
        expected = self.expectation
        is_whole = (piece.first, piece.limit) == (0, self.size_bytes) and self.size_bytes <= INLINE_HASH_BYTES
        if is_whole and isinstance(expected, Expectation) and not expected.algorithm.is_combinable:
            piece.hash = self._tools.digests.start(expected.algorithm)
        else:
            piece.crc = self._tools.digests.start(self.algorithm)
        if self._part is None:
            self._part = self._tools.target.create_part(self._path, self._part_name, self.size_bytes)

    def take_whole(self, piece: Piece) -> None:
        """The server sends the whole object in place of the only range it was asked for: begin again at 0."""
        self.pieces.clear()
        self.pieces.append(piece)
        piece.first = piece.end = 0
        piece.limit = self.size_bytes
        self._forget_held(self.held_bytes)
        self._record_again()

    def restart_piece(self, piece: Piece) -> None:
        """Forget what a piece holds."""
        held = piece.end - piece.first
        piece.end = piece.first
        self._forget_held(held)
        self._record_again()

    def give_up_last(self) -> None:
        """Forget the piece that came last, so that it is asked for again."""
        piece = self.pieces.pop()
        self._forget_held(piece.end - piece.first)
        self._record_again()

    def write(self, piece: Piece, data: bytes) -> None:
        """Put the next bytes of a piece where they belong."""
        end = piece.end + len(data)
        self.part.write_at(piece.end, data)
        if piece.crc is not None:
            piece.crc.update(data)
        if piece.hash is not None:
            piece.hash.update(data)
        piece.end = end
        self.held_bytes += len(data)
        self._on_progress(self.held_bytes)
        # Without an ETag nothing would tell that the rest is of the same object; what is whole is done with.
        if self.etag and self.held_bytes < self.size_bytes and piece.is_record_due():
            self._record(piece)

    def left(self, part_bytes: int) -> list[Span]:
        """The ranges that are still to be asked for, cut into parts."""
        held = sorted((piece.first, piece.end) for piece in self.pieces)
        return parts(missing(self.size_bytes, held), part_bytes)

    def joined_crc(self) -> bytes:
        """The CRC of the whole, which must be there."""
        pieces = sorted(self.pieces, key=lambda piece: (piece.first, piece.end))
        ranges = [(self._crc_of(piece), piece.end - piece.first) for piece in pieces]
        return self._tools.digests.join_crcs(self.algorithm, ranges)

    def inline_hash(self) -> bytes | None:
        """The hash that was taken while the whole came in one piece, None where none was."""
        taken = self.pieces[0].hash if len(self.pieces) == 1 else None
        return taken.digest() if taken is not None else None

    def digest_of_file(self, algorithm: Algorithm) -> bytes:
        """The digest of the file's bytes, read once more; blocks. Ends early when the file is let go of."""
        return self._read(self.part, algorithm, 0, self.size_bytes).digest()

    def composite_of_file(self, algorithm: Algorithm, lengths: Sequence[int]) -> bytes:
        """The digest of the digests of the file's parts, read once more; blocks, like `digest_of_file`."""
        composite = self._tools.digests.start(algorithm)
        first = 0
        for length in lengths:
            composite.update(self._read(self.part, algorithm, first, first + length).digest())
            first += length
        return composite.digest()

    async def take_over(self, saved: SavedPart) -> None:
        """Go on with an earlier attempt's part file, as far as its bytes are still what they were.

        One of which nothing is right any more is removed. Raises TransferError when there is no such file.
        """
        part = self._tools.target.reopen_part(self._path, saved.name)
        try:
            held = await self._tools.offload(lambda: self._found_right(part, saved))
        except BaseException:
            part.keep()
            raise
        if not held:
            part.discard()
            return
        self._part, self._part_name, self.algorithm = part, saved.name, saved.algorithm
        for extent, digest in held:
            piece = self.begin(extent.first, extent.end)
            piece.end = extent.end
            piece.crc = digest
            piece.recorded()
        self.held_bytes = sum(piece.end - piece.first for piece in self.pieces)
        self._is_recorded = True
        self._record_again()

    def _found_right(self, part: PartFile, saved: SavedPart) -> list[tuple[Extent, RunningDigest]]:
        held: list[tuple[Extent, RunningDigest]] = []
        at = 0
        for extent in saved.extents:
            digest = self._read(part, saved.algorithm, extent.first, extent.end)
            if extent.first >= at and digest.digest() == extent.crc:
                held.append((extent, digest))
                at = extent.end
        return held

    def keep(self) -> SavedPart | None:
        """Let go of the part file and leave it for another attempt; one that holds nothing is removed."""
        if self._part is None or not self.held_bytes or not self.etag:
            self.discard()
            return None
        try:
            saved = self._saved()
        except TransferError:
            self.discard()
            return None
        self._part.keep()
        self._part = None
        self._tools.record.open_part(saved)
        return saved

    def discard(self) -> None:
        """Let go of the part file and, unless it was published, remove it. Idempotent."""
        if self._part is not None:
            self._part.discard()
            self._part = None
        self._tools.record.drop_part(self._index, self._part_name)

    def _record(self, piece: Piece) -> None:
        if self._is_recorded:
            self._tools.record.put_extent(self._index, self._part_name, self._extent(piece))
            piece.recorded()
        else:
            self._is_recorded = True
            self._record_again()

    def _record_again(self) -> None:
        """Record all that is held, where something is on record already."""
        if not self._is_recorded:
            return
        self._tools.record.open_part(self._saved())
        for piece in self.pieces:
            piece.recorded()

    def _forget_held(self, held_bytes: int) -> None:
        self.held_bytes -= held_bytes
        self._on_progress(self.held_bytes)

    def _saved(self) -> SavedPart:
        extents = sorted(
            (self._extent(piece) for piece in self.pieces if not piece.is_empty),
            key=lambda found: found.first,
        )
        return SavedPart(
            self._index,
            self._part_name,
            self.etag,
            self.version_id,
            self.size_bytes,
            self.algorithm,
            tuple(extents),
        )

    def _extent(self, piece: Piece) -> Extent:
        return Extent(piece.first, piece.end, self._crc_of(piece))

    def _crc_of(self, piece: Piece) -> bytes:
        """The CRC of what a piece holds, read from the file where its hash was taken in place of it."""
        if piece.crc is None:
            piece.crc = self._read(self.part, self.algorithm, piece.first, piece.end)
        return piece.crc.digest()

    def _read(self, part: PartFile, algorithm: Algorithm, first: int, end: int) -> RunningDigest:
        digest = self._tools.digests.start(algorithm)
        at = first
        while at < end:
            data = part.read_at(at, min(_READ_BYTES, end - at))
            if not data:
                break
            digest.update(data)
            at += len(data)
        return digest
