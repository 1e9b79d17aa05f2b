"""Rows put in order in small steps: natural keys, and a sort that never holds the interpreter long. Pure."""

from __future__ import annotations

import operator
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise, repeat
from math import inf, nextafter
from typing import Any

STEP = 4096
"""Rows that are worked on in one call into C, a millisecond or two; other threads get their turn after it."""
_SPLITTERS = 512
_SAMPLES = 8

_DIGITS = re.compile(r"([0-9]+)")
_BETWEEN = "\0"


def natural_keys(names: Sequence[str]) -> list[str]:
    """Keys that sort numbers in the names by value and ignore case; some are equal ("a1" and "A01")."""
    keys = _natural(_BETWEEN.join(names)).split(_BETWEEN)
    # A name may hold the character that stands between two.
    return keys if len(keys) == len(names) else [_natural(name) for name in names]


class Ordered:
    """Ids in the order of their keys, those of one key by arrival; takes more at its end where they fit.

    `keys_of` gives the keys of ids: texts or floats.
    """

    def __init__(self, keys_of: Callable[[Sequence[int]], list[Any]]) -> None:
        self.ids = array("I")
        self._keys_of = keys_of
        self._last: Any = None

    def append(self, ids: range, keys: list[Any]) -> array[int] | None:
        """Add rows that come behind all others, in their order; None (and nothing added) if they do not.

        Gives the ids that were added. `keys` are those of `ids`.
        """
        new: Sequence[int] = ids
        if not all(map(operator.le, keys, keys[1:])):
            places = sorted(range(len(keys)), key=keys.__getitem__)
            new = [ids[place] for place in places]
            keys = [keys[place] for place in places]
        if not keys or (self.ids and keys[0] < self._last):
            return None if keys else array("I")
        added = array("I", new)
        self.ids.extend(added)
        self._last = keys[-1]
        return added

    def sort(self, parts: Sequence[range]) -> Iterator[None]:
        """Order the ids of `parts` anew, in small steps; what was there counts no more.

        Each id goes into the bucket between two splitters, and each bucket is sorted by itself: a sort of all
        at once would hold the interpreter for seconds.
        """
        splitters, repeated = self._splitters(parts)
        # Arrays: a million numbers in lists are walked by the garbage collector, in one go.
        buckets = [array("I") for _ in range(len(splitters) + 1)]
        bucket_of = partial(bisect_right, splitters)
        for ids in chain.from_iterable(map(steps, parts)):
            for row_id, bucket in zip(ids, map(bucket_of, self._keys_of(ids)), strict=True):
                buckets[bucket].append(row_id)
            yield
        ordered = array("I")
        for number, bucket in enumerate(buckets):
            if number and splitters[number - 1] in repeated:
                for piece in steps(bucket):
                    ordered.extend(piece)
                    yield
                continue
            keys = self._keys_of(bucket)
            ordered.extend([bucket[place] for place in sorted(range(len(keys)), key=keys.__getitem__)])
            yield
        self.ids = ordered
        self._last = self._keys_of(ordered[-1:])[0] if ordered else None

    def _splitters(self, parts: Sequence[range]) -> tuple[list[Any], set[Any]]:
        """Keys from the first of a bucket to the next; those of buckets in which all keys are equal."""
        count = sum(map(len, parts))
        step = max(1, count // (_SPLITTERS * _SAMPLES))
        keys = sorted(self._keys_of([row_id for part in parts for row_id in part[::step]]))
        chosen = keys[_SAMPLES::_SAMPLES]
        repeated = {key for key, following in pairwise(chosen) if key == following}
        return sorted({*chosen, *map(_next, repeated)}), repeated


def steps(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids, piece by piece."""
    return (ids[begin : begin + STEP] for begin in range(0, len(ids), STEP))


def selected(ids: array[int], mask: bytes | bytearray) -> Iterator[array[int]]:
    """The ids whose byte in `mask` is not 0, in order, piece by piece."""
    for piece in steps(ids):
        yield array("I", [row_id for row_id in piece if mask[row_id]])


def places_of(lists: Sequence[array[int]], count: int) -> Iterator[array[int]]:
    """Where each of the ids from 0 to `count` stands in the one of `lists` that has it; `count` for none.

    Yields the same array after each step, and is done when it ends.
    """
    places = array("I", repeat(count, count))
    yield places
    for ids in lists:
        for begin in range(0, len(ids), STEP):
            for place, row_id in enumerate(ids[begin : begin + STEP], begin):
                places[row_id] = place
            yield places


def _next(key: Any) -> Any:
    """The least key that is greater."""
    return f"{key}\0" if isinstance(key, str) else nextafter(key, inf)


def _natural(text: str) -> str:
    parts = _DIGITS.split(text.casefold())
    numbers = [digits.lstrip("0") for digits in parts[1::2]]
    # A longer number is the greater one; all of them sort where figures do.
    parts[1::2] = [f"0{chr(len(number) + 1)}{number}" for number in numbers]
    return "".join(parts)
