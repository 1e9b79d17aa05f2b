"""Byte counts as people read them in messages and on the terminal (IEC units, no locale)."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)\s*([KMGT]?)(i?B?)", re.ASCII | re.IGNORECASE)
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size_text(size_bytes: float) -> str:
    """`size_bytes` as `512 B`, `48.1 MiB`; a tenth is shown below 100 of a unit."""
    value = float(size_bytes)
    if abs(value) < 1024:
        return f"{value:.0f} B"
    for unit in _UNITS:
        value /= 1024
        if abs(value) < 1024 or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}" if abs(value) < 100 else f"{value:.0f} {unit}"


def parse_size(text: str) -> int | None:
    """Bytes of a size as people type it, None for no size: `8MiB` and `8M` count by 1024, `8MB` by 1000."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    power = " KMGT".index(found[2].upper() or " ")
    return int(float(found[1]) * (1000 if found[3].upper() == "B" else 1024) ** power)
