"""What the checks cost: large objects that a checksum proves beside such that nothing proves."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tests.bench.cost import Cost, cost_of, cpu_s, wall_s
from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.processes import scripted_server_process

COUNT = 4
SIZE_BYTES = 256 << 20
ROUNDS = 7
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files go, for a disk is slower than any check."""
KINDS = {
    "nothing to check": {"fixed_etag": "opaque"},
    "crc64nvme": {"algorithms": ["crc64nvme"], "fixed_etag": "opaque"},
    "crc32c": {"algorithms": ["crc32c"], "fixed_etag": "opaque"},
    "crc32": {"algorithms": ["crc32"], "fixed_etag": "opaque"},
    "sha256": {"algorithms": ["sha256"], "fixed_etag": "opaque"},
    "md5": {},
}


def main() -> int:
    """Run each kind in turn, print medians and how fast each is beside the run of the same turn unchecked."""
    objects = [
        {"key": f"{number}/", "count": COUNT, "size_bytes": SIZE_BYTES, **how}
        for number, how in enumerate(KINDS.values())
    ]
    costs: dict[str, list[Cost]] = {name: [] for name in KINDS}
    with (
        scripted_server_process({"objects": objects}) as endpoint,
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
    ):
        for _ in range(ROUNDS):
            for number, name in enumerate(KINDS):
                costs[name].append(_get(endpoint, number, Path(folder) / "to"))
    print(f"{COUNT} objects of {SIZE_BYTES >> 20} MiB, medians of {ROUNDS} interleaved runs")
    print("| checked by | wall | CPU | speed against no check | most memory |\n|---|---|---|---|---|")
    plain = costs["nothing to check"]
    for name, made in costs.items():
        memory = max(cost.memory_mib for cost in made)
        ratio = statistics.median(
            before.wall_s / cost.wall_s for before, cost in zip(plain, made, strict=True)
        )
        print(f"| {name} | {wall_s(made):.2f} s | {cpu_s(made):.2f} s | {ratio:.2f} | {memory:.0f} MiB |")
    return 0


def _get(endpoint: Endpoint, number: int, to: Path) -> Cost:
    """Fetch one kind and see that every file is there and as large as its object."""
    command = [sys.executable, "-m", "app", "get", f"s3://{BUCKET}/{number}/", str(to), "--quiet"]
    cost = cost_of([*command, "--endpoint-url", endpoint.url], endpoint)
    sizes = [path.stat().st_size for path in to.iterdir()]
    if sizes != [SIZE_BYTES] * COUNT:
        raise RuntimeError(f"files of {sizes} bytes came")
    shutil.rmtree(to)
    return cost
