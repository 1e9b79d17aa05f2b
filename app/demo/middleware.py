"""What stands before moto in the demo's server: the faults, the films' bytes and a modest pace."""

from __future__ import annotations

import hmac
import re
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from app.core.objects import DEMO_BUCKET, DemoFault
from app.demo import FAULTS_PATH
from app.demo.contents import FAULTY_KEYS, film_bytes

LATENCY_S = 0.03
FILM_BPS = 4_000_000
STALL_AFTER_BYTES = 10_000

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/\d+")
_DENIED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>{}</RequestId></Error>"
)


class Faults:
    """The faults that are on. Threads of the server read it; each fault that is on can be awaited off."""

    def __init__(self) -> None:
        self._on: dict[DemoFault, tuple[socket.socket, socket.socket]] = {}

    def switch(self, fault: DemoFault, is_on: bool) -> None:
        """Switch a fault; switching it off wakes everything that waits for that."""
        if is_on:
            self._on.setdefault(fault, socket.socketpair())
        elif pair := self._on.pop(fault, None):
            pair[1].close()

    def of(self, key: str) -> DemoFault | None:
        """The fault that this object has at this moment."""
        return next((fault for fault in list(self._on) if FAULTY_KEYS[fault] == key), None)

    def wait_off(self, fault: DemoFault, client: socket.socket) -> bool:
        """Block until the fault is off (True) or the client has left (False)."""
        pair = self._on.get(fault)
        if pair is None:
            return True
        readable, _, _ = select.select([pair[0], client], [], [])
        return client not in readable


class DemoMiddleware:
    """A WSGI application around moto's. `films` are the keys whose bytes moto does not have."""

    def __init__(self, inner: WsgiApp, films: frozenset[str], token: str) -> None:
        self._inner = inner
        self._films = films
        self._token = token
        self._faults = Faults()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["RAW_URI"].partition("?")[0]
        if path.startswith(FAULTS_PATH):
            return self._control(environ, path.removeprefix(FAULTS_PATH), start_response)
        bucket, _, quoted = path[1:].partition("/")
        key = unquote_to_bytes(quoted).decode("utf-8", "replace")
        if bucket != DEMO_BUCKET or not key or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self._inner(environ, start_response)
        time.sleep(LATENCY_S)
        fault = self._faults.of(key)
        if fault is DemoFault.DENY_ONE:
            return _deny(environ, start_response)
        is_get = environ["REQUEST_METHOD"] == "GET"
        if is_get and key in self._films:
            return self._film(environ, key, start_response)
        if is_get and fault is not None:
            return self._spoil(environ, fault, start_response)
        return self._inner(environ, start_response)

    def _control(self, environ: Environ, name: str, start_response: StartResponse) -> Iterable[bytes]:
        fault = next((fault for fault in DemoFault if fault.name.lower() == name), None)
        is_allowed = hmac.compare_digest(environ.get("HTTP_X_DEMO_TOKEN", "").encode(), self._token.encode())
        if fault is None or not is_allowed or environ["REQUEST_METHOD"] not in {"PUT", "DELETE"}:
            start_response("404 Not Found", [("Content-Length", "0")])
            return ()
        self._faults.switch(fault, environ["REQUEST_METHOD"] == "PUT")
        start_response("204 No Content", [])
        return ()

    def _film(self, environ: Environ, key: str, start_response: StartResponse) -> Iterable[bytes]:
        """moto's head of an answer, with the bytes that it does not have."""
        head = _Head()
        list(self._inner({**environ, "REQUEST_METHOD": "HEAD"}, head.start))
        if not head.status.startswith("20"):
            return self._inner(environ, start_response)
        start_response(head.status, head.headers)
        span = _CONTENT_RANGE.fullmatch(head.header("content-range"))
        first, length = int(span[1]) if span else 0, int(head.header("content-length"))
        return _paced(film_bytes(key, first, length))

    def _spoil(self, environ: Environ, fault: DemoFault, start_response: StartResponse) -> Iterator[bytes]:
        """moto's answer with a body that stalls or drops."""
        body = b"".join(self._inner(environ, start_response))
        cut = STALL_AFTER_BYTES if fault is DemoFault.STALL_ONE else len(body) // 2
        yield body[:cut]
        if fault is DemoFault.DROP_ONE or not self._faults.wait_off(fault, environ["werkzeug.socket"]):
            raise ConnectionResetError
        yield body[cut:]


class _Head:
    """Keeps the head that an inner application starts."""

    status = ""

    def __init__(self) -> None:
        self.headers: Headers = []

    def start(self, status: str, headers: Headers, *_: object) -> None:
        """The `start_response` of the inner application."""
        self.status, self.headers = status, headers

    def header(self, name: str) -> str:
        """A header's value by its lower-case name, empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def _deny(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    request_id = uuid4().hex[:16].upper()
    body = _DENIED.format(request_id).encode()
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    start_response("403 Forbidden", [*headers, ("Content-Length", str(len(body)))])
    return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def _paced(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces no faster than FILM_BPS."""
    start, sent = time.monotonic(), 0
    for piece in pieces:
        yield piece
        sent += len(piece)
        time.sleep(max(0.0, start + sent / FILM_BPS - time.monotonic()))
