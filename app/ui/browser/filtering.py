"""What is shown of a level: a filter as a person writes it, and as a test over chunks of rows. No Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from app.core.patterns import glob_pattern, search_pattern
from app.core.units import parse_size

_CONDITION = re.compile(r"(size|date)\s*(<=|>=|<|>|=)\s*(\S+)", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_BETWEEN = "\0"

HELP = (
    "Part of a name: take\n"
    "A pattern: *.mp4, take-0?.mov\n"
    "A regular expression: /take-\\d+/\n"
    "Sizes and dates: size>10MiB size<1GiB date>=2026-01 date<2026-03-15"
)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` up to, and without, `high`."""

    low: float = -inf
    high: float = inf

    def within(self, other: Range) -> Range:
        """What lies in both."""
        return Range(max(self.low, other.low), min(self.high, other.high))


EVERYTHING = Range()


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows are shown: `fits` tests folded names one by one, `part` is a text that they must hold.

    A condition on size or date leaves objects only: a folder has neither.
    """

    part: str = ""
    fits: Callable[[str], object] | None = None
    size: Range = EVERYTHING
    date: Range = EVERYTHING

    def mask(
        self,
        names: Sequence[str],
        sizes: Sequence[int],
        modified: Sequence[float],
        *,
        is_folders: bool = False,
    ) -> bytes:
        """One byte a row: 1 for a row that is shown, else 0. The columns are those of `Rows`."""
        mask = self._name_mask(names)
        for condition, values in ((self.size, sizes), (self.date, modified)):
            if condition != EVERYTHING:
                if is_folders:
                    return bytes(len(mask))
                low, high = condition.low, condition.high
                mask = bytes([is_shown and low <= n < high for is_shown, n in zip(mask, values, strict=True)])
        return mask

    def _name_mask(self, names: Sequence[str]) -> bytes:
        if not self.part and self.fits is None:
            return b"\1" * len(names)
        if self.fits is None:
            return bytes([self.part in name for name in folded(names)])
        return bytes([self.fits(name) is not None for name in folded(names)])


def folded(names: Sequence[str]) -> list[str]:
    """The names without their case, together in one go."""
    text = _BETWEEN.join(names).casefold().split(_BETWEEN)
    return text if len(text) == len(names) else [name.casefold() for name in names]


def parse_filter(text: str) -> RowFilter | None:
    """The filter that a person wrote, None when it is empty; raises ValueError in words.

    `size>10MiB` and `date>=2026-01` are conditions, as many as wanted. What is left is a regular expression
    between slashes, a glob when it has `*` or `?` (which the whole name must match), or else a part of the
    name. Case does not matter.
    """
    ranges = {"size": EVERYTHING, "date": EVERYTHING}
    for name, sign, value in _CONDITION.findall(text):
        kind = name.lower()
        unit = _size_range(value) if kind == "size" else _date_range(value)
        ranges[kind] = ranges[kind].within(_bounded(sign, unit))
    rest = _CONDITION.sub(" ", text).strip()
    size, date = ranges["size"], ranges["date"]
    if len(rest) > 1 and rest[0] == rest[-1] == "/":
        return RowFilter("", search_pattern(f"(?i:{rest[1:-1]})").search, size, date)
    rest = rest.casefold()
    if "*" in rest or "?" in rest:
        return RowFilter("", glob_pattern(rest).match, size, date)
    if not rest and size == date == EVERYTHING:
        return None
    return RowFilter(rest, None, size, date)


def _bounded(sign: str, unit: Range) -> Range:
    """The numbers that stand in the relation `sign` to a unit: one byte, a day, a month."""
    return {
        "<": Range(high=unit.low),
        "<=": Range(high=unit.high),
        ">": Range(low=unit.high),
        ">=": Range(low=unit.low),
        "=": unit,
    }[sign]


def _size_range(text: str) -> Range:
    size_bytes = parse_size(text)
    if size_bytes is None:
        raise ValueError(f"{text} is no size. Write 500, 10KiB, 1.5MiB or 2GB.")
    return Range(size_bytes, size_bytes + 1)


def _date_range(text: str) -> Range:
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        year, month, day = (int(part) if part else None for part in found.groups())
        begin = datetime(year or 0, month or 1, day or 1)
        if day:
            end = begin + timedelta(days=1)
        elif month:
            end = (begin + timedelta(days=31)).replace(day=1)
        else:
            end = begin.replace(year=begin.year + 1)
        return Range(begin.timestamp(), end.timestamp())
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text} is no date. Write 2026, 2026-11 or 2026-11-21.") from None
