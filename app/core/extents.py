"""Byte ranges of one object: how it is cut into parts, and what is still missing. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]
"""First byte and the one behind the last."""

MAX_PARTS = 10_000
"""More parts than this are not made of one object: larger ones get larger parts."""


def part_size(size_bytes: int, wanted_bytes: int) -> int:
    """The bytes of a part: what was asked for, or more where that would make too many."""
    return max(wanted_bytes, -(-size_bytes // MAX_PARTS))


def missing(size_bytes: int, held: Iterable[Span]) -> list[Span]:
    """What is not in `held`, which is in order and does not overlap."""
    spans: list[Span] = []
    at = 0
    for first, end in held:
        if first > at:
            spans.append((at, first))
        at = max(at, end)
    if at < size_bytes:
        spans.append((at, size_bytes))
    return spans


def parts(spans: Iterable[Span], part_bytes: int) -> list[Span]:
    """The spans cut at every multiple of `part_bytes`, in order."""
    cut: list[Span] = []
    for first, end in spans:
        at = first
        while at < end:
            following = min(end, (at // part_bytes + 1) * part_bytes)
            cut.append((at, following))
            at = following
    return cut
