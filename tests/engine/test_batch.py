"""A batch from plan to receipt: what a stop, a cancel and another attempt leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.core.errors import ErrorKind, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.policy import BatchPolicy, StopPolicy
from app.core.states import Phase, State
from app.engine.engine import Engine
from tests.engine.stage import chosen, everything, make_engine, prepare, run, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation, deny, server_error
from tests.servers.objects import SeededObject, many


def _gets(server: FaultServer, key: str | None = None) -> int:
    return len(server.requests(Operation.GET, key))


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_resuming_the_rest_fetches_nothing_twice(tmp_path: Path) -> None:
    with FaultServer(many(60, 100), [deny("00020.bin")]) as server:

        async def scene(engine: Engine) -> tuple[Outcome, Outcome, int]:
            batch = await prepare(engine, everything(), tmp_path)
            first = await batch.run()
            done = [batch.rows[index].item.obj.key for index in batch.rows.in_state(State.DONE)]
            assert done
            server.clear_faults()
            assert await batch.requeue(None)
            second = await batch.run()
            assert batch.rows.counts()[State.DONE] == 60
            assert {_gets(server, key) for key in done} == {1}
            return first, second, batch.rows[20].attempt

        assert run(server, scene) == (Outcome.STOPPED, Outcome.DONE, 2)
    assert len(_names(tmp_path)) == 60


def test_resuming_goes_on_with_a_listing_that_the_stop_broke_off(tmp_path: Path) -> None:
    with FaultServer(many(2500, 1), [deny("00003.bin")]) as server:

        async def scene(engine: Engine) -> int:
            batch = await prepare(engine, everything(), tmp_path)
            await batch.run()
            assert not batch.rows.snapshot().is_listing_complete
            known = len(batch.rows)
            server.clear_faults()
            await batch.requeue(None)
            assert await batch.run() is Outcome.DONE
            assert batch.rows.counts()[State.DONE] == 2500
            return known

        assert run(server, scene) < 2500
    assert len(_names(tmp_path)) == 2500


def test_only_the_row_that_stopped_the_last_run_is_the_culprit(tmp_path: Path) -> None:
    with FaultServer(many(30, 100), [deny("00005.bin"), deny("00020.bin")]) as server:

        async def scene(engine: Engine) -> list[int]:
            batch = await prepare(engine, chosen(many(30, 100)), tmp_path, jobs=1)
            await batch.run()
            assert batch.rows[5].is_culprit
            await batch.requeue(list(batch.rows.in_state(State.STOPPED)))
            assert await batch.run() is Outcome.STOPPED
            return [index for index in range(30) if batch.rows[index].is_culprit]

        assert run(server, scene) == [20]


def test_retrying_only_the_culprit_leaves_the_others_stopped(tmp_path: Path) -> None:
    with FaultServer(many(30, 100), [deny("00005.bin")]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, chosen(many(30, 100)), tmp_path)
            await batch.run()
            culprit = batch.rows.snapshot().first_error_index
            assert culprit == 5
            assert batch.rows[5].is_culprit
            server.clear_faults()
            stopped = batch.rows.counts()[State.STOPPED]
            await batch.requeue([5])
            assert await batch.run() is Outcome.DONE
            assert batch.rows[5].state is State.DONE
            assert batch.rows.counts()[State.STOPPED] == stopped

        run(server, scene)


def test_a_retry_while_the_batch_still_runs_is_run_behind_it(tmp_path: Path) -> None:
    held = Fault("00001.bin", Operation.GET, is_held=True)
    with FaultServer(many(3, 100), [deny("00000.bin"), held]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path, is_stopping=False)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: batch.rows.counts()[State.FAILED] == 1)
            server.clear_faults()
            assert not await batch.requeue([0])
            server.release()
            assert await running is Outcome.DONE
            assert batch.rows[0].state is State.DONE

        run(server, scene)


def test_cancelling_one_row_lets_the_others_run(tmp_path: Path) -> None:
    stalled = Fault("00000.bin", Operation.GET, stall_after=10)
    with FaultServer(many(6, 100), [stalled]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path, jobs=1)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: batch.rows[0].phase is Phase.DOWNLOADING if len(batch.rows) else False)
            batch.cancel([0, 4])
            await running
            states = [batch.rows[index].state for index in range(6)]
            assert states == [State.CANCELLED, *[State.DONE] * 3, State.CANCELLED, State.DONE]

        run(server, scene)
        assert _gets(server, "00004.bin") == 0
    assert len(_names(tmp_path)) == 4


def test_cancelling_during_a_backoff_acts_at_once(tmp_path: Path) -> None:
    with FaultServer(many(1, 100), [server_error()]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: _gets(server) > 0)
            batch.cancel()
            assert await running is Outcome.CANCELLED

        run(server, scene)


def test_the_toggle_counts_from_when_it_is_moved(tmp_path: Path) -> None:
    held = Fault("00003.bin", Operation.GET, is_held=True)
    with FaultServer(many(8, 100), [deny("00000.bin"), held, deny("00003.bin")]) as server:

        async def scene(engine: Engine) -> tuple[Outcome, int]:
            batch = await prepare(engine, everything(), tmp_path, is_stopping=False, jobs=4)
            running = asyncio.ensure_future(batch.run())
            await until(lambda: len(batch.rows) > 0 and batch.rows.counts()[State.DONE] == 6)
            batch.set_policy(replace(batch.rows.policy, stop=StopPolicy(stop_on_first_error=True)))
            assert batch.rows.phase is BatchPhase.RUNNING
            server.release()
            return await running, batch.rows.counts()[State.DONE]

        outcome, done = run(server, scene)
    assert done >= 6
    assert outcome in (Outcome.STOPPED, Outcome.FAILED)


def test_a_batch_that_cannot_begin_shows_why_and_can_be_tried_again(tmp_path: Path) -> None:
    refused = Fault(operation=Operation.LIST, status=403, code="AccessDenied")
    with FaultServer(many(3, 100), [refused]) as server:

        async def scene(engine: Engine) -> None:
            engine.start_batch(everything(), str(tmp_path), BatchPolicy(jobs=4))
            (order,) = engine.orders
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            error = order.rows.snapshot().first_error
            assert error is not None
            assert (error.kind, error.key) == (ErrorKind.ACCESS_DENIED, None)
            server.clear_faults()
            engine.retry(order.rows.batch_id)
            await until(lambda: order.rows.outcome is Outcome.DONE)
            assert order.rows.counts()[State.DONE] == 3

        run(server, scene)


def test_a_batch_is_cancelled_even_while_it_is_planned(tmp_path: Path) -> None:
    with FaultServer(many(3, 100), [Fault(operation=Operation.LIST, is_held=True)]) as server:

        async def scene(engine: Engine) -> None:
            engine.start_batch(everything(), str(tmp_path), BatchPolicy(jobs=4))
            (order,) = engine.orders
            await until(lambda: len(server.requests(Operation.LIST)) == 1)
            engine.cancel(order.rows.batch_id)
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            assert order.rows.outcome is Outcome.CANCELLED

        run(server, scene)
        server.wait_until(lambda: server.open_connections == 0)


def test_a_retry_judges_what_stood_in_the_way_anew(tmp_path: Path) -> None:
    (tmp_path / "00001.bin").write_bytes(b"mine")
    with FaultServer(many(2, 100)) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepare(engine, everything(), tmp_path)
            assert await batch.run() is Outcome.FAILED
            assert not await batch.requeue([1])
            assert batch.rows[1].state is State.FAILED
            (tmp_path / "00001.bin").unlink()
            assert await batch.requeue([1])
            assert await batch.run() is Outcome.DONE

        run(server, scene)
    assert (tmp_path / "00001.bin").read_bytes() == many(2, 100)[1].read()


def test_a_selection_with_folders_is_planned_in_key_order(tmp_path: Path) -> None:
    objects = [SeededObject(key, 10) for key in ("a/1", "a/b/2", "c", "d/3")]
    with FaultServer(objects) as server:

        async def scene(engine: Engine) -> list[str]:
            sources = [*everything("d/"), *chosen([objects[2], objects[0]]), *everything("a/")]
            below_root = [replace(source, base="") for source in sources]
            batch = await prepare(engine, below_root, tmp_path)
            await batch.run()
            return [batch.rows[index].item.path for index in range(len(batch.rows))]

        assert run(server, scene) == ["a/1", "a/b/2", "c", "d/3"]


def test_closing_the_engine_cancels_what_runs_and_leaves_no_part_file(tmp_path: Path) -> None:
    with FaultServer(many(8, 1000), [Fault(operation=Operation.GET, stall_after=10)]) as server:

        async def scene(engine: Engine) -> Callable[[], Outcome | None]:
            engine.start_batch(everything(), str(tmp_path / "to"), BatchPolicy(jobs=4))
            (order,) = engine.orders
            await until(lambda: _gets(server) == 4)
            return lambda: order.rows.outcome

        assert run(server, scene)() is Outcome.CANCELLED
        server.wait_until(lambda: server.open_connections == 0)
    assert _names(tmp_path / "to") == []


def test_without_a_connection_an_order_is_refused() -> None:
    async def scene() -> ErrorKind:
        engine = make_engine()
        try:
            engine.order(everything(), "to", BatchPolicy())
        except TransferError as error:
            return error.kind
        finally:
            await engine.close()
        raise AssertionError("it was taken")

    assert asyncio.run(scene()) is ErrorKind.USAGE
