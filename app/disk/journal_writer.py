"""The journal's writer: one daemon thread that carries out what is recorded, many changes a transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from app.core.errors import TransferError
from app.disk.journal_changes import Changes, drop_old
from app.disk.journal_claims import Claims
from app.disk.journal_faults import BusyError
from app.disk.journal_file import JournalFile, Session

Change = Callable[[Changes], None]

GATHER_S = 0.05
"""Seconds between the first change and the transaction that it goes into."""
BUSY_LIMIT_S = 30.0
"""Seconds for which another process may hold the file before the journal does without it."""

_log = logging.getLogger(__name__)


class _Waiter:
    """Wants to be told when all that was recorded before it has been carried out."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.tell = tell


class JournalWriter:
    """Carries out changes in order. `put` and `tell_when_done` return at once and raise nothing; any thread.

    The thread starts with the first change, sleeps while there is nothing, and ends with `close`.
    """

    def __init__(self, file: JournalFile, claims: Claims) -> None:
        self._file = file
        self._claims = claims
        self._session = Session(file)
        self._queue: deque[Change | _Waiter] = deque()
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_awake = False
        self._is_busy = False
        self._is_closed = False

    def put(self, change: Change) -> None:
        """Have `change` carried out within a fraction of a second."""
        if not self._is_closed:
            self._queue.append(change)
            self._rouse()

    def tell_when_done(self, tell: Callable[[], None]) -> None:
        """Call `tell`, on the writer's thread or at once, when all that was put so far has been committed."""
        # In this order: the writer is busy before it takes from the queue, until after its commit.
        if self._is_closed or not (self._queue or self._is_busy):
            tell()
            return
        self._queue.append(_Waiter(tell))
        self._hurry.set()
        self._rouse()
        if self._is_closed:
            self._tell_the_rest()

    def close(self, limit_s: float) -> None:
        """Write what is left, for `limit_s` at most, and end the thread. Idempotent."""
        self._is_closed = True
        self._hurry.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(limit_s)
        self._tell_the_rest()

    def _rouse(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._wake.set()
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._serve, name="downspout-journal", daemon=True)
                    self._thread.start()

    def _serve(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._hurry.wait(GATHER_S)
            self._hurry.clear()
            is_last = self._is_closed
            # Before the queue is taken: what comes from now on wakes the thread again.
            self._is_awake = False
            self._carry_out()
            if is_last:
                self._session.close()
                return

    def _carry_out(self) -> None:
        self._is_busy = True
        taken = [self._queue.popleft() for _ in range(len(self._queue))]
        changes = Changes()
        try:
            changes = self._write([entry for entry in taken if not isinstance(entry, _Waiter)])
        except Exception as error:  # noqa: BLE001 (the thread's top frame: a flush must not wait for ever)
            _log.exception("the journal's writer failed")
            self._file.turn_off(f"An error inside Downspout ({type(error).__name__}). Please report it.")
        self._is_busy = False
        for entry in taken:
            if isinstance(entry, _Waiter):
                entry.tell()
        if changes.ended:
            self._drop_old()

    def _write(self, entries: list[Change]) -> Changes:
        """Carry out `entries`, or have the journal turned off; lets go of the batches that have ended."""
        changes = Changes()
        for change in entries:
            change(changes)
        if entries:
            with suppress(TransferError):
                self._commit(changes)
        for batch_id, token in changes.ended:
            self._claims.release(batch_id, token)
        return changes

    def _commit(self, changes: Changes) -> None:
        started = time.monotonic()
        while True:
            try:
                seen = self._session.run(lambda connection: changes.write(connection, self._file.lost))
            except BusyError:
                # SQLite has waited already, so this is no spinning.
                if time.monotonic() - started > BUSY_LIMIT_S:
                    self._file.turn_off(
                        "Another process does not let go of it. Close that one, then start again."
                    )
                    return
            else:
                self._file.known.update(seen)
                return

    def _drop_old(self) -> None:
        try:
            with suppress(TransferError, BusyError):
                for batch_id in self._session.run(lambda connection: drop_old(connection, self._may_drop)):
                    self._claims.remove(batch_id)
        except Exception:  # noqa: BLE001 (the thread's top frame; the old batches stay)
            _log.exception("old batches could not be dropped from the journal")

    def _may_drop(self, batch_id: str) -> bool:
        return not self._claims.has(batch_id) and self._claims.claim(batch_id)

    def _tell_the_rest(self) -> None:
        with suppress(IndexError):
            while True:
                entry = self._queue.popleft()
                if isinstance(entry, _Waiter):
                    entry.tell()
