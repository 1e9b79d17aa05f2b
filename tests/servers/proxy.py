"""A TCP proxy before a test server: a far, slow or broken network on request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests.servers.changes import WAIT_S, Changes
from tests.servers.listener import close_listener

T = TypeVar("T")
_CHUNK_BYTES = 64 << 10
_QUEUED_CHUNKS = 64
_SLICES_A_SECOND = 20
_RESET = struct.pack("ii", 1, 0)


@dataclass
class _Lane:
    """What limits one direction, shared by every connection; `free_at` is when its last byte has passed."""

    free_at: float = 0.0


class Proxy:
    """A context manager: forwards 127.0.0.1, port 0, to the host of a URL, in a thread of its own.

    `latency_s` is added in each direction, `rate_bps` bytes a second are let through in each by all
    connections together (None: no limit), and of what comes down one connection one bit in every `flip_every`
    bytes is flipped. Every method takes effect at once and may be called by any thread but the proxy's own.
    """

    def __init__(
        self,
        url: str,
        *,
        latency_s: float = 0.0,
        rate_bps: float | None = None,
        flip_every: int | None = None,
    ) -> None:
        self.latency_s = latency_s
        self.rate_bps = rate_bps
        self.flip_every = flip_every
        self.open_connections = 0
        self._target = urlsplit(url)
        self._up, self._down = _Lane(), _Lane()
        self._clients: set[asyncio.StreamWriter] = set()
        self._changes = Changes("the proxy")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    # For the test's thread

    def __enter__(self) -> Proxy:
        self._thread.start()
        if not self._ready.wait(WAIT_S):
            raise TimeoutError("the proxy did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(WAIT_S)

    @property
    def endpoint_url(self) -> str:
        """The proxy's URL, of the scheme of its target's."""
        return f"{self._target.scheme}://127.0.0.1:{self._port}"

    def reset_connections(self) -> int:
        """Break off every live connection with a TCP reset; gives their number."""
        return self._run(self._reset())

    def refuse(self) -> None:
        """Nothing listens from now on, until `accept`; live connections go on."""
        self._run(close_listener(self._server))

    def accept(self) -> None:
        """Listen again, on the same port."""
        self._run(self._listen())

    def go_silent(self) -> None:
        """A black hole: connections are taken, live ones stay, and no byte passes either way."""
        self._run(self._set_flowing(False))

    def speak(self) -> None:
        """End the silence; what was held back passes now."""
        self._run(self._set_flowing(True))

    def wait_for_connections(self, count: int, timeout_s: float = WAIT_S) -> None:
        """Wait until so many connections are open. Raises TimeoutError."""
        self._changes.wait_until(lambda: self.open_connections == count, timeout_s)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    # The proxy's thread

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sides: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self._port = 0
        await self._listen()
        self._ready.set()
        await self._end.wait()
        await close_listener(self._server)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A side that still has bytes to send would never be closed by a loop that ends.
        for side in list(self._sides):
            side.transport.abort()
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(self._client(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._server = await asyncio.start_server(take, "127.0.0.1", self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _set_flowing(self, is_flowing: bool) -> None:
        (self._flowing.set if is_flowing else self._flowing.clear)()

    async def _reset(self) -> int:
        for writer in self._clients:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        return len(self._clients)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: two directions, over when either has ended."""
        self._clients.add(writer)
        self._sides.add(writer)
        self._tell(1)
        up = None
        try:
            up_reader, up = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._sides.add(up)
            directions = [
                asyncio.ensure_future(self._forward(reader, up, self._up)),
                asyncio.ensure_future(self._forward(up_reader, writer, self._down)),
            ]
            try:
                await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for direction in directions:
                    direction.cancel()
                await asyncio.gather(*directions, return_exceptions=True)
        except OSError:
            writer.transport.abort()
        finally:
            self._clients.discard(writer)
            for side in (writer, up):
                if side is not None:
                    side.close()
            self._tell(-1)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lane: _Lane) -> None:
        """Pass one direction's bytes on, each when its time has come, and its end after them."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUED_CHUNKS)
        pull = asyncio.ensure_future(self._pull(reader, queue, lane))
        passed = 0
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    due, data = await queue.get()
                    await asyncio.sleep(max(0.0, due - self._loop.time()))
                    await self._flowing.wait()
                    if not data:
                        return
                    if self.flip_every is not None and lane is self._down:
                        data = _flipped(data, passed, self.flip_every)
                    passed += len(data)
                    writer.write(data)
                    await writer.drain()
        finally:
            pull.cancel()
            await asyncio.gather(pull, return_exceptions=True)

    async def _pull(
        self, reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes]], lane: _Lane
    ) -> None:
        """Read one direction and give each piece the time at which it may pass; an empty one ends it."""
        data = b"-"
        while data:
            rate_bps = self.rate_bps
            size = _CHUNK_BYTES if rate_bps is None else max(1, int(rate_bps / _SLICES_A_SECOND))
            try:
                data = await reader.read(min(size, _CHUNK_BYTES))
            except ConnectionError:
                data = b""
            now = self._loop.time()
            if rate_bps is not None:
                lane.free_at = max(lane.free_at, now) + len(data) / rate_bps
                now = lane.free_at
            await queue.put((now + self.latency_s, data))

    def _tell(self, connections: int) -> None:
        def count() -> None:
            self.open_connections += connections

        self._changes.tell(count)


def _flipped(data: bytes, passed: int, every: int) -> bytes:
    """`data`, before which so many bytes have passed, with one bit flipped in each byte number `every`."""
    copy = bytearray(data)
    for at in range(every - 1 - passed % every, len(copy), every):
        copy[at] ^= 1
    return bytes(copy)
