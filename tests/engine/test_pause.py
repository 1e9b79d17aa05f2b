"""A file, a batch or everything is paused and let on again: nothing is lost, nothing is fetched twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from app.core.events import BatchPhase, Outcome
from app.core.policy import BatchPolicy, InFlight, StopPolicy
from app.core.states import State
from app.engine.batch import Batch
from app.engine.engine import Engine
from tests.e2e.command import files_of, parts_of
from tests.engine.stage import chosen, everything, prepare, prepared, run, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

PART = 64 << 10
FILM = SeededObject("film.bin", 10 * PART + 17)
HELD_FROM_THE_FIFTH = Fault(FILM.key, Operation.GET, skip=4, is_held=True)
HELD = Fault(operation=Operation.GET, is_held=True)


def _gets(server: FaultServer, key: str | None = None) -> int:
    return len(server.requests(Operation.GET, key))


def _states(batch: Batch) -> set[State]:
    return {batch.rows[index].state for index in range(len(batch.rows))}


@pytest.mark.parametrize("in_flight", list(InFlight))
def test_a_file_goes_on_where_it_was_paused_and_no_byte_comes_twice(
    tmp_path: Path, in_flight: InFlight
) -> None:
    with FaultServer([FILM], [HELD_FROM_THE_FIFTH]) as server:

        async def scene(engine: Engine) -> None:
            policy = BatchPolicy(StopPolicy(in_flight=in_flight), jobs=2, part_size_bytes=PART)
            batch = await prepared(engine, chosen([FILM]), tmp_path, policy)
            running = asyncio.ensure_future(batch.run())
            row = batch.rows[0]
            await until(lambda: row.done_bytes == 4 * PART and _gets(server) == 6)
            batch.pause([0])
            await until(lambda: row.state is State.PAUSED)
            assert row.done_bytes == 4 * PART
            assert len(parts_of(tmp_path)) == 1
            server.wait_until(lambda: server.open_connections == 0)
            server.clear_faults()
            batch.unpause([0])
            assert await running is Outcome.DONE
            assert row.attempt == 1
            assert batch.rows.bytes_fetched == FILM.size_bytes

        run(server, scene, jobs=2)
        server.wait_until(lambda: server.sent_bytes(FILM.key) == FILM.size_bytes)
    assert (tmp_path / FILM.key).read_bytes() == FILM.read()
    assert [path.name for path in tmp_path.iterdir()] == [FILM.key]


def test_a_paused_batch_starts_nothing_and_each_file_is_fetched_once(tmp_path: Path) -> None:
    objects = many(300, 100)
    with FaultServer(objects, [Fault(operation=Operation.GET, skip=20, is_held=True)]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, chosen(objects), tmp_path)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: _gets(server) == 24)
            batch.pause()
            await until(lambda: batch.rows.counts()[State.RUNNING] == 0)
            counts = batch.rows.counts()
            assert (counts[State.DONE], counts[State.PAUSED]) == (20, 280)
            snapshot = batch.rows.snapshot()
            assert snapshot.is_paused
            assert snapshot.phase is BatchPhase.RUNNING
            assert (snapshot.speed_bps, snapshot.eta_s) == (0.0, None)
            server.clear_faults()
            server.wait_until(lambda: server.open_connections == 0)
            assert _gets(server) == 24
            batch.unpause()
            assert await running is Outcome.DONE
            assert not batch.rows.snapshot().is_paused

        run(server, scene)
        assert _gets(server) == 304
    assert len(list(tmp_path.iterdir())) == 300


def test_one_file_is_paused_while_the_others_go_on(tmp_path: Path) -> None:
    with FaultServer(many(30, 100), [Fault("00000.bin", Operation.GET, is_held=True)]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: _gets(server, "00000.bin") == 1)
            batch.pause([0, 29])
            await until(lambda: batch.rows.counts()[State.DONE] == 28)
            assert batch.rows.counts()[State.PAUSED] == 2
            assert batch.rows.phase is BatchPhase.RUNNING
            server.clear_faults()
            batch.unpause([29])
            await until(lambda: batch.rows[29].state is State.DONE)
            assert not running.done()
            batch.unpause()
            assert await running is Outcome.DONE

        run(server, scene)


def test_no_more_is_listed_while_a_batch_is_paused(tmp_path: Path) -> None:
    with FaultServer(many(5000, 10), [HELD]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: _gets(server) == 4)
            batch.pause()
            await until(lambda: batch.rows.counts()[State.RUNNING] == 0)
            rows = len(batch.rows)
            assert rows < 5000
            await until(lambda: batch.rows.counts()[State.PAUSED] == rows)
            server.clear_faults()
            batch.unpause()
            assert await running is Outcome.DONE
            assert len(batch.rows) == 5000

        run(server, scene)


def test_an_error_stops_what_is_paused_as_well(tmp_path: Path) -> None:
    with FaultServer(many(20, 100), [deny("00010.bin")]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, chosen(many(20, 100)), tmp_path, jobs=1)
            batch.pause([3, 15])
            assert await batch.run() is Outcome.STOPPED
            assert [batch.rows[index].state for index in (3, 15)] == [State.STOPPED] * 2
            assert [batch.rows[index].stopped_by for index in (3, 15)] == [10, 10]
            assert all(state.is_terminal for state in _states(batch))

        run(server, scene)


@pytest.mark.parametrize("indexes", [None, [0, 1, 2, 3, 4]])
def test_what_is_paused_can_be_cancelled_and_that_ends_the_batch(
    tmp_path: Path, indexes: list[int] | None
) -> None:
    with FaultServer(many(5, 100), [HELD]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: _gets(server) == 4)
            batch.pause()
            await until(lambda: batch.rows.counts()[State.PAUSED] == 5)
            batch.cancel(indexes)
            await running
            assert _states(batch) == {State.CANCELLED}
            assert not batch.rows.is_paused

        run(server, scene)


def test_everything_is_paused_even_what_is_still_planned(tmp_path: Path) -> None:
    with FaultServer(many(5, 100)) as server:

        async def scene(engine: Engine) -> None:
            for name in ("a", "b"):
                engine.start_batch(chosen(many(5, 100)), str(tmp_path / name), BatchPolicy())
            engine.pause()
            first, second = engine.orders
            await until(lambda: all(order.rows.phase is BatchPhase.RUNNING for order in engine.orders))
            await until(lambda: second.rows.counts()[State.PAUSED] == 5)
            assert _gets(server) == 0
            engine.unpause(first.rows.batch_id)
            await until(lambda: first.rows.outcome is Outcome.DONE)
            assert second.rows.counts()[State.PAUSED] == 5
            engine.unpause()
            await until(lambda: second.rows.outcome is Outcome.DONE)

        run(server, scene)


def test_a_row_paused_and_let_on_in_one_turn_is_fetched(tmp_path: Path) -> None:
    with FaultServer(many(40, 100)) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path, jobs=2)
            running = asyncio.ensure_future(batch.run())
            for _ in range(50):
                batch.pause()
                batch.unpause()
                await asyncio.sleep(0)
            assert await running is Outcome.DONE
            assert _states(batch) == {State.DONE}

        run(server, scene)


def test_a_retry_while_a_batch_runs_starts_without_waiting_for_its_end(tmp_path: Path) -> None:
    faults = [replace(deny("00000.bin"), times=1), Fault("00009.bin", Operation.GET, is_held=True)]
    with FaultServer(many(10, 100), faults) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path, is_stopping=False)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: batch.rows.counts()[State.DONE] == 8)
            assert not await batch.requeue([0])
            await until(lambda: batch.rows[0].state is State.DONE)
            assert not running.done()
            batch.cancel()
            await running

        run(server, scene)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_asked_in_whatever_order_every_row_ends_once(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    objects = many(60, 100)
    faults = [deny(f"{random.randrange(60):05}.bin") for _ in range(3)]

    async def scene(engine: Engine) -> None:
        batch = await prepare(engine, chosen(objects), tmp_path, is_stopping=seed % 2 == 0, jobs=3)
        running = asyncio.ensure_future(batch.run())
        for _ in range(60):
            rows = random.sample(range(60), 5)
            some = random.choice([None, [index for index in rows if index < len(batch.rows)]])
            if running.done():
                break
            _ask(batch, random, some)
            for _ in range(random.randrange(4)):
                await asyncio.sleep(0)
        batch.unpause()
        outcome = await running
        assert all(state.is_terminal for state in _states(batch))
        assert sum(batch.rows.counts().values()) == len(batch.rows) == 60
        assert outcome is batch.rows.outcome
        assert batch.rows.snapshot().done_bytes == sum(batch.rows[index].done_bytes for index in range(60))
        assert len(files_of(tmp_path)) == batch.rows.counts()[State.DONE]

    with FaultServer(objects, faults) as server:
        run(server, scene)


def _ask(batch: Batch, random: Random, some: list[int] | None) -> None:
    what = random.randrange(4)
    if what == 0:
        batch.pause(some)
    elif what == 1 and some is not None:
        batch.cancel(some)
    else:
        batch.unpause(some if what == 2 else None)
