"""What a program costs: wall time, CPU and memory of one run, and the medians of several."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.endpoint import Endpoint


@dataclass(frozen=True)
class Cost:
    """What one run of a program took, in seconds, and the most memory that it had."""

    wall_s: float
    cpu_s: float
    memory_mib: float


def cost_of(command: Sequence[str], endpoint: Endpoint, out: Path | None = None) -> Cost:
    """Run `command` with the keys of `endpoint`, its output into the file `out`; raises when it fails."""
    keys = {"AWS_ACCESS_KEY_ID": endpoint.access_key_id, "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key}
    began = time.monotonic()
    with (out or Path(os.devnull)).open("wb") as stdout:
        process = subprocess.Popen(
            command,
            env={**os.environ, **keys, "AWS_REGION": "us-east-1"},
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said.decode(errors='replace')}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def wall_s(costs: Sequence[Cost]) -> float:
    """The median wall time."""
    return statistics.median(cost.wall_s for cost in costs)


def cpu_s(costs: Sequence[Cost]) -> float:
    """The median CPU time."""
    return statistics.median(cost.cpu_s for cost in costs)
