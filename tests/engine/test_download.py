"""What a stopped or failed download keeps, and what another attempt makes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.events import Outcome
from app.core.policy import BatchPolicy, InFlight, StopPolicy
from app.core.states import State
from app.engine.assembly import Assembly
from app.engine.batch import Batch
from app.engine.engine import Engine
from tests.engine.stage import chosen, prepared, run, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject

PART = 64 << 10
ITEM = SeededObject("film.bin", 10 * PART + 17)
STALLED_RANGE = Fault(operation=Operation.GET, skip=4, is_held=True)


async def _stopped(
    engine: Engine, server: FaultServer, folder: Path, in_flight: InFlight = InFlight.KEEP
) -> Batch:
    """A batch of one large file, cancelled when four of its ranges have come and two more are asked for."""
    policy = BatchPolicy(StopPolicy(in_flight=in_flight), jobs=2, part_size_bytes=PART)
    batch = await prepared(engine, chosen([ITEM]), folder, policy)
    running = asyncio.ensure_future(batch.run())
    await until(lambda: batch.rows[0].done_bytes == 4 * PART and len(server.requests(Operation.GET)) == 6)
    batch.cancel()
    await running
    assert batch.rows[0].state is State.CANCELLED
    server.wait_until(lambda: server.sent_bytes(ITEM.key) == 4 * PART)
    return batch


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.s3part"))


def test_another_attempt_goes_on_with_the_bytes_that_were_kept(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await _stopped(engine, server, tmp_path)
            assert len(_parts(tmp_path)) == 1
            server.clear_faults()
            before = server.sent_bytes(ITEM.key)
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE
            server.wait_until(lambda: server.sent_bytes(ITEM.key) - before == ITEM.size_bytes - 4 * PART)
            assert batch.rows[0].verified == "md5"

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == ITEM.read()
    assert _parts(tmp_path) == []


def test_bytes_that_are_no_longer_what_they_were_are_fetched_again(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await _stopped(engine, server, tmp_path)
            (part,) = _parts(tmp_path)
            with part.open("r+b") as file:
                file.seek(PART + 5)
                file.write(b"\0\1\2\3")
            server.clear_faults()
            before = server.sent_bytes(ITEM.key)
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE
            server.wait_until(lambda: server.sent_bytes(ITEM.key) - before == ITEM.size_bytes - 3 * PART)

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == ITEM.read()


def test_a_part_file_of_which_nothing_is_right_any_more_is_made_anew(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await _stopped(engine, server, tmp_path)
            (part,) = _parts(tmp_path)
            part.write_bytes(b"\0" * ITEM.size_bytes)
            server.clear_faults()
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == ITEM.read()
    assert _parts(tmp_path) == []


def test_a_part_file_that_is_gone_costs_a_whole_download_and_no_more(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await _stopped(engine, server, tmp_path)
            _parts(tmp_path)[0].unlink()
            server.clear_faults()
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == ITEM.read()


def test_an_object_that_changed_is_fetched_anew_when_it_is_started_again(tmp_path: Path) -> None:
    newer = SeededObject(ITEM.key, ITEM.size_bytes + 1, seed=1)
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await _stopped(engine, server, tmp_path)
            server.clear_faults()
            server.put(newer)
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE
            assert "had changed" in batch.rows[0].note

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == newer.read()
    assert _parts(tmp_path) == []


def test_a_file_that_was_kept_whole_is_proved_again_even_where_its_head_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer([ITEM], [Fault(operation=Operation.GET, holds=9, flip_at=9)]) as server:

        async def scene(engine: Engine) -> None:
            policy = BatchPolicy(jobs=2, part_size_bytes=PART)
            batch = await prepared(engine, chosen([ITEM]), tmp_path, policy)
            loop = asyncio.get_running_loop()
            with monkeypatch.context() as patch:
                patch.setattr(Assembly, "digest_of_file", lambda *_: loop.call_soon_threadsafe(batch.cancel))
                await batch.run()
            assert batch.rows[0].kept is not None
            server.clear_faults()
            server.add_fault(Fault(operation=Operation.HEAD, status=403))
            assert await batch.requeue(None)
            assert await batch.run() is Outcome.DONE
            assert batch.rows[0].verified == "md5"

        run(server, scene, jobs=2)
    assert (tmp_path / ITEM.key).read_bytes() == ITEM.read()


def test_nothing_is_kept_where_the_policy_discards(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            await _stopped(engine, server, tmp_path, InFlight.DISCARD)
            assert _parts(tmp_path) == []

        run(server, scene, jobs=2)


def test_what_is_kept_goes_with_the_engine(tmp_path: Path) -> None:
    with FaultServer([ITEM], [STALLED_RANGE]) as server:

        async def scene(engine: Engine) -> None:
            await _stopped(engine, server, tmp_path)
            assert len(_parts(tmp_path)) == 1

        run(server, scene, jobs=2)
    assert _parts(tmp_path) == []


@pytest.mark.parametrize("size_bytes", [0, 1, PART - 1, PART, PART + 1, 7 * PART, 7 * PART + 1])
def test_sizes_around_a_part_come_whole_in_as_many_gets_as_parts(tmp_path: Path, size_bytes: int) -> None:
    item = SeededObject("x", size_bytes)
    with FaultServer([item]) as server:

        async def scene(engine: Engine) -> None:
            policy = BatchPolicy(jobs=3, part_size_bytes=PART)
            batch = await prepared(engine, chosen([item]), tmp_path, policy)
            assert await batch.run() is Outcome.DONE
            assert batch.rows[0].verified == "md5"

        run(server, scene, jobs=2)
        assert len(server.requests(Operation.GET)) == max(1, -(-size_bytes // PART))
    assert (tmp_path / "x").read_bytes() == item.read()
