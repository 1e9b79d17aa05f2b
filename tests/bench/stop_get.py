"""From the first failed GET to the end of the batch: 32 in flight, half of them stalled."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from app.core.states import State
from app.engine.engine import Engine
from tests.engine.stage import everything, prepare, run
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import many

COUNT = 2000
STALLED = 16
CULPRIT = "00200.bin"
JOBS = 32
ROUNDS = 5


def main() -> int:
    """Stop a batch a few times and print how long its end took and what was asked for after the failure."""
    ends_ms, gets = [], []
    for _ in range(ROUNDS):
        end_ms, later = _stop_once()
        ends_ms.append(end_ms)
        gets.append(later)
    print(f"{COUNT:,} objects, {JOBS} in flight, {STALLED} of them stalled; {ROUNDS} runs")
    print("| from the first error | median | worst |\n|---|---|---|")
    print(f"| until every row is terminal | {statistics.median(ends_ms):.0f} ms | {max(ends_ms):.0f} ms |")
    print(f"| GETs that arrived more than 50 ms later | {statistics.median(gets):.0f} | {max(gets)} |")
    return 0


def _stop_once() -> tuple[float, int]:
    faults = [Fault(f"{number:05}.bin", Operation.GET, stall_after=10) for number in range(STALLED)]
    with (
        FaultServer(many(COUNT, 1000), [*faults, deny(CULPRIT)]) as server,
        tempfile.TemporaryDirectory() as to,
    ):

        async def scene(engine: Engine) -> float:
            batch = await prepare(engine, everything(), Path(to), jobs=JOBS)
            await batch.run()
            snapshot = batch.rows.snapshot()
            assert snapshot.first_error is not None
            assert snapshot.finished_at is not None
            assert sum(snapshot.counts[state] for state in State if state.is_terminal) == snapshot.rows
            return snapshot.finished_at - snapshot.first_error.at

        took_s = run(server, scene, jobs=JOBS)
        failed_at = server.requests(Operation.GET, CULPRIT)[0].ended_at or time.monotonic()
        later = [entry for entry in server.requests(Operation.GET) if entry.at > failed_at + 0.05]
        return took_s * 1000, len(later)
