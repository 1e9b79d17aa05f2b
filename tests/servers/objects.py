"""The fault server's objects: any size, no memory, every byte known from the key and the seed."""

from __future__ import annotations

import base64
import hashlib
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from awscrt import checksums as crt

_PERIOD = 1_048_573
"""Bytes after which the content repeats: a prime, so no two parts at round offsets are alike."""
_RING = memoryview(random.Random("downspout").randbytes(_PERIOD) * 2)
_CHUNK_BYTES = 1 << 20

OLD_DATE = 1_700_000_000.0
"""14 November 2023: the modification time of an object that asks for no other."""


@dataclass(frozen=True)
class SeededObject:
    """One object whose bytes follow from `key` and `seed`.

    `fixed_etag` replaces the MD5 (as a multipart upload's would); `checksums` maps a lower-case algorithm to
    the base64 text that a HEAD and a whole GET tell. Times are seconds since the epoch.
    """

    key: str
    size_bytes: int
    seed: int = 0
    modified_at: float = OLD_DATE
    fixed_etag: str = ""
    storage_class: str = "STANDARD"
    version_id: str | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str = "FULL_OBJECT"

    @cached_property
    def _start(self) -> int:
        return zlib.crc32(f"{self.seed}:{self.key}".encode("utf-8", "surrogatepass")) % _PERIOD

    def chunks(self, first: int, length: int) -> Iterator[memoryview]:
        """The bytes from offset `first`, in views of at most 1 MiB, without copying."""
        position, left = first, length
        while left > 0:
            at = (self._start + position) % _PERIOD
            size = min(left, _CHUNK_BYTES, _PERIOD)
            yield _RING[at : at + size]
            position, left = position + size, left - size

    def read(self, first: int = 0, length: int | None = None) -> bytes:
        """The bytes from offset `first`; all that follow when `length` is None."""
        return b"".join(self.chunks(first, self.size_bytes - first if length is None else length))

    @cached_property
    def md5(self) -> str:
        """Hex MD5 of the content."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks(0, self.size_bytes):
            digest.update(chunk)
        return digest.hexdigest()

    @property
    def etag(self) -> str:
        """The ETag without quotes: the MD5, unless a fixed one was given."""
        return self.fixed_etag or self.md5

    def checksum(self, algorithm: str) -> str:
        """The content's checksum as S3 writes it: base64 of the big-endian value."""
        if algorithm in _CRCS:
            update, width = _CRCS[algorithm]
            value = 0
            for chunk in self.chunks(0, self.size_bytes):
                value = update(bytes(chunk), value)
            return base64.b64encode(value.to_bytes(width, "big")).decode()
        digest = hashlib.new(algorithm)
        for chunk in self.chunks(0, self.size_bytes):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()


_CRCS: dict[str, tuple[Callable[[Any, int], int], int]] = {
    "crc32": (zlib.crc32, 4),
    "crc32c": (crt.crc32c, 4),
    "crc64nvme": (crt.crc64nvme, 8),
}


def many(count: int, size_bytes: int, prefix: str = "") -> list[SeededObject]:
    """`count` objects of one size: PREFIX00000.bin and on."""
    return [SeededObject(f"{prefix}{index:05d}.bin", size_bytes) for index in range(count)]
