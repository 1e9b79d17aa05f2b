"""A network that goes and comes back in the middle of a batch, a computer that sleeps: what is lost."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from app import cli
from app.compose import build_engine
from app.core.events import BatchPhase, Outcome
from app.core.objects import ConnectionSpec
from app.core.policy import InFlight
from app.core.states import Phase, State
from app.engine.batch import Batch
from app.engine.engine import Engine
from app.s3.store import CurlStore
from app.s3.wake import WakeWatch
from tests.e2e.attempt import QUICK, Attempt, play, policy_of, run_batch
from tests.e2e.command import LIMIT_S, environment, files_of, run, start
from tests.engine.stage import chosen, everything, prepared, spec_of, until
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many
from tests.servers.proxy import Proxy

PART = 64 << 10
PARTS = 16
ITEM = SeededObject("film.bin", PARTS * PART, algorithms=("crc64nvme",))
JOBS = 4
RANGED = policy_of(jobs=JOBS, part_size_bytes=PART)
SLOWLY_BPS = 2_000_000
SECOND_PAGE = Fault(operation=Operation.LIST, skip=1, times=1)
TENTH_GET = Fault(operation=Operation.GET, skip=9, times=1)
BRIEF = replace(QUICK, outage_s=0.5)
"""The network is given up after half a second."""


class Probes:
    """Every look for the network that the client took."""

    def __init__(self) -> None:
        self.count = self.at_once = self.most_at_once = 0


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Probes:
    """Counts what no server can see: a look that nothing answers."""
    seen, probe = Probes(), CurlStore.probe

    async def counted(self: CurlStore, bucket: str) -> None:
        seen.count += 1
        seen.at_once += 1
        seen.most_at_once = max(seen.most_at_once, seen.at_once)
        try:
            await probe(self, bucket)
        finally:
            seen.at_once -= 1

    monkeypatch.setattr(CurlStore, "probe", counted)
    return seen


def cut(proxy: Proxy) -> None:
    """Take the network away: nothing listens, and what was connected is reset."""
    proxy.refuse()
    proxy.reset_connections()


@contextmanager
def far(*objects: SeededObject, goes_at: Fault | None = None) -> Iterator[tuple[FaultServer, Proxy]]:
    """A server behind a network that can be taken away, slow enough to be caught in the middle.

    The network goes by itself at the request that `goes_at` meets.
    """
    with FaultServer(objects) as server, Proxy(server.endpoint_url, rate_bps=SLOWLY_BPS) as proxy:
        if goes_at is not None:
            server.add_fault(replace(goes_at, before=lambda: cut(proxy)))
        yield server, proxy


def to(proxy: Proxy, server: FaultServer) -> ConnectionSpec:
    return replace(spec_of(server), endpoint_url=proxy.endpoint_url)


def read_until(terminal: int, words: bytes) -> bytes:
    """All that a terminal shows up to some words."""
    shown = b""
    while words not in shown:
        ready, _, _ = select.select([terminal], [], [], LIMIT_S)
        assert ready, shown
        shown += os.read(terminal, 4096)
    return shown


def all_wait(batch: Batch, phase: Phase) -> bool:
    """True when every running row waits for the same."""
    rows = [batch.rows[index] for index in batch.rows.in_state(State.RUNNING)]
    return bool(rows) and all(row.phase is phase for row in rows)


async def in_outage(engine: Engine, proxy: Proxy, folder: Path, batch: Batch) -> asyncio.Future[Attempt]:
    """A batch of which a part has come when the network goes, and that has noticed it."""
    running = asyncio.ensure_future(run_batch(batch, folder))
    await until(lambda: batch.rows.snapshot().done_bytes > 3 * PART)
    cut(proxy)
    await until(lambda: all_wait(batch, Phase.WAITING_FOR_NETWORK))
    return running


def test_a_large_file_goes_on_after_an_outage_and_is_what_it_should_be(
    tmp_path: Path, probes: Probes
) -> None:
    with far(ITEM) as (server, proxy):

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = await in_outage(engine, proxy, tmp_path, batch)
            wait = batch.rows.snapshot().wait
            assert wait is not None
            assert (wait.phase, wait.needs_person) == (Phase.WAITING_FOR_NETWORK, False)
            asked = len(server.log)
            # Far longer than the tries of a range would last.
            await until(lambda: probes.count >= 2 * QUICK.tries)
            assert len(server.log) == asked
            proxy.accept()
            attempt = await running
            assert batch.rows.snapshot().wait is None
            return attempt

        attempt = play(to(proxy, server), scene, jobs=JOBS)
        assert attempt.outcome is Outcome.DONE
        assert attempt.files == {ITEM.key: ITEM.read()}
        assert attempt.rows[0].verified == "crc64nvme"
        assert probes.most_at_once == 1
        assert len(server.requests(Operation.HEAD_BUCKET)) == 1
        assert len(server.requests(Operation.GET)) <= PARTS + 2 * JOBS
        assert server.sent_bytes(ITEM.key) <= ITEM.size_bytes + JOBS * PART


def test_small_files_and_their_listing_go_on_after_an_outage(tmp_path: Path, probes: Probes) -> None:
    objects = many(1200, 500)
    with far(*objects, goes_at=SECOND_PAGE) as (server, proxy):

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, everything(), tmp_path, policy_of(jobs=JOBS))
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: all_wait(batch, Phase.WAITING_FOR_NETWORK))
            await until(lambda: probes.count >= 2 * QUICK.tries)
            proxy.accept()
            return await running

        attempt = play(to(proxy, server), scene, jobs=JOBS)
        assert attempt.outcome is Outcome.DONE
        assert len(attempt.rows) == 1200
        assert attempt.files == {item.key: item.read() for item in objects}
        assert probes.most_at_once == 1
        assert len(server.requests(Operation.GET)) <= 1200 + 2 * JOBS
        assert len(server.requests(Operation.LIST)) <= 3


def test_a_browsers_listing_goes_on_after_an_outage() -> None:
    with far(*many(1500, 1), goes_at=SECOND_PAGE) as (server, proxy):

        async def scene(engine: Engine) -> list[int]:
            waits: list[object] = []
            engine.on_wait = waits.append
            sizes: list[int] = []
            listing = asyncio.ensure_future(
                engine.list_prefix(1, BUCKET, "", lambda page: sizes.append(len(page.objects)))
            )
            await until(lambda: bool(waits))
            proxy.accept()
            assert await listing
            assert [getattr(wait, "phase", None) for wait in waits] == [Phase.WAITING_FOR_NETWORK, None]
            return sizes

        assert play(to(proxy, server), scene) == [1000, 500]


def test_a_cancel_ends_the_wait_for_the_network_at_once(tmp_path: Path) -> None:
    with far(ITEM) as (server, proxy):

        async def scene(engine: Engine) -> float:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = await in_outage(engine, proxy, tmp_path, batch)
            began = time.monotonic()
            batch.cancel()
            attempt = await running
            took_s = time.monotonic() - began
            assert attempt.states == [State.CANCELLED]
            assert batch.rows.snapshot().wait is None
            assert engine.store.patience.wait is None
            return took_s

        assert play(to(proxy, server), scene, jobs=JOBS) < 0.2


@pytest.mark.parametrize("is_stopping", [True, False], ids=["stop on first error", "keep going"])
@pytest.mark.parametrize("in_flight", [InFlight.KEEP, InFlight.FINISH])
def test_a_network_that_stays_away_stops_the_batch_with_one_explanation(
    tmp_path: Path, is_stopping: bool, in_flight: InFlight
) -> None:
    objects = many(40, PART)
    policy = policy_of(jobs=JOBS, is_stopping=is_stopping)
    policy = replace(policy, stop=replace(policy.stop, in_flight=in_flight))
    with far(*objects) as (server, proxy):

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen(objects), tmp_path, policy)
            running = await in_outage(engine, proxy, tmp_path, batch)
            attempt = await running
            assert batch.rows.phase is BatchPhase.ENDED
            return attempt

        attempt = play(to(proxy, server), scene, jobs=JOBS, timing=BRIEF)
    assert attempt.outcome is Outcome.STOPPED
    assert attempt.states.count(State.FAILED) == 1
    assert set(attempt.states) == {State.DONE, State.FAILED, State.STOPPED}
    assert re.search(r"did not come back within 0\.5 s\. .*refuses connections", attempt.error.message)
    assert attempt.files == {
        item.key: item.read()
        for item, state in zip(objects, attempt.states, strict=True)
        if state is State.DONE
    }


def test_after_a_sleep_a_stalled_range_is_asked_for_again_at_once_and_no_try_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps: list[bool] = []
    monkeypatch.setattr(WakeWatch, "has_slept", lambda _: bool(sleeps) and sleeps.pop())
    stall = Fault(ITEM.key, Operation.GET, skip=4, times=JOBS, stall_after=1000)
    with FaultServer([ITEM], [stall]) as server:

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: len(server.requests(Operation.GET)) == 4 + JOBS)
            sleeps.append(True)
            return await running

        attempt = play(spec_of(server), scene, jobs=JOBS, timing=replace(QUICK, low_speed_s=10.0))
        assert len(server.requests(Operation.GET)) == PARTS + JOBS
    assert attempt.files == {ITEM.key: ITEM.read()}
    assert attempt.rows[0].tries == 1
    assert attempt.took_s < 5


def test_the_command_line_waits_the_outage_out_and_says_so(tmp_path: Path) -> None:
    objects = many(30, PART)
    with far(*objects, goes_at=TENTH_GET) as (_, proxy):
        program = start("get", f"s3://{BUCKET}/", str(tmp_path), "--endpoint-url", proxy.endpoint_url)
        assert program.stderr is not None
        line = program.stderr.readline()
        proxy.accept()
        _, rest = program.communicate(timeout=30)
    assert "Waiting for the network" in line
    assert "The network is back" in rest
    assert program.returncode == 0
    assert files_of(tmp_path) == {item.key: item.read() for item in objects}


def test_a_terminal_shows_the_wait_in_its_progress_line_and_logs_over_it(tmp_path: Path) -> None:
    objects = many(30, PART)
    terminal, end = pty.openpty()
    with far(*objects, goes_at=TENTH_GET) as (_, proxy):
        words = ("get", f"s3://{BUCKET}/", str(tmp_path), "--endpoint-url", proxy.endpoint_url)
        program = subprocess.Popen([sys.executable, "-m", "app", *words], stderr=end, env=environment())
        os.close(end)
        shown = read_until(terminal, "· waiting for network".encode())
        proxy.accept()
        shown += read_until(terminal, b"done: 30 done")
        assert program.wait(LIMIT_S) == 0
    os.close(terminal)
    assert re.search(rb"\r\x1b\[K[^\r\n]* WARNING [^\r\n]*Waiting for the network: ", shown)
    assert files_of(tmp_path) == {item.key: item.read() for item in objects}


@pytest.mark.parametrize("mode", ["--stop-on-first-error", "--keep-going"])
def test_the_command_line_ends_with_3_when_the_network_stays_away_and_resumes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(cli, "build_engine", partial(build_engine, timing=BRIEF))
    objects = many(30, PART)
    with far(*objects, goes_at=TENTH_GET) as (_, proxy):
        ran = run(
            "get", f"s3://{BUCKET}/", str(tmp_path), "--endpoint-url", proxy.endpoint_url, "--json", mode
        )
        left = files_of(tmp_path)
        proxy.accept()
        resumed = run("resume", "--json")
        assert files_of(tmp_path) == {item.key: item.read() for item in objects}
    assert (ran.code, resumed.code) == (3, 0)
    assert ran.receipt["outcome"] == "stopped"
    assert ran.receipt["counts"]["failed"] == 1
    assert "did not come back" in ran.receipt["first_error"]["message"]
    assert set(left) == {file["path"] for file in ran.receipt["files"] if file["state"] == "done"}
