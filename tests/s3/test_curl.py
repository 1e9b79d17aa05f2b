"""The transport on real sockets: answers, failures, cancelling."""

from __future__ import annotations

import asyncio

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.timing import Timing
from app.s3.curl_handle import MAX_ERROR_BODY
from app.s3.http import HttpHead, HttpRequest
from tests.s3.scripted_server import (
    CUT,
    KeepingReceiver,
    Seen,
    always,
    failure,
    get,
    in_turn,
    reply,
    run,
    scene,
)


def test_a_body_reaches_the_receiver_after_its_head() -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK", b"hello", ETag='"abc"'))) as (server, transport):
            receiver = KeepingReceiver()
            response = await transport.request(get(server.url + "/a"), receiver)
            assert receiver.data == b"hello"
            assert receiver.head is not None
            assert receiver.head.headers["etag"] == '"abc"'
            assert receiver.head.length_bytes == 5
            assert response.head.status == 200

    run(main())


def test_an_empty_body_still_shows_its_head_to_the_receiver() -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK"))) as (server, transport):
            receiver = KeepingReceiver()
            await transport.request(get(server.url), receiver)
            assert receiver.head is not None
            assert receiver.data == b""

    run(main())


def test_an_interim_answer_is_not_taken_for_the_answer() -> None:
    async def main() -> None:
        interim = b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        async with scene(always(interim + reply("200 OK", b"x"))) as (server, transport):
            receiver = KeepingReceiver()
            response = await transport.request(get(server.url), receiver)
            assert response.head.status == 200
            assert "x-early" not in response.head.headers

    run(main())


def test_an_error_body_is_returned_and_never_reaches_the_receiver() -> None:
    async def main() -> None:
        async with scene(always(reply("403 Forbidden", b"<Error/>"))) as (server, transport):
            receiver = KeepingReceiver()
            response = await transport.request(get(server.url), receiver)
            assert (response.head.status, response.error_body) == (403, b"<Error/>")
            assert receiver.head is None
            assert receiver.data == b""

    run(main())


def test_an_endless_error_body_is_cut_at_its_limit() -> None:
    async def endless(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 999999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"e" * 65536)
            await writer.drain()

    async def main() -> None:
        async with scene(endless) as (server, transport):
            response = await transport.request(get(server.url), KeepingReceiver())
            assert response.head.status == 500
            assert len(response.error_body) == MAX_ERROR_BODY

    run(main())


def test_a_head_request_between_two_gets_takes_no_body() -> None:
    async def main() -> None:
        async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
            whole = reply("200 OK", b"body")
            writer.write(whole[:-4] if seen.method == "HEAD" else whole)

        async with scene(answer) as (server, transport):
            for method, body in (("GET", b"body"), ("HEAD", b""), ("GET", b"body")):
                receiver = KeepingReceiver()
                response = await transport.request(HttpRequest(method, server.url, (), "x"), receiver)
                assert receiver.data == body
                assert response.head.length_bytes == 4
            assert [seen.method for seen in server.requests] == ["GET", "HEAD", "GET"]
            assert server.connections == 1

    run(main())


def test_path_and_headers_go_out_as_they_are_and_nothing_is_followed_or_decoded() -> None:
    async def main() -> None:
        moved = reply("302 Found", b"", Location="http://127.0.0.1:1/elsewhere")
        packed = reply("200 OK", b"not gzip", Content_Encoding="gzip")
        async with scene(in_turn(moved, packed)) as (server, transport):
            url = server.url + "/b/a/../b//./c%20d?x=%2F"
            response = await transport.request(
                get(url, headers=[("host", "h.example"), ("range", "bytes=0-1")])
            )
            assert response.head.status == 302
            receiver = KeepingReceiver()
            await transport.request(get(url), receiver)
            assert receiver.data == b"not gzip"
            seen = server.requests[0]
            assert seen.path == "/b/a/../b//./c%20d?x=%2F"
            assert seen.headers == {"host": "h.example", "range": "bytes=0-1", "user-agent": "Downspout"}

    run(main())


def test_cancelling_a_stalled_get_closes_its_socket_at_once_and_leaves_the_transport_usable() -> None:
    async def stall_first(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(CUT if seen.path == "/stall" else reply("200 OK", b"fine"))

    async def main() -> None:
        async with scene(stall_first, Timing()) as (server, transport):
            loop = asyncio.get_running_loop()
            receiver = KeepingReceiver()
            task = asyncio.create_task(transport.request(get(server.url + "/stall"), receiver))
            await asyncio.wait_for(server.asked.wait(), 5)
            begun = loop.time()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.closed.wait(), 5)
            assert loop.time() - begun < 0.5
            after = KeepingReceiver()
            await transport.request(get(server.url + "/again"), after)
            assert after.data == b"fine"
            assert b"fine" not in receiver.data

    run(main())


def test_closing_the_transport_ends_a_running_request_with_an_error() -> None:
    async def main() -> None:
        async with scene(always(CUT), Timing()) as (server, transport):
            task = asyncio.create_task(transport.request(get(server.url), KeepingReceiver()))
            await asyncio.wait_for(server.asked.wait(), 5)
            await transport.aclose()
            assert (await failure(task)).kind is ErrorKind.NETWORK
            assert (await failure(transport.request(get(server.url)))).kind is ErrorKind.NETWORK

    run(main())


class RefusingReceiver(KeepingReceiver):
    """A Receiver that raises in one of its methods."""

    def __init__(self, where: str, error: BaseException) -> None:
        super().__init__()
        self._where = where
        self._error = error

    def begin(self, head: HttpHead) -> None:
        super().begin(head)
        if self._where == "begin":
            raise self._error

    def write(self, data: bytes) -> None:
        if self._where == "write":
            raise self._error
        super().write(data)


@pytest.mark.parametrize("body", [b"", b"hello"])
@pytest.mark.parametrize("where", ["begin", "write"])
@pytest.mark.parametrize(
    "error", [TransferError(ErrorKind.CHANGED, "no"), KeyError("bug")], ids=["fault", "bug"]
)
def test_an_exception_of_the_receiver_ends_the_request_as_it_is(
    where: str, body: bytes, error: Exception
) -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK", body))) as (server, transport):
            receiver = RefusingReceiver(where, error)
            if where == "write" and not body:
                assert (await transport.request(get(server.url), receiver)).head.status == 200
                return
            with pytest.raises(type(error)) as caught:
                await transport.request(get(server.url), receiver)
            assert caught.value is error
            assert receiver.data == b""

    run(main())


def test_a_proxy_is_used_when_named_and_never_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK", b"x"))) as (server, transport):
            monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
            assert (await transport.request(get(server.url + "/direct"))).head.status == 200
            proxied = get("http://bucket.invalid/a/../b", proxy=server.url)
            assert (await transport.request(proxied)).head.status == 200
            assert server.requests[-1].path == "http://bucket.invalid/a/../b"

    run(main())
