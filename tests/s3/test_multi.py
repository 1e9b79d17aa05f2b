"""libcurl's multi handle on the loop, with an epoll descriptor of its own and with the loop's readers."""

from __future__ import annotations

import asyncio
import select
import time

import pycurl
import pytest

from app.s3.multi import CurlMulti, EpollSockets, LoopSockets, MakeSockets, OnReady, Sockets
from tests.s3.scripted_server import CUT, ScriptedServer, Seen, always, in_turn, reply, run

KINDS = [LoopSockets, *([EpollSockets] if hasattr(select, "epoll") else [])]
both_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def handle(url: str) -> tuple[pycurl.Curl, list[bytes]]:
    """An easy handle, and where the body goes."""
    curl, body = pycurl.Curl(), []
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.NOPROXY, "*")
    curl.setopt(pycurl.WRITEFUNCTION, body.append)
    return curl, body


async def fetch(multi: CurlMulti, url: str) -> bytes:
    """The body at `url`, which may be empty."""
    curl, body = handle(url)
    try:
        await multi.perform(curl)
    finally:
        curl.close()
    return b"".join(body)


@both_kinds
def test_requests_one_after_the_other_and_at_once_get_their_answers(kind: MakeSockets) -> None:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(reply("200 OK", seen.path.encode() * 50_000))

    async def main() -> None:
        multi = CurlMulti(16, kind)
        async with ScriptedServer(answer) as server:
            for number in range(3):
                assert await fetch(multi, f"{server.url}/{number}") == f"/{number}".encode() * 50_000
            assert server.connections == 1
            paths = [f"/many/{number}" for number in range(8)]
            bodies = await asyncio.gather(*(fetch(multi, server.url + path) for path in paths))
            assert bodies == [path.encode() * 50_000 for path in paths]
            multi.close()

    run(main())


@both_kinds
def test_a_cancel_closes_the_connection_and_the_handle_runs_again(kind: MakeSockets) -> None:
    async def main() -> None:
        multi = CurlMulti(16, kind)
        async with ScriptedServer(in_turn(CUT, reply("200 OK", b"fine"))) as server:
            curl, body = handle(server.url)
            task = asyncio.create_task(multi.perform(curl))
            await server.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.closed.wait()
            body.clear()
            await multi.perform(curl)
            assert body == [b"fine"]
            multi.close()
            curl.close()

    run(main())


@both_kinds
def test_a_request_is_ended_with_an_error_that_is_given(kind: MakeSockets) -> None:
    async def main() -> None:
        multi = CurlMulti(16, kind)
        async with ScriptedServer(always(CUT)) as server:
            curl, _ = handle(server.url)
            task = asyncio.create_task(multi.perform(curl))
            await server.asked.wait()
            multi.end(curl, KeyError("given"))
            with pytest.raises(KeyError, match="given"):
                await task
            await server.closed.wait()
            multi.close()
            curl.close()

    run(main())


@both_kinds
def test_a_time_limit_of_libcurls_own_ends_a_request(kind: MakeSockets) -> None:
    async def main() -> None:
        multi = CurlMulti(16, kind)
        async with ScriptedServer(always(CUT)) as server:
            curl, _ = handle(server.url)
            curl.setopt(pycurl.TIMEOUT_MS, 200)
            began = time.monotonic()
            with pytest.raises(pycurl.error) as caught:
                await multi.perform(curl)
            assert caught.value.args[0] == pycurl.E_OPERATION_TIMEDOUT
            assert time.monotonic() - began >= 0.2
            multi.close()
            curl.close()

    run(main())


@both_kinds
def test_an_idle_connection_that_the_server_closes_keeps_nobody_busy(kind: MakeSockets) -> None:
    looks: list[int] = []

    def counted(loop: asyncio.AbstractEventLoop, on_ready: OnReady) -> Sockets:
        def ready(found: list[tuple[int, int]]) -> None:
            looks.append(len(found))
            on_ready(found)

        return kind(loop, ready)

    async def main() -> None:
        multi = CurlMulti(16, counted)
        async with ScriptedServer(always(reply("200 OK", b"x"))) as server:
            await fetch(multi, server.url)
            server.close_connections()
            await server.closed.wait()
            looks.clear()
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(looks) <= 1
            # The next request makes a connection of its own, on the same descriptor or another.
            assert await fetch(multi, server.url) == b"x"
            assert server.connections == 2
            multi.close()

    run(main())
