"""The connections of one engine, and which of them is the current one. Loop only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import random

from app.core.errors import ErrorKind, TransferError
from app.core.events import Wait
from app.core.objects import ConnectionInfo, ConnectionSpec
from app.core.saved import SavedBatch
from app.engine.parts import Connection, EngineParts
from app.engine.patience import Patience
from app.engine.patient import PatientStore


class Connections:
    """Makes connections and keeps them. `on_change` is called when one of them waits, or goes on."""

    def __init__(self, parts: EngineParts, on_change: Callable[[], None]) -> None:
        self._parts = parts
        self._on_change = on_change
        self._made: list[Connection] = []
        self._current: Connection | None = None

    @property
    def current(self) -> Connection:
        """The one made current last. Raises TransferError when there is none."""
        if self._current is None:
            raise TransferError(ErrorKind.USAGE, "There is no connection. Add one first.")
        return self._current

    @property
    def wait(self) -> Wait | None:
        """What the current connection waits for, None for nothing."""
        return self._current.store.patience.wait if self._current else None

    async def connect(self, spec: ConnectionSpec) -> ConnectionInfo:
        """Make the connection the current one. Raises TransferError."""
        connection = await self._connect(spec)
        await self._hand_keys_on(connection)
        return self._make_current(connection)

    async def connect_demo(self) -> ConnectionInfo:
        """Start the demo bucket and make its connection the current one. Raises TransferError."""
        return self._make_current(await self._connect(await self._parts.demo.start(), is_demo=True))

    async def of(self, saved: SavedBatch) -> Connection:
        """A connection to where an earlier start's batch is from; a new one does not become the current one.

        Raises TransferError.
        """
        for connection in reversed(self._made):
            info = connection.info
            if info.is_demo == saved.is_demo and (saved.is_demo or info.endpoint == saved.endpoint):
                return connection
        if saved.is_demo:
            return await self._connect(await self._parts.demo.start(), is_demo=True)
        connection = await self._connect(saved.spec)
        if connection.info.endpoint != saved.endpoint:
            # The environment or the profile named another one at that time.
            connection = await self._connect(replace(saved.spec, endpoint_url=saved.endpoint))
        return connection

    def all(self) -> tuple[Connection, ...]:
        """Every connection that was made, oldest first."""
        return tuple(self._made)

    async def _hand_keys_on(self, connection: Connection) -> None:
        """Typed keys cannot be renewed: whoever waits for a sign-in goes on with those typed anew."""
        spec = connection.info.spec
        for other in self._made:
            wait = other.store.patience.wait
            if wait is not None and wait.needs_person and other.info.spec.is_like(spec):
                await other.store.renew_keys(spec)
                other.store.patience.sign_in.try_again()

    def _make_current(self, connection: Connection) -> ConnectionInfo:
        self._current = connection
        self._on_change()
        return connection.info

    async def _connect(self, spec: ConnectionSpec, *, is_demo: bool = False) -> Connection:
        parts = self._parts
        raw = await parts.connector.connect(spec)
        patience = Patience(
            raw, parts.timing, random, is_attended=parts.is_attended, on_change=self._on_change
        )
        store = PatientStore(raw, patience)
        connection = Connection(ConnectionInfo(spec, store.endpoint, is_demo), store)
        self._made.append(connection)
        return connection
