"""How many jobs a limit of open files is enough for, and how the limit is raised."""

from __future__ import annotations

import pytest

from app.disk.descriptors import PER_JOB, RESERVED, affordable_jobs, raised_limit

resource = pytest.importorskip("resource")


@pytest.mark.parametrize(
    ("limit", "jobs"),
    [
        (None, 256),
        (65_536, 256),
        (1024, 256),
        (RESERVED + 256 * PER_JOB - 1, 255),
        (256, 53),
        (RESERVED, 1),
        (10, 1),
    ],
)
def test_a_limit_is_shared_between_the_jobs(limit: int | None, jobs: int) -> None:
    assert affordable_jobs(256, limit) == jobs


def test_a_limit_never_makes_more_jobs_than_were_asked_for() -> None:
    assert affordable_jobs(8, 65_536) == 8


class Limits:
    """A system's soft and hard limit of open files, and the most that it grants whatever it says."""

    def __init__(self, soft: int, hard: int, granted: int = 1 << 30) -> None:
        self.soft, self.hard, self.granted = soft, hard, granted

    def get(self, _: int) -> tuple[int, int]:
        return self.soft, self.hard

    def set(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self.granted:
            raise ValueError("current limit exceeds maximum limit")
        self.soft, self.hard = limits


@pytest.mark.parametrize(
    ("limits", "raised"),
    [
        (Limits(256, 4096), 4096),
        (Limits(1024, 1 << 20), 65_536),
        (Limits(256, resource.RLIM_INFINITY), 65_536),
        (Limits(256, resource.RLIM_INFINITY, granted=10_240), 10_240),
        (Limits(100_000, 200_000), 100_000),
        (Limits(512, 512), 512),
        (Limits(256, 4096, granted=0), 256),
        (Limits(resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
    ],
    ids=[
        "hard",
        "enough",
        "no hard limit",
        "macOS",
        "never lowered",
        "nothing to raise",
        "refused",
        "no limit",
    ],
)
def test_the_limit_is_raised_as_far_as_is_of_use(
    limits: Limits, raised: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    assert raised_limit() == raised
    assert limits.soft == (resource.RLIM_INFINITY if raised is None else raised)
