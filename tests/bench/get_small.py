"""`get` of many small objects against s5cmd, from the same server in the same run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.cost import cost_of, print_table, s5cmd
from tests.servers.fault_server import BUCKET
from tests.servers.objects import many
from tests.servers.processes import fault_server_process

COUNT = 5000
SIZE_BYTES = 16 * 1024
ROUNDS = 7
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files go: on ext4 5,000 of them cost 0.65 or 2 s of CPU, by turns of folders."""


def main() -> int:
    """Run both in turn, compare every file, print the medians and their ratio."""
    peer = s5cmd()
    if peer is None:
        return 1
    ours, theirs = [], []
    with (
        fault_server_process(COUNT, SIZE_BYTES) as endpoint,
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        tempfile.TemporaryDirectory() as home,
    ):
        os.environ["DOWNSPOUT_HOME"] = home  # the person's own journal is not to be filled
        for number in range(ROUNDS):
            to = Path(folder) / str(number)
            command = [sys.executable, "-m", "app", "get", f"s3://{BUCKET}/", str(to), "--quiet"]
            ours.append(cost_of([*command, "--endpoint-url", endpoint.url], endpoint))
            _compare(to)
            theirs.append(
                cost_of([peer, "--endpoint-url", endpoint.url, "cp", f"s3://{BUCKET}/*", f"{to}/"], endpoint)
            )
            _compare(to)
    print(
        f"{COUNT:,} objects of {SIZE_BYTES // 1024} KiB, medians of {ROUNDS} interleaved runs, files compared"
    )
    print_table({"downspout get": ours, "s5cmd cp": theirs})
    return 0


def _compare(folder: Path) -> None:
    for item in many(COUNT, SIZE_BYTES):
        if (folder / item.key).read_bytes() != item.read():
            raise RuntimeError(f"{item.key} is not what the server holds")
    shutil.rmtree(folder)
