"""The keys of a connection, fresh when they are needed, refreshed off the loop and only then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from app.engine.ports import Offload
from app.s3.faults import Identity
from app.s3.signing import Keys

LOOK_AGAIN_S = 30.0
"""How long a refresh that left the keys near their end is not tried again; botocore starts 15 min ahead."""


class KeySource(Protocol):
    """Where keys come from."""

    @property
    def method(self) -> str:
        """botocore's name of the place where they were found."""

    def fetch(self) -> Keys:
        """The keys, refreshed if needed. Blocks, may ask the network; raises TransferError."""

    def is_due(self) -> bool:
        """True when the keys that were fetched near their end. Does not block."""


class FixedKeys:
    """A KeySource of keys that stay."""

    def __init__(self, keys: Keys, method: str) -> None:
        self.keys = keys
        self.method = method

    def fetch(self) -> Keys:
        return self.keys

    def is_due(self) -> bool:
        return False


class KeyRing:
    """Gives the keys to sign with; fixed ones at once, others from their source when they near their end."""

    def __init__(
        self,
        source: KeySource | None,
        identity: Identity,
        offload: Offload,
        clock: Callable[[], float] = time.monotonic,
        find_again: Callable[[], KeySource] | None = None,
    ) -> None:
        """Without a source nothing is signed. Use it on one loop.

        `find_again` blocks and gives the source as it is found now; None where there can be no other.
        """
        self.identity = identity
        self._source = source
        self._offload = offload
        self._clock = clock
        self._find_again = find_again
        self._keys: Keys | None = None
        self._quiet_until = 0.0
        self._lock = asyncio.Lock()

    async def keys(self) -> Keys | None:
        """The keys to sign the next request with, None for an anonymous one. Raises TransferError."""
        source = self._source
        if source is None or not self._is_due(source):
            return self._keys
        async with self._lock:
            if self._is_due(source):
                self._keys = await self._offload(source.fetch)
                self._quiet_until = self._clock() + LOOK_AGAIN_S
        return self._keys

    async def renew(self) -> bool:
        """Look for keys anew, as at the start; True when there are other ones. Raises TransferError."""
        find_again = self._find_again
        if find_again is None:
            return False
        async with self._lock:
            source = await self._offload(find_again)
            keys = await self._offload(source.fetch)
            self._source = source
            self._quiet_until = self._clock() + LOOK_AGAIN_S
            self.identity = replace(self.identity, method=source.method)
            return self.take(keys)

    def take(self, keys: Keys) -> bool:
        """Sign with these keys from now on; True when they are other ones than before."""
        is_new = keys != self._keys
        self._keys = keys
        self.identity = having(self.identity, keys)
        return is_new

    def _is_due(self, source: KeySource) -> bool:
        if self._keys is None:
            return True
        return self._clock() >= self._quiet_until and source.is_due()


def having(identity: Identity, keys: Keys) -> Identity:
    """The identity that has these keys."""
    return replace(identity, access_key_id=keys.access_key_id, is_temporary=bool(keys.session_token))
