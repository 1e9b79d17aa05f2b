"""A short soak; `python -m tests.soak` is the long one."""

from __future__ import annotations

from tests.soak.__main__ import told
from tests.soak.soak import soak

SEED = 3


def test_under_hundreds_of_random_faults_no_file_is_wrong_nothing_hangs_and_nothing_leaks() -> None:
    totals = soak(downloads=100, faults=600, seed=SEED)
    assert totals.faults >= 600
    assert totals.is_good, told(totals, SEED)
