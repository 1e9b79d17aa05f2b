"""Numbers, sizes, rates, times and dates as the window writes them."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.ui.format import (
    count_text,
    date_text,
    duration_text,
    progress_text,
    rate_text,
    size_text,
    time_text,
)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 bytes"),
        (512, "512 bytes"),
        (KIB, "1.0 KiB"),
        (48 * MIB, "48.0 MiB"),
        (int(1.8 * GIB), "1.8 GiB"),
    ],
)
def test_a_size_has_an_iec_unit_and_one_decimal(n: int, text: str) -> None:
    assert size_text(n) == text


@pytest.mark.parametrize("n", [-1, 2**63, 10**30])
def test_a_size_that_no_file_can_have_is_unknown(n: int) -> None:
    assert size_text(n) == "unknown"


@pytest.mark.parametrize(
    ("bps", "text"), [(112 * MIB, "112 MiB/s"), (3.14 * MIB, "3.1 MiB/s"), (0.0, ""), (-5.0, ""), (0.4, "")]
)
def test_a_rate_is_short_and_empty_when_nothing_moves(bps: float, text: str) -> None:
    assert rate_text(bps) == text


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (int(9.6 * MIB), 48 * MIB, "9.6 of 48 MiB"),
        (19 * MIB, 48 * MIB, "19.0 of 48 MiB"),
        (512 * MIB, int(1.5 * GIB), "0.5 of 1.5 GiB"),
        (12, 512, "12 of 512 bytes"),
        (0, 0, "0 of 0 bytes"),
        (5 * MIB, 2**70, "5.0 MiB"),
    ],
)
def test_progress_is_told_in_the_unit_of_the_whole(done: int, total: int, text: str) -> None:
    assert progress_text(done, total) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.2, "0 s"),
        (45, "45 s"),
        (59.6, "1 min"),
        (120, "2 min"),
        (3599, "1 h"),
        (3900, "1 h 5 min"),
        (86400 * 5, "5 days"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_date_is_local_and_has_the_month_as_a_word() -> None:
    moment = datetime(2026, 11, 21, 17, 3).astimezone()
    assert date_text(moment.timestamp()) == "21 Nov 2026 17:03"
    assert time_text(moment.timestamp()) == "17:03"


@pytest.mark.parametrize("epoch", [None, 1e30, -1e30])
def test_a_date_that_is_not_known_or_absurd_is_empty(epoch: float | None) -> None:
    assert date_text(epoch) == ""


def test_a_count_is_grouped() -> None:
    assert count_text(1204) == "1,204"
    assert count_text(10**25) == str(10**25)
