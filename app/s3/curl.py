"""HTTP over libcurl on the asyncio loop: one multi handle, reused easy handles, real cancelling."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress

import pycurl

from app.core.errors import TransferError
from app.core.timing import Timing
from app.s3.curl_faults import NO_MORE_FILES, CurlFailure, closed, curl_fault, slept, stalled
from app.s3.http import HttpHead, HttpRequest, HttpResponse, Receiver, parse_head
from app.s3.multi import CurlMulti
from app.s3.wake import WakeWatch

MAX_ERROR_BODY = 64 * 1024
BUFFER_BYTES = 512 * 1024
KEEPALIVE_S = 30
WATCHES_A_LIMIT = 10
"""How often a connection's progress is looked at within one `low_speed_s`."""

log = logging.getLogger(__name__)


class _Handle:
    """One easy handle and what its running request has seen. No exception leaves its callbacks."""

    __slots__ = (
        "_ca_bundle",
        "_method",
        "_proxy",
        "_receiver",
        "_take",
        "body",
        "curl",
        "failure",
        "head",
        "lines",
        "marked_at",
        "marked_bytes",
        "received_bytes",
        "request",
        "waits_for",
    )

    def __init__(self, timing: Timing) -> None:
        self.lines: list[bytes] = []
        self.request: HttpRequest
        self._method = "GET"
        self._ca_bundle = ""
        self._proxy = ""
        self.curl = _new_curl(timing, self.lines.append, self._on_body)

    def prepare(self, request: HttpRequest, receiver: Receiver | None, now: float) -> None:
        """Set the handle up for `request`; options that stay the same are not touched."""
        curl = self.curl
        self.request = request
        self._receiver = receiver
        self._take: Callable[[bytes], asyncio.Future[None] | None] | None = None
        self.waits_for: asyncio.Future[None] | None = None
        self.head: HttpHead | None = None
        self.failure: BaseException | None = None
        self.body = bytearray()
        self.received_bytes = self.marked_bytes = 0
        self.marked_at = now
        self.lines.clear()
        curl.setopt(pycurl.URL, request.url)
        curl.setopt(
            pycurl.HTTPHEADER,
            ["Accept:", *[f"{name}: {value}" for name, value in request.headers]],
        )
        if request.method != self._method:
            curl.setopt(pycurl.NOBODY if request.method == "HEAD" else pycurl.HTTPGET, 1)
            self._method = request.method
        if request.ca_bundle != self._ca_bundle:
            curl.setopt(pycurl.CAINFO, request.ca_bundle)
            self._ca_bundle = request.ca_bundle
        if request.proxy != self._proxy:
            curl.setopt(pycurl.PROXY, request.proxy)
            self._proxy = request.proxy

    def told(self, took_s: float, *, is_whole: bool) -> str:
        """The request and what came of it in one line, for the log."""
        asked = dict(self.request.headers).get("range", "whole")
        status = self.head.status if self.head is not None else "no answer"
        end = "" if is_whole else ", broken off"
        return (
            f"{self.request.method} {self.request.url} ({asked}): {status}, {self.received_bytes} bytes "
            f"in {took_s * 1000:.0f} ms{end}"
        )

    def let_go(self) -> None:
        """Drop what belongs to the request."""
        self._receiver = self._take = self.waits_for = None
        self.failure = None

    def judge(self) -> HttpHead:
        """Parse the head and, for a 2xx, show it to the receiver; once."""
        if self.head is None:
            head = self.head = parse_head(self.lines)
            if head.is_success and self._receiver is not None:
                self._receiver.begin(head)
                self._take = self._receiver.write
        return self.head

    def expected_bytes(self) -> int | None:
        """The body's length, None when no head told it."""
        with suppress(ValueError, IndexError):
            return parse_head(self.lines).length_bytes
        return None

    def _on_body(self, data: bytes) -> int | None:
        if self.waits_for is not None:
            return int(pycurl.WRITEFUNC_PAUSE)  # it is given again when the transfer goes on
        try:
            if self.head is None:
                self.judge()
            self.received_bytes += len(data)
            if self._take is not None:
                wait = self._take(data)
                if wait is not None:
                    self.waits_for = wait
                    wait.add_done_callback(self._go_on)
                return None
            self.body += data[: MAX_ERROR_BODY - len(self.body)]
            return None if len(self.body) < MAX_ERROR_BODY else 0
        except BaseException as error:  # noqa: BLE001 - libcurl cannot carry it: `request` raises it
            self.failure = error
            self._take = _refuse
            return 0

    def _go_on(self, wait: asyncio.Future[None]) -> None:
        if self.waits_for is wait:
            self.waits_for = None
            # What libcurl holds comes in this very call, and may end the request: `request` tells how.
            with suppress(pycurl.error):
                self.curl.pause(pycurl.PAUSE_CONT)


class CurlTransport:
    """Runs requests on one asyncio loop. Cancelling a request closes its connection at once.

    After a sleep of the computer no connection from before is used: a dead one may show no sign of it.

    Make and use it on that loop only, a selector loop; `aclose` it before the loop ends.
    """

    def __init__(self, timing: Timing, max_connections: int, wake: WakeWatch | None = None) -> None:
        """`max_connections` is how many idle connections are kept for the next request."""
        self._timing = timing
        self._wake = wake or WakeWatch()
        self._multi = CurlMulti(max_connections)
        self._idle: list[_Handle] = []
        self._active: set[_Handle] = set()
        self._watch: asyncio.TimerHandle | None = None

    async def request(self, request: HttpRequest, receiver: Receiver | None = None) -> HttpResponse:
        """Send `request`, give the body of a 2xx to `receiver`, return the answer whatever its status.

        Raises TransferError when no whole answer came, and whatever the receiver raised.
        """
        if self._multi.is_closed:
            raise closed(request)
        loop = asyncio.get_running_loop()
        if self._wake.has_slept():
            self._begin_anew()
        handle = self._idle.pop() if self._idle else _Handle(self._timing)
        handle.prepare(request, receiver, loop.time())
        self._active.add(handle)
        self._start_watch(loop)
        began = loop.time()
        response: HttpResponse | None = None
        try:
            response = await self._perform(handle)
            return response
        finally:
            if log.isEnabledFor(logging.DEBUG):
                log.debug("%s", handle.told(loop.time() - began, is_whole=response is not None))
            self._active.discard(handle)
            handle.let_go()
            if not self._multi.is_closed:
                self._idle.append(handle)

    async def aclose(self) -> None:
        """Close every connection; running requests raise TransferError. Idempotent."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for handle in self._active:
            self._multi.end(handle.curl, closed(handle.request))
        self._multi.close()
        for handle in self._idle:
            handle.curl.close()
        self._idle.clear()

    async def _perform(self, handle: _Handle) -> HttpResponse:
        try:
            await self._multi.perform(handle.curl)
        except pycurl.error as error:
            if handle.failure is not None:
                raise handle.failure from None
            if handle.head is None or handle.head.is_success:
                raise self._fault(handle, error) from None
        if handle.failure is not None:
            raise handle.failure
        head = handle.judge()
        return HttpResponse(head, bytes(handle.body))

    def _fault(self, handle: _Handle, error: pycurl.error) -> TransferError:
        code, text = error.args
        os_error = int(handle.curl.getinfo(pycurl.OS_ERRNO)) or _exhaustion()
        failure = CurlFailure(code, text, os_error, handle.received_bytes, handle.expected_bytes())
        return curl_fault(failure, handle.request, self._timing)

    def _begin_anew(self) -> None:
        """Break off what is running, and use no idle connection again."""
        for handle in self._active:
            self._multi.end(handle.curl, slept(handle.request))
        self._multi.begin_anew()

    def _start_watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._watch is None:
            delay_s = self._timing.low_speed_s / WATCHES_A_LIMIT
            self._watch = loop.call_later(delay_s, self._look, loop)
            self._wake.expect(delay_s)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """See after the connections, a few times within `low_speed_s`."""
        self._watch = None
        self._begin_anew() if self._wake.has_slept() else self._break_off_slow(loop.time())
        self._wake.expect(None)
        if self._active:
            self._start_watch(loop)

    def _break_off_slow(self, now: float) -> None:
        """End each request that took less than `low_speed_bps` for `low_speed_s`.

        libcurl's own LOW_SPEED_TIME counts whole seconds, and only once its average over some six seconds
        has sunk: a stall after a burst ended 6 s late (libcurl 8.23, measured).
        """
        limit_s = self._timing.low_speed_s
        enough_bytes = self._timing.low_speed_bps * limit_s
        for handle in list(self._active):
            is_fast = handle.received_bytes - handle.marked_bytes >= enough_bytes
            if is_fast or handle.waits_for is not None:
                handle.marked_bytes, handle.marked_at = handle.received_bytes, now
            elif now - handle.marked_at >= limit_s:
                expected_bytes = handle.expected_bytes()
                error = stalled(handle.request, handle.received_bytes, expected_bytes, limit_s)
                self._multi.end(handle.curl, error)


def _exhaustion() -> int:
    """The errno that tells that no file can be opened any more, else 0.

    libcurl keeps none when it cannot make a socket (8.23, seen): it tells of a server that is not there.
    """
    try:
        for end in os.pipe():  # a look-up of a name needs two
            os.close(end)
    except OSError as error:
        return error.errno if error.errno in NO_MORE_FILES else 0
    return 0


def _refuse(data: bytes) -> None:
    """Takes what libcurl still has of an answer that has failed."""
    raise ValueError(f"{len(data)} bytes came after the end")


def _new_curl(
    timing: Timing, on_header: Callable[[bytes], None], on_body: Callable[[bytes], int | None]
) -> pycurl.Curl:
    """An easy handle with every option that never changes."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.HEADERFUNCTION, on_header)
    curl.setopt(pycurl.WRITEFUNCTION, on_body)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(timing.connect_s * 1000)))
    curl.setopt(pycurl.BUFFERSIZE, BUFFER_BYTES)
    curl.setopt(pycurl.TCP_NODELAY, 1)
    curl.setopt(pycurl.TCP_KEEPALIVE, 1)
    curl.setopt(pycurl.TCP_KEEPIDLE, KEEPALIVE_S)
    curl.setopt(pycurl.TCP_KEEPINTVL, KEEPALIVE_S)
    curl.setopt(pycurl.USERAGENT, "Downspout")
    # Proxies are what botocore sees; libcurl would look at the environment by its own rules.
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOPROXY, "")
    if log.isEnabledFor(logging.DEBUG):
        curl.setopt(pycurl.DEBUGFUNCTION, _log_text)
        curl.setopt(pycurl.VERBOSE, 1)
    return curl


def _log_text(kind: int, data: bytes) -> None:
    """Log what libcurl says of its connections; headers and bodies are left out."""
    if kind == pycurl.INFOTYPE_TEXT:
        log.debug("libcurl: %s", data.decode("utf-8", "replace").rstrip())
