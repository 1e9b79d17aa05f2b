"""What goes wrong on the way to the server: silence, trickles, resets, closed ports, names, certificates."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.objects import ConnectionSpec
from app.core.states import Phase, State
from app.engine.engine import Engine
from tests.e2e.attempt import QUICK, Attempt, download, play, policy_of, run_batch
from tests.engine.stage import chosen, prepared, spec_of, until
from tests.servers.certificates import self_signed, tls_of
from tests.servers.endpoint import free_port
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many
from tests.servers.proxy import Proxy

SIZE = 100_000
ITEM = SeededObject("picture.bin", SIZE)
STALL_S = QUICK.low_speed_s


def to(endpoint_url: str) -> ConnectionSpec:
    return ConnectionSpec(
        endpoint_url=endpoint_url, access_key_id="test-key", secret_access_key="test-secret"
    )


def attempt_at(spec: ConnectionSpec, folder: Path) -> Attempt:
    """Download ITEM where there may be no server."""

    async def scene(engine: Engine) -> Attempt:
        return await run_batch(await prepared(engine, chosen([ITEM]), folder, policy_of()), folder)

    return play(spec, scene)


@pytest.mark.parametrize(
    ("fault", "limit_s"),
    [(Fault(stall_after=10_000, times=1), STALL_S + 3), (Fault(cut_after=50_000, is_reset=True, times=1), 3)],
    ids=["stall", "reset"],
)
def test_a_body_that_stops_once_comes_over_a_new_connection(
    tmp_path: Path, fault: Fault, limit_s: float
) -> None:
    with FaultServer([ITEM], [fault]) as server:
        attempt = download(server, tmp_path, [ITEM])
        first, second = server.requests(Operation.GET)
    assert first.connection != second.connection
    assert attempt.outcome is Outcome.DONE
    assert attempt.files == {ITEM.key: ITEM.read()}
    assert attempt.took_s < limit_s


def test_a_trickle_is_broken_off_and_fails_within_the_tries(tmp_path: Path) -> None:
    timing = replace(QUICK, tries=2)
    with FaultServer([ITEM], [Fault(operation=Operation.GET, trickle_s=0.05)]) as server:
        attempt = download(server, tmp_path, [ITEM], timing=timing)
        assert len(server.requests(Operation.GET)) == 2
    assert attempt.error.kind is ErrorKind.TIMEOUT
    assert f"almost nothing, for {STALL_S:g} s" in attempt.error.message
    assert re.search(r"\(\d+ of \d+ bytes\)", attempt.error.message)
    assert ITEM.key in attempt.error.message
    assert attempt.files == {}
    assert attempt.took_s < 2 * STALL_S + 5


def test_a_cancel_during_a_trickle_closes_the_connection_at_once(tmp_path: Path) -> None:
    with FaultServer([ITEM], [Fault(operation=Operation.GET, trickle_s=0.1)]) as server:

        async def scene(engine: Engine) -> float:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, policy_of())
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: batch.rows[0].phase is Phase.DOWNLOADING)
            began = time.monotonic()
            batch.cancel()
            attempt = await running
            await until(lambda: server.open_connections == 0)
            assert (attempt.states, attempt.files) == ([State.CANCELLED], {})
            return time.monotonic() - began

        assert play(spec_of(server), scene) < 1


def test_a_port_that_nothing_listens_on_is_tried_three_times_and_named(tmp_path: Path) -> None:
    port = free_port()
    attempt = attempt_at(to(f"http://127.0.0.1:{port}"), tmp_path)
    assert attempt.error.kind is ErrorKind.CONNECTION_REFUSED
    assert f"127.0.0.1:{port} refuses connections" in attempt.error.message
    assert attempt.rows[0].tries == 3
    assert attempt.took_s < 5


def test_an_unknown_host_is_named_and_asked_for_once(tmp_path: Path) -> None:
    attempt = attempt_at(to("http://host.invalid:1234"), tmp_path)
    assert attempt.error.kind is ErrorKind.HOST_NOT_FOUND
    assert "Cannot find the host host.invalid:1234" in attempt.error.message
    assert attempt.rows[0].tries == 1
    assert attempt.took_s < 5


def test_a_certificate_that_is_not_trusted_is_refused_with_host_and_reason(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    if certificate is None:
        pytest.skip("no openssl program here that can make a certificate")
    with FaultServer([ITEM], ssl_context=tls_of(certificate)) as server:
        attempt = download(server, tmp_path / "to", [ITEM])
        host = server.endpoint_url.removeprefix("https://")
        assert server.log == []
        trusting = replace(spec_of(server), ca_bundle=str(certificate))
        assert download(server, tmp_path / "to", [ITEM], spec=trusting).outcome is Outcome.DONE
    assert attempt.error.kind is ErrorKind.TLS_UNTRUSTED
    assert f"{host} is not trusted" in attempt.error.message
    assert "self" in attempt.error.message
    assert attempt.rows[0].tries == 1
    assert attempt.took_s < 3


def test_resets_of_every_connection_are_survived(tmp_path: Path) -> None:
    objects = many(12, 50_000)
    with FaultServer(objects) as server, Proxy(server.endpoint_url, rate_bps=400_000) as proxy:

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen(objects), tmp_path, policy_of())
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            for done in (2, 5):
                await until(lambda done=done: batch.rows.counts()[State.DONE] >= done)
                assert proxy.reset_connections() > 0
            return await running

        attempt = play(to(proxy.endpoint_url), scene)
        proxy.wait_for_connections(0)
    assert attempt.outcome is Outcome.DONE
    assert attempt.files == {item.key: item.read() for item in objects}


def test_a_network_that_falls_silent_and_comes_back_costs_one_stall(tmp_path: Path) -> None:
    objects = many(8, 50_000)
    with FaultServer(objects) as server, Proxy(server.endpoint_url, rate_bps=400_000) as proxy:

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen(objects), tmp_path, policy_of())
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: batch.rows.counts()[State.DONE] >= 2)
            proxy.go_silent()
            await until(lambda: any(row.tries > 1 for row in map(batch.rows.__getitem__, range(8))))
            proxy.speak()
            return await running

        attempt = play(to(proxy.endpoint_url), scene)
    assert attempt.outcome is Outcome.DONE
    assert attempt.files == {item.key: item.read() for item in objects}
    assert STALL_S < attempt.took_s < STALL_S + 8


def test_a_server_that_is_gone_for_a_moment_is_found_again(tmp_path: Path) -> None:
    patient = replace(QUICK, backoff_first_s=0.5, backoff_max_s=0.5)
    with FaultServer([ITEM]) as server, Proxy(server.endpoint_url) as proxy:

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, policy_of())
            proxy.refuse()
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: batch.rows[0].phase is Phase.WAITING_TO_RETRY)
            proxy.accept()
            return await running

        attempt = play(to(proxy.endpoint_url), scene, timing=patient)
    assert attempt.outcome is Outcome.DONE
    assert attempt.rows[0].tries in {2, 3}
