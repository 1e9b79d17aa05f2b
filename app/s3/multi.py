"""libcurl's connections: a multi handle that can be exchanged for one that knows none from before."""

from __future__ import annotations

import asyncio

import pycurl

LOOK_UP_S = 60.0
"""No name look-up takes longer; while one does, closing its multi handle blocks (9.7 s, measured)."""


class Multi:
    """A pycurl.AsyncCurlMulti, as far as it is used here. To be used on one loop, and closed on it."""

    def __init__(self, max_connections: int) -> None:
        """`max_connections` is how many idle connections are kept for the next request."""
        self._max_connections = max_connections
        self._current = self._new()
        self._retired: list[pycurl.AsyncCurlMulti] = []

    @property
    def closed(self) -> bool:
        """True after `aclose`."""
        return bool(self._current.closed)

    def add_handle(self, curl: pycurl.Curl) -> asyncio.Future[pycurl.Curl]:
        """Begin the handle's transfer; the future raises pycurl.error where it fails."""
        transfer: asyncio.Future[pycurl.Curl] = self._current.add_handle(curl)
        return transfer

    def remove_handle(self, curl: pycurl.Curl) -> None:
        """Break off the handle's transfer. Raises RuntimeError for one that has ended."""
        self._current.remove_handle(curl)

    def begin_anew(self) -> None:
        """Use no connection from before any more; no transfer may be running.

        libcurl's own call for this (CURLMOPT_NETWORK_CHANGED) is not in pycurl 7.49: drop this class when it
        is. The idle connections are closed once no look-up can hold that up.
        """
        retired, self._current = self._current, self._new()
        self._retired.append(retired)
        asyncio.get_running_loop().call_later(
            LOOK_UP_S, lambda: asyncio.ensure_future(self._close_retired(retired))
        )

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
        for multi in (self._current, *self._retired):
            await multi.aclose()

    async def _close_retired(self, multi: pycurl.AsyncCurlMulti) -> None:
        self._retired.remove(multi)
        await multi.aclose()

    def _new(self) -> pycurl.AsyncCurlMulti:
        multi = pycurl.AsyncCurlMulti()
        multi.setopt(pycurl.M_MAXCONNECTS, self._max_connections)
        return multi
