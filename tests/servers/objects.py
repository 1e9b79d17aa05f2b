"""The fault server's objects: any size, no memory, every byte known from the key and the seed."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from tests.servers.content import chunks, digest, digest_of_digests, start_of

OLD_DATE = 1_700_000_000.0
"""14 November 2023: the modification time of an object that asks for no other."""
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"


@dataclass(frozen=True)
class SeededObject:
    """One object whose bytes follow from `key` and `seed`.

    `algorithms` (crc64nvme, crc32c, crc32, sha256, sha1) are the checksums it was uploaded with, computed
    when first asked for; `checksums` are more of them by name as base64 text, true or not. With
    `part_size_bytes`, or `part_lengths` for parts of several sizes, it was uploaded in parts: it can be asked
    for by part number, its ETag is S3's for a multipart upload, and with `checksum_type` COMPOSITE so are its
    checksums. `fixed_etag` replaces the
    ETag. Times are seconds since the epoch.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """

    key: str
    size_bytes: int
    seed: int = 0
    modified_at: float = OLD_DATE
    fixed_etag: str = ""
    storage_class: str = "STANDARD"
    version_id: str | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str = FULL_OBJECT
    algorithms: tuple[str, ...] = ()
    part_size_bytes: int | None = None
    part_lengths: tuple[int, ...] = ()

    @cached_property
    def _start(self) -> int:
        return start_of(f"{self.seed}:{self.key}")

    def chunks(self, first: int, length: int) -> Iterator[memoryview]:
        """The bytes from offset `first`, in views of at most 1 MiB, without copying."""
        return chunks(self._start + first, length)

    def read(self, first: int = 0, length: int | None = None) -> bytes:
        """The bytes from offset `first`; all that follow when `length` is None."""
        return b"".join(self.chunks(first, self.size_bytes - first if length is None else length))

    @property
    def part_count(self) -> int | None:
        """How many parts it was uploaded in, None for an upload in one piece."""
        return len(self._parts) or None

    def part(self, number: int) -> tuple[int, int]:
        """Offset and length of part `number`, counted from 1; of a whole object its only one."""
        return self._parts[number - 1] if self._parts else (0, self.size_bytes)

    def part_at(self, first: int, length: int) -> int | None:
        """The number of the part that is exactly this range, None when none is."""
        number = bisect_left(self._parts, (first, length))
        return number + 1 if self._parts[number : number + 1] == [(first, length)] else None

    @cached_property
    def _parts(self) -> list[tuple[int, int]]:
        """Offset and length of each part, none for an upload in one piece."""
        size = self.part_size_bytes
        if size is not None:
            firsts = range(0, max(1, self.size_bytes), size)
            return [(first, min(size, self.size_bytes - first)) for first in firsts]
        ends = list(accumulate(self.part_lengths))
        assert not ends or ends[-1] == self.size_bytes
        return [(end - length, length) for end, length in zip(ends, self.part_lengths, strict=True)]

    @cached_property
    def md5(self) -> str:
        """Hex MD5 of the content."""
        return self._digest("md5", 0, self.size_bytes).hex()

    @cached_property
    def etag(self) -> str:
        """The ETag without quotes: the MD5, or for a multipart upload that of its parts' MD5s."""
        if self.fixed_etag or self.part_count is None:
            return self.fixed_etag or self.md5
        return f"{digest_of_digests('md5', self._part_digests('md5')).hex()}-{self.part_count}"

    def checksum(self, algorithm: str) -> str:
        """The whole content's checksum as S3 writes it: base64 of the big-endian value."""
        return _base64(self._digest(algorithm, 0, self.size_bytes))

    def composite(self, algorithm: str) -> str:
        """The checksum of the parts' checksums as S3 writes it: base64 and the number of parts."""
        return f"{_base64(digest_of_digests(algorithm, self._part_digests(algorithm)))}-{self.part_count}"

    def told_checksums(self) -> dict[str, str]:
        """The checksums that an answer about the whole object tells."""
        is_composite = self.checksum_type == COMPOSITE and self.part_count is not None
        made = self.composite if is_composite else self.checksum
        return {algorithm: made(algorithm) for algorithm in self.algorithms} | dict(self.checksums)

    def part_checksums(self, number: int) -> dict[str, str]:
        """The checksums of one part of a multipart upload."""
        first, length = self.part(number)
        return {algorithm: _base64(self._digest(algorithm, first, length)) for algorithm in self.algorithms}

    def _digest(self, algorithm: str, first: int, length: int) -> bytes:
        return digest(algorithm, self._start + first, length)

    def _part_digests(self, algorithm: str) -> list[bytes]:
        assert self.part_count is not None
        return [self._digest(algorithm, *self.part(number)) for number in range(1, self.part_count + 1)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def many(count: int, size_bytes: int, prefix: str = "") -> list[SeededObject]:
    """`count` objects of one size: PREFIX00000.bin and on."""
    return [SeededObject(f"{prefix}{index:05d}.bin", size_bytes) for index in range(count)]
