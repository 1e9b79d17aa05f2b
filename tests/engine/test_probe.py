"""The file that stopped a batch is tried first; the others follow only if it goes well."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.events import Outcome
from app.core.policy import BatchPolicy, StopPolicy
from app.core.states import State
from app.engine.engine import Engine
from app.engine.order import Order
from tests.engine.stage import everything, run, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Operation, deny
from tests.servers.objects import many

CULPRIT = "00005.bin"


async def _stopped(engine: Engine, folder: Path) -> Order:
    engine.start_batch(everything(), str(folder), BatchPolicy(StopPolicy(), jobs=1))
    (order,) = engine.orders
    await until(lambda: order.rows.outcome is Outcome.STOPPED)
    return order


def _asked(server: FaultServer, since: int) -> list[str]:
    return [entry.key for entry in server.requests(Operation.GET)[since:]]


def test_while_it_still_fails_nothing_else_is_asked_for(tmp_path: Path) -> None:
    with FaultServer(many(20, 100), [deny(CULPRIT)]) as server:

        async def scene(engine: Engine) -> None:
            order = await _stopped(engine, tmp_path)
            before = len(server.requests(Operation.GET))
            listings = len(server.requests(Operation.LIST))
            await order.probe()
            assert order.rows.outcome is Outcome.STOPPED
            assert _asked(server, before) == [CULPRIT]
            assert len(server.requests(Operation.LIST)) == listings
            assert order.rows.counts()[State.STOPPED] == 14
            assert [order.rows[index].stopped_by for index in range(6, 20)] == [5] * 14
            assert order.rows[5].is_culprit

        run(server, scene)


@pytest.mark.parametrize("count", [20, 2500])
def test_once_it_goes_well_the_rest_follows_and_nothing_comes_twice(tmp_path: Path, count: int) -> None:
    objects = many(count, 10)
    with FaultServer(objects, [deny(CULPRIT)]) as server:

        async def scene(engine: Engine) -> None:
            order = await _stopped(engine, tmp_path)
            before = len(server.requests(Operation.GET))
            server.clear_faults()
            await order.probe()
            assert order.rows.outcome is Outcome.DONE
            assert _asked(server, before) == [CULPRIT, *(item.key for item in objects[6:])]
            assert order.rows.counts()[State.DONE] == count

        run(server, scene)


def test_another_file_that_fails_after_it_is_the_new_culprit(tmp_path: Path) -> None:
    with FaultServer(many(20, 100), [deny(CULPRIT)]) as server:

        async def scene(engine: Engine) -> None:
            order = await _stopped(engine, tmp_path)
            server.clear_faults()
            server.add_fault(deny("00009.bin"))
            await order.probe()
            assert order.rows.outcome is Outcome.STOPPED
            assert order.rows.snapshot().first_error_index == 9
            assert order.rows[5].state is State.DONE
            assert order.rows.counts()[State.STOPPED] == 10

        run(server, scene)
