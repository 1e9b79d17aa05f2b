"""A file compared with a checksum of its parts' checksums, where the server tells how long the parts are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from app.core.integrity import CompositeExpectation, check
from app.engine.fetch import Fetch
from app.engine.ports import Offload


async def compare_parts(fetch: Fetch, expected: CompositeExpectation, offload: Offload) -> bool:
    """Compare what came, which must be whole; False where the server does not tell its parts.

    Costs one HEAD, of the first part: uploads are made of parts of one size and a rest. Only a difference
    asks for every part, for then it must be certain. Raises CHECKSUM.
    """
    assembly = fetch.assembly

    async def digest(lengths: Sequence[int]) -> bytes:
        fetch.verifying()
        return await offload(partial(assembly.composite_of_file, expected.algorithm, lengths))

    lengths = await _equal_lengths(fetch, expected.parts)
    if lengths is None:
        return False
    actual = await digest(lengths)
    if actual != expected.digest and expected.parts > 2:
        told = await asyncio.gather(
            *(fetch.part_length(number, expected.parts) for number in range(1, expected.parts + 1))
        )
        known = [length for length in told if length is not None]
        if len(known) < expected.parts or sum(known) != assembly.size_bytes:
            return False
        if known != lengths:
            actual = await digest(known)
    check(expected, actual, fetch.key)
    return True


async def _equal_lengths(fetch: Fetch, parts: int) -> list[int] | None:
    """The parts' lengths in bytes if all but the last are as long as the first; None where they cannot be."""
    size_bytes = fetch.assembly.size_bytes
    if parts == 1:
        return [size_bytes]
    first = await fetch.part_length(1, parts)
    if first is None:
        return None
    rest = size_bytes - (parts - 1) * first
    return [first] * (parts - 1) + [rest] if 0 < rest <= first else None
