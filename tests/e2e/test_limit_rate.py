"""`--limit-rate`: the rate of a whole batch, over real connections."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.events import Outcome
from app.core.policy import BatchPolicy
from app.core.timing import Timing
from app.engine.engine import Engine
from tests.e2e.attempt import QUICK, play
from tests.e2e.command import files_of, get
from tests.engine.stage import chosen, prepared, spec_of, until
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Operation
from tests.servers.objects import SeededObject, many

MIB = 1 << 20
IMPATIENT = replace(QUICK, low_speed_s=0.4)


def _took_s(receipt: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(receipt[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def test_a_large_file_and_small_ones_together_keep_to_the_rate(tmp_path: Path) -> None:
    objects = [SeededObject("a-large.bin", 4 * MIB), *many(100, 16 << 10)]
    size_bytes = sum(item.size_bytes for item in objects)
    with FaultServer(objects) as server:
        ran = get(server, tmp_path, "--limit-rate", "2MiB", "--part-size", "512KiB")
    assert ran.code == 0, ran.err
    assert size_bytes / _took_s(ran.receipt) == pytest.approx(2 * MIB, rel=0.2)
    assert files_of(tmp_path) == {item.key: item.read() for item in objects}


def test_small_files_do_not_wait_for_a_large_one(tmp_path: Path) -> None:
    objects = [SeededObject("a-large.bin", 4 * MIB), *many(20, 1 << 10)]
    with FaultServer(objects) as server:
        ran = get(server, tmp_path, "--limit-rate", "2MiB", "--part-size", "64KiB", "--jobs", "8")
    ends = [line["key"] for line in ran.events("state") if line["state"] == "done"]
    assert ends[-1] == "a-large.bin"


def test_a_transfer_that_waits_for_its_turn_is_not_taken_for_a_stalled_one(tmp_path: Path) -> None:
    # 16 KiB are written at once, which is more than a second's worth.
    item = SeededObject("film.bin", 48 << 10)

    async def scene(engine: Engine) -> None:
        batch = await prepared(engine, chosen([item]), tmp_path, BatchPolicy(limit_bps=12 << 10))
        assert await batch.run() is Outcome.DONE
        assert batch.rows[0].tries == 1

    with FaultServer([item]) as server:
        play(spec_of(server), scene, timing=IMPATIENT)
        assert len(server.requests(Operation.GET)) == 1


def test_a_limit_is_lifted_while_a_transfer_waits(tmp_path: Path) -> None:
    item = SeededObject("film.bin", 8 * MIB)

    async def scene(engine: Engine) -> None:
        batch = await prepared(engine, chosen([item]), tmp_path, BatchPolicy(limit_bps=1 << 10))
        running = asyncio.ensure_future(batch.run())
        await until(lambda: batch.rows[0].done_bytes > 0)
        engine.set_limit(0, batch.rows.batch_id)
        assert await running is Outcome.DONE
        assert batch.rows.policy.limit_bps == 0

    with FaultServer([item]) as server:
        play(spec_of(server), scene, timing=Timing())
    assert files_of(tmp_path) == {item.key: item.read()}


def test_a_transfer_that_waits_is_cancelled_at_once(tmp_path: Path) -> None:
    item = SeededObject("film.bin", 8 * MIB)

    async def scene(engine: Engine) -> None:
        engine.set_limit(1 << 10)
        batch = await prepared(engine, chosen([item]), tmp_path, BatchPolicy(part_size_bytes=MIB))
        running = asyncio.ensure_future(batch.run())
        await until(lambda: batch.rows[0].done_bytes > 0)
        batch.cancel()
        assert await running is Outcome.CANCELLED
        # Its handles serve the next batch, which is not limited.
        engine.set_limit(0)
        assert await batch.requeue(None)
        assert await batch.run() is Outcome.DONE

    with FaultServer([item]) as server:
        play(spec_of(server), scene)
    assert files_of(tmp_path) == {item.key: item.read()}


@pytest.mark.parametrize("rate", ["0", "fast", "-1", "10", ""])
def test_a_rate_that_is_none_is_wrong_usage(tmp_path: Path, rate: str) -> None:
    with FaultServer([]) as server:
        ran = get(server, tmp_path, f"--limit-rate={rate}")
    assert ran.code == 2
    assert "--limit-rate" in ran.err
