"""Single values of the journal as SQLite keeps them: any text as bytes, any whole number, a row's seal."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

Values = tuple[Any, ...]


def packed(text: str) -> bytes:
    """Any text as bytes, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


def unpacked(data: bytes) -> str:
    """The text that `packed` gave `data` for."""
    return data.decode("utf-8", "surrogatepass")


def packed_or_none(text: str | None) -> bytes | None:
    """Any text as bytes, None as None."""
    return None if text is None else packed(text)


def unpacked_or_none(data: bytes | None) -> str | None:
    """The text of bytes, None of None."""
    return None if data is None else unpacked(data)


def sealed(values: Sequence[Any]) -> Values:
    """The values of a row with a CRC of them at the end: SQLite has none of its own outside the WAL."""
    values = tuple(values)
    return (*values, zlib.crc32(repr(values).encode()))


def unsealed(values: Values) -> Values:
    """The values of a stored row, or ValueError when they are not what was stored."""
    if sealed(values[:-1]) != values:
        raise ValueError("the seal is broken")
    return values[:-1]


def whole(number: int) -> int | str:
    """SQLite's whole numbers have 64 bits; a server may say anything."""
    return number if -(2**63) <= number < 2**63 else hex(number)


def whole_of(value: int | str) -> int:
    """The whole number that `whole` made."""
    return int(value, 16) if isinstance(value, str) else int(value)


def real(number: float | None) -> float | None:
    """SQLite keeps no NaN, and tells -0.0 and 0.0 apart no better than we need."""
    return None if number is None or math.isnan(number) else number + 0.0
