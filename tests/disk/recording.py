"""Batches, rows and journals for the journal's tests, and a process that records until it is killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from app.core.integrity import Algorithm
from app.core.objects import ConnectionSpec, ObjectInfo, Source
from app.core.plan import PlannedItem, Verdict
from app.core.policy import BatchPolicy
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.disk.journal import SqliteJournal

LIMIT_S = 30.0
ROOT = Path(__file__).parents[2]


def journal_in(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder / "journal.sqlite3", folder / "locks", clock=lambda: 1_700_000_000.0)


def batch(batch_id: str = "b1", **changes: object) -> SavedBatch:
    values: dict[str, object] = {
        "batch_id": batch_id,
        "title": "a title",
        "spec": ConnectionSpec(profile="work"),
        "is_demo": False,
        "endpoint": "https://s3.example",
        "sources": (Source("bucket", "data/", True, "data/"),),
        "destination": "/home/me/to",
        "policy": BatchPolicy(),
        "started_at": 100.0,
    }
    return SavedBatch(**(values | changes))  # type: ignore[arg-type]


def row(
    index: int,
    state: State = State.QUEUED,
    *,
    verdict: Verdict = Verdict.NEW,
    etag: str = "e",
    path: str = "",
) -> SavedRow:
    obj = ObjectInfo(f"data/{index}", 7, etag, 5.5)
    return SavedRow(index, PlannedItem(obj, path or f"{index}", False, verdict, ""), state)


def part(index: int, *extents: Extent, name: str = ".x.s3part") -> SavedPart:
    return SavedPart(index, name, "e", None, 100, Algorithm.CRC32C, extents)


def flush(journal: SqliteJournal) -> None:
    """Flush on a loop of its own; fails when that takes too long."""

    async def scene() -> None:
        await asyncio.wait_for(journal.flush(), LIMIT_S)

    asyncio.run(scene())


def recorder(folder: Path, batch_id: str) -> subprocess.Popen[str]:
    """A process that claims a batch and tells on stdout, a line each, how many rows it has flushed."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.disk.recording", str(folder), batch_id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )


async def _record(journal: SqliteJournal, batch_id: str) -> None:
    """Rows, and an extent each of one part, until the process is killed or 20,000 are there."""
    print("claimed" if journal.claim(batch_id) else "refused", flush=True)
    journal.open_batch(batch(batch_id))
    journal.open_part(batch_id, part(0))
    for index in range(20_000):
        journal.put_rows(batch_id, [row(index, State.DONE)])
        journal.put_extent(batch_id, 0, Extent(index, index + 1, b"abcd"))
        if index % 7 == 6:
            await journal.flush()
            print(index + 1, flush=True)


if __name__ == "__main__":
    asyncio.run(_record(journal_in(Path(sys.argv[1])), sys.argv[2]))
