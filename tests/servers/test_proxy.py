"""The proxy makes the network far, slow or broken, and well again."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault
from tests.servers.objects import SeededObject
from tests.servers.proxy import Proxy

ITEM = SeededObject("x", 200_000)


@contextmanager
def between(
    *faults: Fault, latency_s: float = 0.0, rate_bps: float | None = None
) -> Iterator[tuple[FaultServer, Proxy]]:
    with (
        FaultServer([ITEM], faults) as server,
        Proxy(server.endpoint_url, latency_s=latency_s, rate_bps=rate_bps) as proxy,
    ):
        yield server, proxy


def connection_to(proxy: Proxy) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(proxy.endpoint_url).netloc, timeout=5)


def ask(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("GET", f"/{BUCKET}/{ITEM.key}")
    return connection.getresponse()


def fetch(proxy: Proxy) -> bytes:
    with closing(connection_to(proxy)) as connection:
        return ask(connection).read()


def test_bytes_pass_unchanged_and_connections_end_with_their_clients() -> None:
    with between() as (server, proxy):
        with closing(connection_to(proxy)) as connection:
            assert [ask(connection).read() for _ in range(2)] == [ITEM.read()] * 2
            assert proxy.open_connections == 1
        proxy.wait_for_connections(0)
        server.wait_until(lambda: server.open_connections == 0)


def test_one_bit_in_so_many_bytes_is_flipped() -> None:
    with between() as (_, proxy):
        proxy.flip_every = 70_000
        sent, came = ITEM.read(), fetch(proxy)
    changed = [at for at in range(len(sent)) if sent[at] != came[at]]
    assert len(changed) == 2
    assert changed[1] - changed[0] == 70_000
    assert sent[changed[0]] ^ came[changed[0]] == 1


def test_latency_is_added_both_ways_and_does_not_slow_the_stream() -> None:
    with between(latency_s=0.1) as (_, proxy):
        began = time.monotonic()
        assert fetch(proxy) == ITEM.read()
    assert 0.2 <= time.monotonic() - began < 2


def test_the_rate_is_shared_by_all_connections() -> None:
    with between(rate_bps=1_000_000) as (_, proxy), closing(connection_to(proxy)) as one:
        began = time.monotonic()
        first = ask(one)
        assert fetch(proxy) == ITEM.read()
        assert first.read() == ITEM.read()
        assert time.monotonic() - began >= 0.35
        proxy.rate_bps = None
        began = time.monotonic()
        assert fetch(proxy) == ITEM.read()
    assert time.monotonic() - began < 5


def test_live_connections_are_reset_and_new_ones_taken() -> None:
    with between(Fault(stall_after=10, times=1)) as (_, proxy), closing(connection_to(proxy)) as connection:
        response = ask(connection)
        assert response.read(10) == ITEM.read(0, 10)
        assert proxy.reset_connections() == 1
        with pytest.raises(ConnectionResetError):
            response.read()
        proxy.wait_for_connections(0)
        assert fetch(proxy) == ITEM.read()


def test_a_refusing_proxy_is_a_closed_port_until_it_accepts_again() -> None:
    with between() as (_, proxy), closing(connection_to(proxy)) as live:
        ask(live).read()
        port = urlsplit(proxy.endpoint_url).port
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            fetch(proxy)
        assert ask(live).read() == ITEM.read()
        proxy.accept()
        assert urlsplit(proxy.endpoint_url).port == port
        assert fetch(proxy) == ITEM.read()


def test_a_black_hole_takes_connections_and_passes_nothing_until_it_speaks() -> None:
    with between() as (server, proxy), closing(connection_to(proxy)) as live:
        ask(live).read()
        proxy.go_silent()
        with socket.create_connection(("127.0.0.1", urlsplit(proxy.endpoint_url).port), 5) as held:
            request = f"GET /{BUCKET}/{ITEM.key} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            held.sendall(request)
            live.sock.sendall(request)
            held.settimeout(0.2)
            with pytest.raises(TimeoutError):
                held.recv(1)
            assert len(server.log) == 1
            proxy.speak()
            held.settimeout(5)
            assert held.recv(12) == b"HTTP/1.1 200"
            assert live.sock.recv(12) == b"HTTP/1.1 200"
        server.wait_until(lambda: len(server.log) == 3)


def test_a_live_body_stops_in_the_black_hole_and_goes_on_after_it() -> None:
    with between(rate_bps=200_000) as (_, proxy), closing(connection_to(proxy)) as connection:
        response = ask(connection)
        start = response.read(1000)
        proxy.go_silent()
        proxy.rate_bps = None
        proxy.speak()
        assert start + response.read() == ITEM.read()


def test_closing_the_proxy_ends_silent_connections() -> None:
    with between() as (_, proxy):
        proxy.go_silent()
        held = socket.create_connection(("127.0.0.1", urlsplit(proxy.endpoint_url).port), 5)
        proxy.wait_for_connections(1)
    with closing(held):
        assert held.recv(1) == b""


def test_a_target_that_is_gone_ends_the_connection() -> None:
    with FaultServer([ITEM]) as server:
        url = server.endpoint_url
    with Proxy(url) as proxy, pytest.raises(ConnectionError):
        fetch(proxy)
