"""One HTTP exchange of the fault server: a request read, an answer framed, a body sent with its faults."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import parse_qsl, unquote

from tests.servers.faults import NO_FAULT, Fault
from tests.servers.listing import escaped
from tests.servers.objects import SeededObject

_ONE_WRITE_BYTES = 256 << 10
_RESET = struct.pack("ii", 1, 0)


class ClientLeftError(Exception):
    """The client closed its connection before it had the whole answer, or the script closes it."""


@dataclass(frozen=True)
class Request:
    """One request as it came. `key` is decoded once; header names are lower-case."""

    method: str
    target: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Span:
    """A run of an object's bytes as a body."""

    item: SeededObject
    first: int
    length: int


@dataclass
class Answer:
    """A status, headers and a body that is bytes or a span of an object."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Span = b""

    @property
    def length(self) -> int:
        """The body's length in bytes."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.length


def error(status: int, code: str, message: str, request_id: str, resource: str = "") -> Answer:
    """An answer with S3's error document."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escaped(code)}</Code><Message>{escaped(message)}</Message>"
        f"<Resource>{escaped(resource)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )
    return Answer(status, {"Content-Type": "application/xml"}, document.encode("utf-8", "surrogatepass"))


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, None when the client is done with it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    bucket, _, key = path[1:].partition("/")
    return Request(
        method, target, unquote(bucket), unquote(key), dict(parse_qsl(query, keep_blank_values=True)), headers
    )


@lru_cache(maxsize=256)
def http_date(at: float) -> str:
    """Seconds since the epoch as a header's date."""
    return formatdate(at, usegmt=True)


def head_bytes(answer: Answer, fault: Fault, request_id: str) -> bytes:
    """The status line and headers of an answer."""
    reason = HTTPStatus(answer.status).phrase
    headers = {
        "Date": http_date(int(time.time())),
        "Server": "FaultServer",
        "x-amz-request-id": request_id,
        **answer.headers,
        **fault.headers,
    }
    if fault.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
    elif fault.has_no_length:
        headers["Connection"] = "close"
    else:
        length = answer.length if fault.declared_bytes is None else fault.declared_bytes
        headers.setdefault("Content-Length", str(length))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    version = "1.0" if fault.is_http_1_0 else "1.1"
    return f"HTTP/{version} {answer.status} {reason}\r\n{lines}\r\n".encode("latin-1", "replace")


class Wire:
    """One client's connection: sends, waits and breaks off. `released` ends every stall."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, released: asyncio.Event
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._released = released
        self.sent_bytes = 0
        writer.transport.set_write_buffer_limits(high=0)

    async def send(self, head: bytes, answer: Answer, fault: Fault) -> None:
        """Send the whole answer, or what the fault leaves of it. Raises ClientLeftError when that ends it."""
        if fault is NO_FAULT and answer.length <= _ONE_WRITE_BYTES:
            await self._write(head + b"".join(_pieces(answer.body, fault)))
            self.sent_bytes = answer.length
            return
        await self._write(head)
        for piece in _pieces(answer.body, fault):
            await self._obey(fault)
            if fault.trickle_s:
                await self._trickle(piece, fault)
            else:
                await self._write_body(piece, fault)
        await self._obey(fault)
        if fault.is_chunked:
            await self._write(b"0\r\n\r\n")

    async def pause(self, timeout_s: float | None) -> None:
        """Wait so long, or until the stalls are released. Raises ClientLeftError when the client leaves."""
        left = asyncio.ensure_future(self._reader.read(1))
        released = asyncio.ensure_future(self._released.wait())
        try:
            done, _ = await asyncio.wait({left, released}, timeout=timeout_s, return_when="FIRST_COMPLETED")
            if left in done:
                raise ClientLeftError
        finally:
            released.cancel()
            left.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await left

    def break_off(self, *, is_reset: bool) -> None:
        """Close the connection, with a TCP reset if asked."""
        if is_reset:
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._writer.transport.abort()
        else:
            self._writer.close()

    async def _obey(self, fault: Fault) -> None:
        if self.sent_bytes == fault.cut_after:
            self.break_off(is_reset=fault.is_reset)
            raise ClientLeftError
        if self.sent_bytes == fault.stall_after:
            await self.pause(None)

    async def _trickle(self, piece: bytes | memoryview, fault: Fault) -> None:
        for index in range(len(piece)):
            await self._write_body(piece[index : index + 1], fault)
            await self.pause(fault.trickle_s)

    async def _write_body(self, piece: bytes | memoryview, fault: Fault) -> None:
        if fault.is_chunked and piece:
            await self._write(b"%x\r\n%b\r\n" % (len(piece), piece))
        else:
            await self._write(piece)
        self.sent_bytes += len(piece)

    async def _write(self, data: bytes | memoryview) -> None:
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError as caught:
            raise ClientLeftError from caught


def _pieces(body: bytes | Span, fault: Fault) -> Iterator[bytes | memoryview]:
    """The body in order, split where the fault stalls or cuts it, with the flipped bit."""
    if isinstance(body, bytes):
        yield body
        return
    marks = {mark for mark in (fault.stall_after, fault.cut_after) if mark is not None and mark < body.length}
    position = body.first
    for start, end in pairwise(sorted({0, *marks, body.length})):
        for chunk in body.item.chunks(body.first + start, end - start):
            yield _flipped(chunk, fault.flip_at - position) if fault.flip_at is not None else chunk
            position += len(chunk)


def _flipped(chunk: memoryview, at: int) -> bytes | memoryview:
    if not 0 <= at < len(chunk):
        return chunk
    copy = bytearray(chunk)
    copy[at] ^= 1
    return bytes(copy)
