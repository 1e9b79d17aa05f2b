"""The bytes of the fault server's objects, made from a seed and never all in memory, and their digests."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from awscrt import checksums as crt

PERIOD = 1_048_573
"""Bytes after which the content repeats: a prime, so no two parts at round offsets are alike."""
_RING = memoryview(random.Random("downspout").randbytes(PERIOD) * 2)
_CHUNK_BYTES = 1 << 20

_CRCS: dict[str, tuple[Callable[[Any, int], int], int]] = {
    "crc32": (zlib.crc32, 4),
    "crc32c": (crt.crc32c, 4),
    "crc64nvme": (crt.crc64nvme, 8),
}


def start_of(name: str) -> int:
    """Where in the ring of bytes the content of that name begins."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % PERIOD


def chunks(start: int, length: int) -> Iterator[memoryview]:
    """The bytes from position `start` of the ring, in views of at most 1 MiB, without copying."""
    position, left = start, length
    while left > 0:
        at = position % PERIOD
        size = min(left, _CHUNK_BYTES, PERIOD)
        yield _RING[at : at + size]
        position, left = position + size, left - size


@lru_cache(maxsize=16_384)
def digest(algorithm: str, start: int, length: int) -> bytes:
    """The digest of a run of the ring, computed at the first asking: `crc64nvme`, `sha256`, `md5`, ..."""
    if algorithm in _CRCS:
        update, width = _CRCS[algorithm]
        value = 0
        for chunk in chunks(start, length):
            value = update(chunk, value)
        return value.to_bytes(width, "big")
    running = hashlib.new(algorithm, usedforsecurity=False)
    for chunk in chunks(start, length):
        running.update(chunk)
    return running.digest()


def digest_of_digests(algorithm: str, digests: list[bytes]) -> bytes:
    """The digest of the parts' digests in a row: what S3 calls composite."""
    joined = b"".join(digests)
    if algorithm in _CRCS:
        update, width = _CRCS[algorithm]
        return update(joined, 0).to_bytes(width, "big")
    return hashlib.new(algorithm, joined, usedforsecurity=False).digest()
