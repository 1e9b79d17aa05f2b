"""HTTP over libcurl on the asyncio loop: one multi handle, reused easy handles, real cancelling."""

from __future__ import annotations

import asyncio
import logging
import os

import pycurl

from app.core.errors import TransferError
from app.core.timing import Timing
from app.s3.curl_faults import NO_MORE_FILES, CurlFailure, closed, curl_fault, slept, stalled
from app.s3.curl_handle import Handle
from app.s3.http import HttpRequest, HttpResponse, Receiver
from app.s3.multi import CurlMulti
from app.s3.wake import WakeWatch

WATCHES_A_LIMIT = 10
"""How often a connection's progress is looked at within one `low_speed_s`."""

log = logging.getLogger(__name__)


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
        self._idle: list[Handle] = []
        self._active: set[Handle] = set()
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
        handle = self._idle.pop() if self._idle else Handle(self._timing)
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

    async def _perform(self, handle: Handle) -> HttpResponse:
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

    def _fault(self, handle: Handle, error: pycurl.error) -> TransferError:
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
