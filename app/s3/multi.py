"""libcurl's multi handle on the asyncio loop: what it waits for, and which requests have ended."""

from __future__ import annotations

import asyncio
import math
import select
from collections.abc import Callable
from typing import Protocol

import pycurl

LOOK_UP_S = 60.0
"""No name look-up takes longer; while one does, closing its multi handle blocks (9.7 s, measured)."""

OnReady = Callable[[list[tuple[int, int]]], None]
"""Gets sockets and what they are ready for: CSELECT_IN, CSELECT_OUT, CSELECT_ERR or more of them."""


class Sockets(Protocol):
    """Waits for libcurl's sockets. Loop only."""

    def watch(self, fd: int, what: int) -> None:
        """Wait from now on for POLL_IN, POLL_OUT or POLL_INOUT, for nothing when `what` is 0."""

    def close(self) -> None:
        """Wait for nothing any more."""


MakeSockets = Callable[[asyncio.AbstractEventLoop, OnReady], Sockets]


class CurlMulti:
    """Runs easy handles on the loop it was made on, a selector loop; `close` it before that loop ends.

    In place of pycurl's AsyncCurlMulti, which has the loop add and remove a reader for every request and run
    every event and every timer of libcurl's as a callback of its own: 33 us of CPU a request against 50
    (16 KiB from a server on the same machine, pycurl 7.49).
    """

    def __init__(self, max_connections: int, make_sockets: MakeSockets | None = None) -> None:
        """`max_connections` is how many idle connections are kept for the next request."""
        make_sockets = make_sockets or (EpollSockets if hasattr(select, "epoll") else LoopSockets)
        self._loop = asyncio.get_running_loop()
        self._running: dict[pycurl.Curl, asyncio.Future[None]] = {}
        self._is_due_now = False
        self._due_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._sockets = make_sockets(self._loop, self._act)
        self._max_connections = max_connections
        self._multi = self._new()
        self._retired: list[pycurl.CurlMulti] = []

    @property
    def is_closed(self) -> bool:
        """True after `close`."""
        return bool(self._multi.closed)

    async def perform(self, curl: pycurl.Curl) -> None:
        """Run one easy handle to its end; raises pycurl.error. A cancel closes its connection at once."""
        ended = self._loop.create_future()
        self._multi.add_handle(curl)
        self._running[curl] = ended
        try:
            await ended
        except asyncio.CancelledError:
            self._remove(curl)
            raise

    def end(self, curl: pycurl.Curl, error: BaseException) -> None:
        """Close a running handle's connection and have its `perform` raise `error`."""
        self._settle(self._remove(curl), error)

    def begin_anew(self) -> None:
        """Use no connection from before any more; nothing may be running.

        libcurl's own call for this (CURLMOPT_NETWORK_CHANGED) is not in pycurl 7.49. The idle connections are
        closed once no look-up can hold that up.
        """
        retired, self._multi = self._multi, self._new()
        self._retired.append(retired)
        self._loop.call_later(LOOK_UP_S, self._close_retired, retired)

    def close(self) -> None:
        """Close every connection; whoever still runs must have been ended. Idempotent, may block.

        A name look-up that hangs has held it for 5.5 s (measured).
        """
        if self._multi.closed:
            return
        for curl in list(self._running):
            self._remove(curl)
        if self._timer is not None:
            self._timer.cancel()
        for multi in (self._multi, *self._retired):
            multi.close()
        self._sockets.close()

    def _close_retired(self, multi: pycurl.CurlMulti) -> None:
        if not self.is_closed:
            self._retired.remove(multi)
            multi.close()

    def _new(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_MAXCONNECTS, self._max_connections)
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        return multi

    # What libcurl asks for: no exception may leave these

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        self._sockets.watch(fd, what & pycurl.POLL_INOUT)

    def _on_timer(self, timeout_ms: int) -> None:
        if timeout_ms == 0:
            # Not at once, for libcurl must not be called from within; requests of one turn go out together.
            if not self._is_due_now:
                self._is_due_now = True
                self._loop.call_soon(self._tick)
            return
        self._due_at = math.inf if timeout_ms < 0 else self._loop.time() + timeout_ms / 1000
        if self._timer is None or self._due_at < self._timer.when():
            self._arm()

    def _arm(self) -> None:
        """Have the loop look at the time when libcurl is due. A look that comes too early costs nothing."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if self._due_at == math.inf else self._loop.call_at(self._due_at, self._look)

    # What the loop calls

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() >= self._due_at:
            self._due_at = math.inf
            self._tick()
        elif self._timer is None:
            self._arm()

    def _tick(self) -> None:
        self._is_due_now = False
        self._act([(pycurl.SOCKET_TIMEOUT, 0)])

    def _act(self, ready: list[tuple[int, int]]) -> None:
        """Have libcurl read and write, and end what has ended."""
        multi = self._multi
        if multi.closed:
            return
        for fd, what in ready:
            multi.socket_action(fd, what)
        left = 1
        while left:
            left, good, bad = multi.info_read()
            for curl in good:
                self._settle(self._remove(curl), None)
            for curl, code, text in bad:
                self._settle(self._remove(curl), pycurl.error(code, text))

    def _remove(self, curl: pycurl.Curl) -> asyncio.Future[None] | None:
        ended = self._running.pop(curl, None)
        if ended is not None:
            self._multi.remove_handle(curl)
        return ended

    def _settle(self, ended: asyncio.Future[None] | None, error: BaseException | None) -> None:
        if ended is None or ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)


class EpollSockets:
    """All sockets behind one epoll descriptor of our own, which is all that the loop waits for (Linux).

    A socket between two requests stays in it until something comes of it: to take it out and in again costs
    a look through all that waits for this descriptor.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_ready: OnReady) -> None:
        self._loop = loop
        self._on_ready = on_ready
        self._epoll = select.epoll()
        self._wanted: set[int] = set()
        self._known: set[int] = set()
        loop.add_reader(self._epoll.fileno(), self._poll)

    def watch(self, fd: int, what: int) -> None:
        if not what:
            self._wanted.discard(fd)
            return
        self._wanted.add(fd)
        events = _EPOLL_EVENTS[what]
        if fd in self._known:
            try:
                self._epoll.modify(fd, events)
                return
            except FileNotFoundError:
                pass  # the one that was known by this number has been closed, and so forgotten
        self._known.add(fd)
        self._epoll.register(fd, events)

    def close(self) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _poll(self) -> None:
        ready = []
        for fd, events in self._epoll.poll(0):
            if fd in self._wanted:
                ready.append((fd, _SELECTED[events & _EITHER]))
            else:
                self._known.discard(fd)
                self._epoll.unregister(fd)
        self._on_ready(ready)


class LoopSockets:
    """Each socket is a reader or a writer of the loop (where there is no epoll)."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_ready: OnReady) -> None:
        self._on_ready = on_ready
        self._watched: dict[int, int] = {}
        self._sides = (
            (pycurl.POLL_IN, loop.add_reader, loop.remove_reader),
            (pycurl.POLL_OUT, loop.add_writer, loop.remove_writer),
        )

    def watch(self, fd: int, what: int) -> None:
        old = self._watched.pop(fd, 0)
        if what:
            self._watched[fd] = what
        for side, add, remove in self._sides:
            if what & side and not old & side:
                add(fd, self._on_ready, [(fd, side)])
            elif old & side and not what & side:
                remove(fd)

    def close(self) -> None:
        for fd in list(self._watched):
            self.watch(fd, 0)


if hasattr(select, "epoll"):
    _EITHER = select.EPOLLIN | select.EPOLLOUT
    _EPOLL_EVENTS = (0, select.EPOLLIN, select.EPOLLOUT, _EITHER)
    _SELECTED = {
        0: pycurl.CSELECT_ERR,
        select.EPOLLIN: pycurl.CSELECT_IN,
        select.EPOLLOUT: pycurl.CSELECT_OUT,
        _EITHER: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
    }
