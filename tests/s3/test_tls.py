"""Certificates: a server that is not trusted is refused by name, a named CA bundle lets it in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.timing import Timing
from app.s3.curl import CurlTransport
from tests.s3.scripted_server import QUICK, KeepingReceiver, ScriptedServer, always, failure, get, reply, run
from tests.servers.certificates import self_signed, tls_of


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    path = self_signed(tmp_path_factory.mktemp("tls"))
    if path is None:
        pytest.skip("no openssl program here that can make a certificate")
    return path


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(certificate: Path) -> None:
    async def main() -> None:
        transport = CurlTransport(QUICK, 4)
        async with ScriptedServer(always(reply("200 OK", b"x")), tls_of(certificate)) as server:
            error = await failure(transport.request(get(server.url)))
            await transport.aclose()
            assert error.kind is ErrorKind.TLS_UNTRUSTED
            assert f"127.0.0.1:{server.port} is not trusted" in error.message
            assert "self-signed" in error.message or "self signed" in error.message
            assert server.requests == []

    run(main())


def test_a_named_ca_bundle_is_trusted(certificate: Path) -> None:
    async def main() -> None:
        transport = CurlTransport(QUICK, 4)
        async with ScriptedServer(always(reply("200 OK", b"x")), tls_of(certificate)) as server:
            receiver = KeepingReceiver()
            await transport.request(get(server.url, ca_bundle=str(certificate)), receiver)
            await transport.aclose()
            assert receiver.data == b"x"

    run(main())


def test_cancelling_a_stalled_get_over_tls_closes_its_socket_at_once(certificate: Path) -> None:
    async def main() -> None:
        transport = CurlTransport(Timing(), 4)
        stall = always(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        async with ScriptedServer(stall, tls_of(certificate)) as server:
            request = get(server.url, ca_bundle=str(certificate))
            task = asyncio.create_task(transport.request(request, KeepingReceiver()))
            await asyncio.wait_for(server.asked.wait(), 5)
            begun = asyncio.get_running_loop().time()
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()
            await asyncio.wait_for(server.closed.wait(), 5)
            assert asyncio.get_running_loop().time() - begun < 0.5
            await transport.aclose()

    run(main())
