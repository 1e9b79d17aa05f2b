"""The order of rows: natural keys, merging a page into a sorted list, and the filter's words. Pure."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

Run = tuple[int, int]
"""Position in the new list and count of rows that came there."""

_DIGITS = re.compile(r"[0-9]+")


def natural_key(name: str) -> str:
    """A key that sorts numbers in a name by value and ignores case; equal only for equal names.

    It is one string, not a tuple: a hundred thousand of them cost the garbage collector nothing.
    """
    return f"{_DIGITS.sub(_with_length, name.casefold())}\0{name}"


def merged_order(
    old: Sequence[int], new: Sequence[int], key: Callable[[int], Any], *, is_descending: bool
) -> tuple[list[int], list[Run]]:
    """Ids `new` merged into the ordered `old`, and where they came, first to last.

    Costs a few look-ups for each new id and one copy of the list, whatever the length of `old`.
    """
    if is_descending:
        order, runs = merged_order(old[::-1], new, key, is_descending=False)
        count = len(order)
        return order[::-1], [(count - at - length, length) for at, length in reversed(runs)]
    order = []
    runs: list[Run] = []
    taken = 0
    for item in sorted(new, key=key):
        at = bisect_right(old, key(item), lo=taken, key=key)
        order.extend(old[taken:at])
        if at > taken or not runs:
            runs.append((len(order), 0))
        runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        order.append(item)
        taken = at
    order.extend(old[taken:])
    return order, runs


def name_filter(text: str) -> Callable[[str], bool] | None:
    """A test for names: a glob when the text has `*` or `?`, else a part of the name; ignores case.

    None when the text is empty: everything is shown. A glob must cover the whole name, and `[` is a letter.
    """
    text = text.strip().casefold()
    if not text:
        return None
    if "*" in text or "?" in text:
        # Python's translation is free of catastrophic backtracking, whatever the number of stars.
        matches = re.compile(fnmatch.translate(text.replace("[", "[[]"))).match
        return lambda name: matches(name.casefold()) is not None
    return lambda name: text in name.casefold()


def _with_length(digits: re.Match[str]) -> str:
    number = digits.group().lstrip("0")
    return f"{len(number):04}{number}"
