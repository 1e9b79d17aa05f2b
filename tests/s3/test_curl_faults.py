"""How requests fail on real sockets, in kinds and in words."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from app.core.errors import ErrorKind, TransferError
from app.s3.curl import CurlTransport
from tests.s3.scripted_server import (
    CUT,
    QUICK,
    Answer,
    KeepingReceiver,
    ScriptedServer,
    Seen,
    always,
    failure,
    get,
    run,
    scene,
)


def fault_of(answer: Answer) -> TransferError:
    """How one GET fails when the server answers so."""

    async def main() -> TransferError:
        async with scene(answer) as (server, transport):
            return await failure(transport.request(get(server.url), KeepingReceiver()))

    return run(main())


def test_a_short_body_says_how_much_of_it_came() -> None:
    error = fault_of(always(CUT, is_last=True))
    assert error.kind is ErrorKind.SHORT_BODY
    assert "connection ended early (400 of 1000 bytes)" in error.message
    assert "stills/0041.tif" in error.message


def test_a_body_that_ends_before_its_first_byte_says_how_much_was_due() -> None:
    error = fault_of(always(CUT[:-400], is_last=True))
    assert error.kind is ErrorKind.SHORT_BODY
    assert "(0 of 1000 bytes)" in error.message


def test_a_cut_chunked_body_is_short() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    error = fault_of(always(chunked, is_last=True))
    assert error.kind is ErrorKind.SHORT_BODY
    assert "5 bytes" in error.message


def test_an_empty_answer_is_a_lost_connection() -> None:
    assert fault_of(always(b"", is_last=True)).kind is ErrorKind.NETWORK


def test_an_answer_that_is_not_http_is_a_protocol_error() -> None:
    assert fault_of(always(b"220 ftp ready\r\n", is_last=True)).kind is ErrorKind.PROTOCOL


def test_a_reset_in_mid_body_is_a_lost_connection() -> None:
    async def reset(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(CUT)
        await writer.drain()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    assert fault_of(reset).kind in {ErrorKind.NETWORK, ErrorKind.SHORT_BODY}


def test_a_refused_connection_names_the_server() -> None:
    async def main() -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            transport = CurlTransport(QUICK, 4)
            error = await failure(transport.request(get(f"http://127.0.0.1:{port}/")))
            await transport.aclose()
        assert error.kind is ErrorKind.CONNECTION_REFUSED
        assert f"127.0.0.1:{port}" in error.message

    run(main())


def test_an_unknown_host_is_named_with_the_next_step() -> None:
    async def main() -> None:
        transport = CurlTransport(QUICK, 4)
        error = await failure(transport.request(get("http://host.invalid/")))
        await transport.aclose()
        assert error.kind is ErrorKind.HOST_NOT_FOUND
        assert "Cannot find the host host.invalid" in error.message
        assert "Check the endpoint" in error.message

    run(main())


@pytest.mark.parametrize("sent_bytes", [0, 10_000, 2_000_000])
def test_a_stall_ends_at_the_low_speed_limit_whatever_came_before(sent_bytes: int) -> None:
    async def stall(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * sent_bytes)

    async def main() -> None:
        async with scene(stall) as (server, transport):
            loop = asyncio.get_running_loop()
            begun = loop.time()
            error = await failure(transport.request(get(server.url), KeepingReceiver()))
            assert error.kind is ErrorKind.TIMEOUT
            assert f"({sent_bytes} of 3000000 bytes)" in error.message
            assert 0.4 < loop.time() - begun < 3
            await asyncio.wait_for(server.closed.wait(), 2)

    run(main())


def test_a_stall_is_told_even_in_a_task_that_an_ended_group_has_marked_as_cancelled() -> None:
    async def silence(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(CUT)

    async def fail() -> None:
        raise ValueError

    async def main() -> None:
        async with scene(silence) as (server, transport):
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
            error = await failure(transport.request(get(server.url), KeepingReceiver()))
            assert error.kind is ErrorKind.TIMEOUT

    run(main())


def test_a_trickle_ends_at_the_low_speed_limit() -> None:
    async def trickle(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    assert fault_of(trickle).kind is ErrorKind.TIMEOUT


def test_a_missing_ca_bundle_is_a_wrong_setting() -> None:
    async def main() -> None:
        transport = CurlTransport(QUICK, 4)
        async with ScriptedServer(always(b"")) as server:
            request = get(server.url.replace("http:", "https:"), ca_bundle="/nowhere/ca.pem")
            error = await failure(transport.request(request))
            await transport.aclose()
        assert error.kind is ErrorKind.USAGE
        assert "/nowhere/ca.pem" in error.message

    run(main())
