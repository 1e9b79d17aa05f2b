"""One easy handle of libcurl: its options, and what its running request has seen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import pycurl

from app.core.timing import Timing
from app.s3.http import HttpHead, HttpRequest, Receiver, parse_head

MAX_ERROR_BODY = 64 * 1024
BUFFER_BYTES = 512 * 1024
KEEPALIVE_S = 30

log = logging.getLogger(__name__)


class Handle:
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
