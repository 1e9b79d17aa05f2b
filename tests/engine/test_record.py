"""The order in which a batch is put on record: rows before part files, bytes before what is said of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.core.events import Outcome
from app.core.integrity import Algorithm
from app.core.policy import BatchPolicy
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.engine.engine import Engine
from app.engine.journal import NoJournal
from app.s3.checksums import Checksums
from tests.e2e.command import files_of, parts_of
from tests.engine.stage import chosen, everything, prepared, run, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

PART = 1 << 20
FILM = SeededObject("film.bin", 4 * PART + 17)


class Watcher(NoJournal):
    """A journal that keeps everything in memory, and looks at the folder when it is told something."""

    message = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows_put: dict[int, SavedRow] = {}
        self.part: SavedPart | None = None
        self.extents: dict[int, Extent] = {}
        self.ends: list[Outcome] = []
        self.dropped = 0
        self.on_flush: Callable[[], None] = lambda: None
        self.wrong: list[str] = []

    def put_rows(self, batch_id: str, rows: Sequence[SavedRow]) -> None:
        for row in rows:
            self.rows_put[row.index] = row
            if row.state is State.DONE and not (self.folder / row.item.path).exists():
                self.wrong.append(f"{row.item.path} is told as done and is not there")

    def open_part(self, batch_id: str, part: SavedPart) -> None:
        self.part = part
        self.extents = {}
        for extent in part.extents:
            self._look(extent)

    def put_extent(self, batch_id: str, index: int, extent: Extent) -> None:
        self._look(extent)

    def drop_part(self, batch_id: str, index: int) -> None:
        self.dropped += 1

    async def flush(self) -> None:
        await asyncio.sleep(0.02)
        self.on_flush()

    def end_batch(self, batch_id: str, outcome: Outcome, finished_at: float) -> None:
        self.ends.append(outcome)

    def _look(self, extent: Extent) -> None:
        """What is told must be on the disk by now."""
        assert self.part is not None
        self.extents[extent.first] = extent
        digest = Checksums().start(Algorithm.CRC64NVME)
        digest.update((self.folder / self.part.name).read_bytes()[extent.first : extent.end])
        if digest.digest() != extent.crc:
            self.wrong.append(f"{extent.first} to {extent.end} is not on the disk")


def test_no_part_file_is_made_of_a_row_that_another_start_would_not_know(tmp_path: Path) -> None:
    journal = Watcher(tmp_path)
    known: list[int] = []

    def note() -> None:
        if len(journal.rows_put) > (known[-1] if known else 0):
            # All rows up to here are safe now; none of them may have left anything before.
            fresh = list(journal.rows_put.values())[known[-1] if known else 0 :]
            early = [row.item.path for row in fresh if (tmp_path / row.item.path).exists()]
            journal.wrong += [f"{path} came first" for path in early]
            known.append(len(journal.rows_put))

    journal.on_flush = note
    with FaultServer(many(1500, 10)) as server:

        async def scene(engine: Engine) -> Outcome:
            batch = await prepared(engine, everything(), tmp_path, BatchPolicy(jobs=8))
            return await batch.run()

        assert run(server, scene, jobs=8, journal=journal) is Outcome.DONE
    assert journal.wrong == []
    assert known == [1000, 1500]


def test_what_is_told_of_a_part_file_is_on_the_disk(tmp_path: Path) -> None:
    journal = Watcher(tmp_path)
    with FaultServer(
        [FILM], [Fault(FILM.key, Operation.GET, first=2 * PART, times=1, cut_after=700_000)]
    ) as server:

        async def scene(engine: Engine) -> Outcome:
            policy = BatchPolicy(jobs=2, part_size_bytes=PART)
            return await (await prepared(engine, chosen([FILM]), tmp_path, policy)).run()

        assert run(server, scene, jobs=2, journal=journal) is Outcome.DONE
    assert journal.wrong == []
    assert len(journal.extents) >= 3
    assert journal.dropped == 1
    assert journal.ends == [Outcome.DONE]
    assert files_of(tmp_path) == {FILM.key: FILM.read()}


def test_a_stop_tells_all_that_its_part_file_holds(tmp_path: Path) -> None:
    journal = Watcher(tmp_path)
    with FaultServer([FILM], [Fault(FILM.key, Operation.GET, stall_after=100_000)]) as server:

        async def scene(engine: Engine) -> Outcome:
            batch = await prepared(engine, chosen([FILM]), tmp_path, BatchPolicy(jobs=1))
            running = asyncio.ensure_future(batch.run())
            await until(lambda: batch.rows[0].done_bytes == 100_000)
            batch.cancel()
            return await running

        assert run(server, scene, jobs=1, journal=journal) is Outcome.CANCELLED
    assert journal.wrong == []
    assert [(extent.first, extent.end) for extent in journal.extents.values()] == [(0, 100_000)]
    assert len(parts_of(tmp_path)) == 1


def test_rows_are_put_with_their_end_and_those_that_only_wait_are_not(tmp_path: Path) -> None:
    journal = Watcher(tmp_path)
    with FaultServer(many(6, 10), [deny("00002.bin")]) as server:

        async def scene(engine: Engine) -> Outcome:
            return await (await prepared(engine, everything(), tmp_path, BatchPolicy(jobs=1))).run()

        assert run(server, scene, jobs=1, journal=journal) is Outcome.STOPPED
    states = [row.state for row in journal.rows_put.values()]
    assert states == [State.DONE, State.DONE, State.FAILED, State.QUEUED, State.QUEUED, State.QUEUED]


@pytest.mark.parametrize("is_lasting", [True, False])
def test_part_files_stay_where_another_start_can_know_of_them(tmp_path: Path, is_lasting: bool) -> None:
    journal = Watcher(tmp_path)
    journal.message = "" if is_lasting else "The record cannot be written."
    with FaultServer([FILM], [Fault(FILM.key, Operation.GET, stall_after=100_000)]) as server:

        async def scene(engine: Engine) -> Outcome:
            batch = await prepared(engine, chosen([FILM]), tmp_path, BatchPolicy(jobs=1))
            running = asyncio.ensure_future(batch.run())
            await until(lambda: batch.rows[0].done_bytes == 100_000)
            batch.cancel()
            return await running

        run(server, scene, jobs=1, journal=journal)
    assert len(parts_of(tmp_path)) == int(is_lasting)


def test_a_batch_that_cannot_begin_leaves_no_record(tmp_path: Path) -> None:
    journal = Watcher(tmp_path)
    opened: list[SavedBatch] = []
    journal.open_batch = opened.append  # type: ignore[method-assign]
    with FaultServer(faults=[Fault(operation=Operation.LIST, status=403, code="AccessDenied")]) as server:

        async def scene(engine: Engine) -> None:
            engine.start_batch(everything(), str(tmp_path), BatchPolicy())
            (order,) = engine.orders
            await until(lambda: order.rows.outcome is not None)

        run(server, scene, journal=journal)
    assert (opened, journal.rows_put) == ([], {})
