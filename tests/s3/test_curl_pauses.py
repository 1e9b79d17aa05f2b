"""A receiver that asks to be left alone for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.timing import Timing
from app.s3.http import HttpHead
from tests.s3.scripted_server import KeepingReceiver, always, failure, get, reply, run, scene

BODY = bytes(range(256)) * 4096


class _Slow:
    """Takes one write, then waits until it is told to go on; `on_write` may raise."""

    def __init__(self, on_write: Callable[[int], None] = lambda _: None) -> None:
        self.data = b""
        self.writes = 0
        self.waits: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()
        self._wait: asyncio.Future[None] | None = None
        self._on_write = on_write

    def begin(self, head: HttpHead) -> None:
        """Any answer will do."""

    def write(self, data: bytes) -> asyncio.Future[None]:
        assert self._wait is None or self._wait.done()
        self.writes += 1
        self._on_write(self.writes)
        self.data += data
        self._wait = asyncio.get_running_loop().create_future()
        self.waits.put_nowait(self._wait)
        return self._wait

    async def let_on(self) -> None:
        """Let every write be followed by the next one."""
        while True:
            (await self.waits.get()).set_result(None)


def test_nothing_is_written_while_a_receiver_waits_and_nothing_is_lost() -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK", BODY))) as (server, transport):
            receiver = _Slow()
            letting = asyncio.ensure_future(receiver.let_on())
            await transport.request(get(server.url), receiver)
            letting.cancel()
            assert receiver.data == BODY
            assert receiver.writes > 10

    run(main())


def test_a_write_that_fails_after_a_wait_ends_the_request_with_its_error() -> None:
    def fail(writes: int) -> None:
        if writes == 3:
            raise TransferError(ErrorKind.DISK_FULL, "full")

    async def main() -> None:
        async with scene(always(reply("200 OK", BODY))) as (server, transport):
            receiver = _Slow(fail)
            letting = asyncio.ensure_future(receiver.let_on())
            error = await failure(transport.request(get(server.url), receiver))
            letting.cancel()
            assert error.kind is ErrorKind.DISK_FULL
            assert receiver.writes == 3
            again = KeepingReceiver()
            await transport.request(get(server.url), again)
            assert again.data == BODY

    run(main())


@pytest.mark.parametrize("is_told_after", [True, False])
def test_a_request_cancelled_in_a_wait_leaves_its_handle_fit_for_the_next(*, is_told_after: bool) -> None:
    async def main() -> None:
        async with scene(always(reply("200 OK", BODY))) as (server, transport):
            receiver = _Slow()
            running = asyncio.ensure_future(transport.request(get(server.url), receiver))
            wait = await receiver.waits.get()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            if is_told_after:
                wait.set_result(None)
            again = KeepingReceiver()
            await transport.request(get(server.url), again)
            assert again.data == BODY

    run(main())


def test_a_receiver_that_waits_longer_than_a_stall_may_last_is_no_stall() -> None:
    async def main() -> None:
        timing = Timing(low_speed_s=0.1)
        async with scene(always(reply("200 OK", BODY)), timing) as (server, transport):
            receiver = _Slow()
            running = asyncio.ensure_future(transport.request(get(server.url), receiver))
            wait = await receiver.waits.get()
            done, _ = await asyncio.wait([running], timeout=0.4)
            assert not done
            wait.set_result(None)
            letting = asyncio.ensure_future(receiver.let_on())
            await running
            letting.cancel()
            assert receiver.data == BODY

    run(main())
