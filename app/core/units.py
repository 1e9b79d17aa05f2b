"""Byte counts as people read them in messages and on the terminal (IEC units, no locale)."""

from __future__ import annotations

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
