"""What is left of a running batch when the program ends: kept for another start, or given up for good."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.events import Outcome
from app.core.policy import BatchPolicy
from app.core.saved import PastBatch
from app.disk.journal import SqliteJournal
from tests.engine.stage import LIMIT_S, everything, make_engine, spec_of, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many


def _journal(folder: Path) -> SqliteJournal:
    return SqliteJournal(folder / "journal.db", folder / "locks")


def _close_midway(server: FaultServer, folder: Path, *, discards: bool) -> list[str]:
    """Close an engine whose second batch has a range that never ends; returns what stands in its folder."""

    async def scene() -> None:
        engine = make_engine(journal=_journal(folder))
        try:
            await engine.connect(spec_of(server))
            async with asyncio.timeout(LIMIT_S):
                engine.start_batch(everything("done/"), str(folder / "to"), BatchPolicy())
                await until(lambda: engine.orders[0].rows.outcome is Outcome.DONE)
                engine.start_batch(everything("large"), str(folder / "to"), BatchPolicy())
                await until(lambda: engine.orders[1].rows.snapshot().done_bytes > 9 << 20)
        finally:
            await engine.close(discards=discards)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(scene())
    return sorted(path.name for path in (folder / "to").rglob("*") if path.is_file())


def _history(folder: Path) -> tuple[PastBatch, ...]:
    journal = _journal(folder)
    try:
        return journal.history(10)
    finally:
        journal.close()


@pytest.mark.parametrize("discards", [False, True])
def test_what_had_not_ended_is_kept_or_given_up_and_what_is_done_stays(
    tmp_path: Path, discards: bool
) -> None:
    objects = [*many(2, 10, "done/"), SeededObject("large", 20 << 20)]
    stall = Fault("large", Operation.GET, holds=17 << 20, stall_after=10)
    with FaultServer(objects, [stall]) as server:
        names = _close_midway(server, tmp_path, discards=discards)
    assert any(name.endswith(".s3part") for name in names) is not discards
    assert [name for name in names if not name.endswith(".s3part")] == ["00000.bin", "00001.bin"]
    outcomes = [past.batch.outcome for past in _history(tmp_path)]
    assert outcomes == [Outcome.DONE] if discards else [Outcome.CANCELLED, Outcome.DONE]
