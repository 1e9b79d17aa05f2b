"""An S3 server of our own on real sockets, whose every answer can be made to go wrong."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tests.servers.answers import Bucket, operation_of
from tests.servers.changes import WAIT_S, Changes
from tests.servers.exchange import Answer, ClientLeftError, Request, Wire, error, head_bytes, read_request
from tests.servers.faults import Fault, FaultRules, Operation
from tests.servers.listener import close_listener
from tests.servers.objects import SeededObject
from tests.servers.ready_objects import ReadyObjects
from tests.servers.signature import KeyCheck, Keys

__all__ = ["BUCKET", "FaultServer", "Keys", "LogEntry"]

BUCKET = "bucket"
_START_S = 10.0


@dataclass
class LogEntry:
    """One request as the server saw it. Times are `time.monotonic` seconds.

    `status` is None until the head is sent; `ended_at` until the answer is sent or broken off.
    """

    method: str
    operation: Operation
    key: str
    range: str
    connection: int
    at: float
    query: dict[str, str]
    headers: dict[str, str]
    status: int | None = None
    sent_bytes: int = 0
    ended_at: float | None = None
    is_broken_off: bool = False
    request_id: str = ""


class FaultServer:
    """A context manager: an asyncio server on 127.0.0.1, port 0, in a thread of its own.

    Objects lie in one bucket, `BUCKET`. `rules` choose the faults in another way than from a list. With
    `keys` every request's SigV4 header is checked. `log` holds every request in the order of arrival. `seed`
    makes the faults' probabilities reproducible.
    """

    def __init__(
        self,
        objects: Iterable[SeededObject] | ReadyObjects = (),
        faults: Sequence[Fault] = (),
        *,
        rules: FaultRules | None = None,
        keys: Keys | None = None,
        ssl_context: ssl.SSLContext | None = None,
        region: str = "us-east-1",
        seed: int = 0,
    ) -> None:
        self.log: list[LogEntry] = []
        self.open_connections = 0
        self._bucket = Bucket(BUCKET, objects, region)
        self._rules = rules or FaultRules(faults, seed)
        self._check = None if keys is None else KeyCheck(keys)
        self._ssl_context = ssl_context
        self._changes = Changes("the fault server")
        self._connection_ids = itertools.count(1)
        self._request_ids = itertools.count(1)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    # For the test's thread

    def __enter__(self) -> FaultServer:
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise TimeoutError("the fault server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_START_S)

    @property
    def endpoint_url(self) -> str:
        """The server's URL."""
        return f"{'https' if self._ssl_context else 'http'}://127.0.0.1:{self._port}"

    def add_fault(self, fault: Fault) -> None:
        """Add a rule behind the others."""
        self._rules.add(fault)

    def clear_faults(self) -> None:
        """Forget every rule; answers on their way keep theirs."""
        self._rules.clear()

    def release(self) -> None:
        """End every stall, pause and hold, now and from now on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def renew_keys(self, keys: Keys) -> None:
        """From now on only these keys are right; a request with the ones before answers ExpiredToken."""
        assert self._check is not None
        self._check.renew(keys)

    def put(self, item: SeededObject) -> None:
        """Add or replace an object."""
        self._bucket.put(item)

    def remove(self, key: str) -> None:
        """Take an object away."""
        self._bucket.remove(key)

    def requests(self, operation: Operation, key: str | None = None) -> list[LogEntry]:
        """The log's requests of one kind, of one key if given."""
        return [
            entry for entry in list(self.log) if entry.operation is operation and key in {None, entry.key}
        ]

    def sent_bytes(self, key: str) -> int:
        """Body bytes of an object that its GETs were sent, refusals not counted."""
        return sum(
            entry.sent_bytes for entry in self.requests(Operation.GET, key) if entry.status in {200, 206}
        )

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until `condition` holds; it is asked again whenever the log or a connection changes.

        Raises TimeoutError. Not for the server's own thread.
        """
        self._changes.wait_until(condition, timeout_s)

    # The server's thread

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._released = asyncio.Event()
        clients: set[asyncio.Task[None]] = set()
        writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            task = self._loop.create_task(self._client(reader, writer))
            clients.add(task)
            task.add_done_callback(clients.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=self._ssl_context, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        await close_listener(server)
        for task in list(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        # A connection that still has bytes to send would never be closed by a loop that ends.
        for writer in list(writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, self._released)
        connection = next(self._connection_ids)
        self._tell(connections=1)
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._exchange(wire, connection, request):
                    break
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            self._tell(connections=-1)

    async def _exchange(self, wire: Wire, connection: int, request: Request) -> bool:
        """Answer one request; False when the connection has ended with it."""
        operation = operation_of(request)
        key = request.query.get("prefix", "") if operation is Operation.LIST else request.key
        range_asked = request.headers.get("range", "")
        entry = LogEntry(
            request.method,
            operation,
            key,
            range_asked,
            connection,
            time.monotonic(),
            request.query,
            request.headers,
        )
        self.log.append(entry)
        self._tell()
        fault = self._rules.match(operation, key, range_asked)
        try:
            await self._answer(wire, entry, request, fault)
        except ClientLeftError:
            entry.is_broken_off = True
        entry.sent_bytes = wire.sent_bytes
        entry.ended_at = time.monotonic()
        self._tell()
        return not (entry.is_broken_off or fault.ends_connection)

    async def _answer(self, wire: Wire, entry: LogEntry, request: Request, fault: Fault) -> None:
        wire.sent_bytes = 0
        if fault.before is not None:
            fault.before()
        if fault.is_held or fault.delay_s:
            await wire.pause(None if fault.is_held else fault.delay_s)
        request_id = entry.request_id = f"{next(self._request_ids):016X}"
        answer = self._judge(entry.operation, request, fault, request_id)
        if request.method == "HEAD":
            answer.headers.setdefault("Content-Length", str(answer.length))
            answer.body = b""
            fault = replace(fault, is_chunked=False) if fault.is_chunked else fault
        entry.status = answer.status
        await wire.send(head_bytes(answer, fault, request_id), answer, fault)

    def _judge(self, operation: Operation, request: Request, fault: Fault, request_id: str) -> Answer:
        refused = self._check and self._check.refusal(request.method, request.target, request.headers)
        if refused:
            return error(*refused, "The signature was refused.", request_id)
        if fault.status is not None:
            return error(fault.status, fault.code, fault.message, request_id, request.key)
        return self._bucket.answer(operation, request, fault, request_id)

    def _tell(self, connections: int = 0) -> None:
        def count() -> None:
            self.open_connections += connections

        self._changes.tell(count)
