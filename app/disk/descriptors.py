"""Open files: how many this process may have, and how many jobs that is enough for."""

from __future__ import annotations

import sys
from contextlib import suppress

PER_JOB = 3
"""A connection, a part file and its folder (256 jobs in as many folders: 798 descriptors, measured)."""
RESERVED = 96
"""The program's own, the folders that are kept open, and what libraries open for a moment."""
_ENOUGH = 65_536
_MACOS_MOST = 10_240
"""What macOS grants at most, whatever its hard limit says (OPEN_MAX in sys/syslimits.h)."""


def raised_limit() -> int | None:
    """Raise the limit of open files as far as it is of use; the one then in force, None for no limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (_ENOUGH, _MACOS_MOST):
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft == resource.RLIM_INFINITY or soft >= most:
            break
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            break
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def affordable_jobs(jobs: int, limit: int | None) -> int:
    """How many of `jobs` may run at once with `limit` open files; one at the least."""
    return jobs if limit is None else max(1, min(jobs, (limit - RESERVED) // PER_JOB))
