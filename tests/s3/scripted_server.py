"""A server on a real socket that answers each request by a script, and the sinks and calls of these tests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from app.core.errors import TransferError
from app.core.timing import Timing
from app.engine.ports import GetHead
from app.s3.curl import CurlTransport
from app.s3.http import HttpHead, HttpRequest
from app.s3.wake import WakeWatch

T = TypeVar("T")

LIMIT_S = 30.0
"""No test of this package may take longer."""

QUICK = Timing(connect_s=2.0, low_speed_s=0.5, low_speed_bps=1024)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the server read it."""

    method: str
    path: str
    headers: dict[str, str]


Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """Answers by `answer(seen, writer)`; `requests` and `closed` tell what the other side did."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._tasks: set[asyncio.Task[Any]] = set()
        self.requests: list[Seen] = []
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return len(self._writers)

    def close_connections(self) -> None:
        """Close every connection, in whatever state it is."""
        for writer in self._writers:
            writer.close()

    async def __aenter__(self) -> ScriptedServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await self._server.wait_closed()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer))
        self._tasks.add(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering: asyncio.Task[None] | None = None
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                method, path, _ = first.split(" ", 2)
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
                seen = Seen(method, path, headers)
                self.requests.append(seen)
                self.asked.set()
                if answering is not None:
                    await answering
                answering = asyncio.create_task(self._answer_one(seen, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed.set()
        finally:
            if answering is not None:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)
            writer.transport.abort()

    async def _answer_one(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        await self._answer(seen, writer)
        if not writer.is_closing():
            await writer.drain()


def reply(status: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer with its Content-Length; `_` in a header's name stands for `-`."""
    lines = {"Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def always(answer: bytes, *, is_last: bool = False) -> Answer:
    """A script that sends the same bytes each time; with `is_last` it closes the connection then."""

    async def script(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if is_last:
            writer.close()

    return script


def in_turn(*answers: bytes) -> Answer:
    """A script that sends one answer after the other, and the last one from then on."""
    left = list(answers)

    async def script(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return script


class KeepingReceiver:
    """A Receiver that keeps what it got."""

    def __init__(self) -> None:
        self.head: HttpHead | None = None
        self.data = b""

    def begin(self, head: HttpHead) -> None:
        assert self.head is None, "begin was called twice"
        self.head = head

    def write(self, data: bytes) -> None:
        assert self.head is not None, "write was called before begin"
        self.data += data


class KeepingSink:
    """A BodySink that keeps what it got."""

    def __init__(self) -> None:
        self.head: GetHead | None = None
        self.data = b""

    def begin(self, head: GetHead) -> None:
        self.head = head

    def write(self, data: bytes) -> None:
        self.data += data


def get(url: str, **options: Any) -> HttpRequest:
    """A plain GET of `url`."""
    return HttpRequest("GET", url, options.pop("headers", ()), "stills/0041.tif", **options)


async def failure(work: Awaitable[object]) -> TransferError:
    """The TransferError that `work` must end with."""
    try:
        await work
    except TransferError as error:
        return error
    raise AssertionError("no TransferError was raised")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a selector loop, within the limit."""

    async def limited() -> T:
        return await asyncio.wait_for(work, LIMIT_S)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(limited())


async def in_thread(function: Callable[[], T]) -> T:
    """An Offload for tests, where no call hangs."""
    return await asyncio.to_thread(function)


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 400
"""An answer of 1,000 bytes that stops after 400."""


@asynccontextmanager
async def scene(
    answer: Answer, timing: Timing = QUICK, wake: WakeWatch | None = None
) -> AsyncIterator[tuple[ScriptedServer, CurlTransport]]:
    """A scripted server and a transport, both closed at the end."""
    transport = CurlTransport(timing, 16, wake)
    try:
        async with ScriptedServer(answer) as server:
            yield server, transport
            await transport.aclose()
    finally:
        await transport.aclose()
