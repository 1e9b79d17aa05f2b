"""Numbers, sizes, rates, times and dates as the window writes them, in the person's own locale."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QLocale

_KIB = 1024
_MAX_QINT64 = 2**63 - 1
_UNKNOWN_SIZE = "unknown"


def size_text(n: int) -> str:
    """A size in bytes as "48.1 MiB"; "unknown" for a size that no file can have."""
    if not 0 <= n <= _MAX_QINT64:
        return _UNKNOWN_SIZE
    return _iec(n, 1)


def rate_text(bps: float) -> str:
    """A rate in bytes per second as "112 MiB/s"; empty when nothing moves."""
    n = int(min(bps, _MAX_QINT64))
    if n <= 0:
        return ""
    decimals = 1 if _scaled(n) < 10 else 0
    return f"{_iec(n, decimals)}/s"


def progress_text(done: int, total: int) -> str:
    """How much of `total` bytes is here, both in the unit of `total`: "9.6 of 48 MiB"."""
    if not 0 <= total <= _MAX_QINT64:
        return size_text(done)
    exponent = _exponent(total)
    if exponent == 0:
        return f"{count_text(done)} of {_iec(total, 0)}"
    done_number = QLocale().toString(done / _KIB**exponent, "f", 1)
    return f"{done_number} of {_iec(total, 0 if total % _KIB**exponent == 0 else 1)}"


def duration_text(seconds: float | None) -> str:
    """A time span as "45 s", "2 min" or "1 h 5 min"; empty when it is not known."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{count_text(round(hours / 24))} days"


def date_text(epoch: float | None) -> str:
    """A moment in seconds since the epoch as local "21 Nov 2026 17:03"; empty when it is not known."""
    return _moment_text(epoch, "dd MMM yyyy HH:mm")


def time_text(epoch: float | None) -> str:
    """A moment in seconds since the epoch as local "17:03"; empty when it is not known."""
    return _moment_text(epoch, "HH:mm")


def clock_text(epoch: float | None) -> str:
    """A moment in seconds since the epoch as local "17:03:09"; empty when it is not known."""
    return _moment_text(epoch, "HH:mm:ss")


def count_text(n: int) -> str:
    """A count with the locale's group separators: "1,204"."""
    return QLocale().toString(n) if abs(n) <= _MAX_QINT64 else str(n)


def _moment_text(epoch: float | None, pattern: str) -> str:
    if epoch is None or abs(epoch) > _MAX_QINT64 // 1000:
        return ""
    moment = QDateTime.fromSecsSinceEpoch(int(epoch))
    return QLocale().toString(moment, pattern) if moment.isValid() else ""


def _iec(n: int, decimals: int) -> str:
    return QLocale().formattedDataSize(n, decimals, QLocale.DataSizeFormat.DataSizeIecFormat)


def _exponent(n: int) -> int:
    return max(0, n.bit_length() - 1) // 10


def _scaled(n: int) -> float:
    return n / _KIB ** _exponent(n)
