"""The journal: what survives a restart and a kill, in one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from app.core.errors import ErrorKind, TransferError
from app.core.events import Outcome
from app.core.objects import ObjectInfo
from app.core.policy import BatchPolicy
from app.core.saved import Extent, PastBatch, SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.disk.faults import disk_error
from app.disk.journal_claims import Claims
from app.disk.journal_faults import BusyError, strictly
from app.disk.journal_file import JournalFile, Session
from app.disk.journal_packing import packed, unpacked, unsealed
from app.disk.journal_schema import SOMETHING_LEFT
from app.disk.journal_values import (
    BATCH_COLUMNS,
    ROW_COLUMNS,
    BatchLine,
    batch_of,
    extent_of,
    part_of,
    row_of,
)
from app.disk.journal_writer import JournalWriter

T = TypeVar("T")

CLOSE_LIMIT_S = 2.0
_READ_LIMIT_S = 10.0
_BATCHES = (
    "SELECT "
    + ", ".join(f"batches.{column.strip()}" for column in BATCH_COLUMNS.split(","))
    + ", batches.seal, sources.batch, sources.doc, sources.seal"
    " FROM batches LEFT JOIN sources ON sources.batch = batches.number"
)
_COUNTS = (
    "SELECT batches.batch_id, rows.state, COUNT(*) FROM rows JOIN batches ON batches.number = rows.batch"
    " GROUP BY rows.batch, rows.state"
)
_NUMBER = "(SELECT number FROM batches WHERE batch_id = ?)"
_ROWS = f"SELECT {ROW_COLUMNS} FROM rows"
_PARTS = (
    "SELECT parts.*, extents.* FROM parts LEFT JOIN extents ON extents.batch = parts.batch"
    f" AND extents.idx = parts.idx WHERE parts.batch = {_NUMBER} ORDER BY parts.idx, extents.first"
)
_PUBLISHED = (
    f"{_ROWS} WHERE path = ?1 AND state = 'done' AND batch IN (SELECT number FROM batches"
    " WHERE destination = ?2) ORDER BY seq DESC LIMIT 1"
)


class SqliteJournal:
    """A Journal in the file `path`, with lock files in the folder `locks`; both are made when needed.

    Making one does no I/O. Reads see what was recorded before them. A damaged file is set aside and a new
    one begun; a file that cannot be used is done without. `message` then says so.
    """

    def __init__(self, path: Path, locks: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = JournalFile(path, locks, clock)
        self._claims = Claims(locks)
        self._writer = JournalWriter(self._file, self._claims)
        self._idle: deque[Session] = deque()
        self._is_closed = False

    @property
    def message(self) -> str:
        """What is wrong with the journal, to what, and what to do; empty when nothing is."""
        return self._file.message

    def open_batch(self, batch: SavedBatch) -> None:
        """Begin the record of a batch, or replace that of an earlier run; its rows stay."""
        self._writer.put(lambda changes: changes.open_batch(batch))

    def set_listing(self, batch_id: str, last_key: str, *, is_complete: bool) -> None:
        """How far the batch has been listed; recorded after the rows that came with it."""
        self._writer.put(
            lambda changes: changes.edit_batch(
                batch_id, last_key=packed(last_key), is_listing_complete=int(is_complete)
            )
        )

    def set_policy(self, batch_id: str, policy: BatchPolicy) -> None:
        """The policy in force has changed."""
        self._writer.put(lambda changes: changes.set_policy(batch_id, policy))

    def end_batch(self, batch_id: str, outcome: Outcome, finished_at: float) -> None:
        """The run has ended; lets go of the claim when that is on record."""
        token = self._claims.token(batch_id)
        self._writer.put(lambda changes: changes.end_batch(batch_id, outcome, finished_at, token))

    def put_rows(self, batch_id: str, rows: Sequence[SavedRow]) -> None:
        """Add rows, or replace those of the same index."""
        kept = tuple(rows)
        self._writer.put(lambda changes: changes.put_rows(batch_id, kept))

    def open_part(self, batch_id: str, part: SavedPart) -> None:
        """A part file begins; replaces what was known of the row's earlier one."""
        self._writer.put(lambda changes: changes.open_part(batch_id, part))

    def put_extent(self, batch_id: str, index: int, extent: Extent) -> None:
        """Bytes have been written to the row's part file; replaces the extent of the same `first`."""
        self._writer.put(lambda changes: changes.put_extent(batch_id, index, extent))

    def drop_part(self, batch_id: str, index: int) -> None:
        """The row's part file is gone: published or removed."""
        self._writer.put(lambda changes: changes.drop_part(batch_id, index))

    async def flush(self) -> None:
        """Wait until all that was recorded so far is committed, or cannot be. Raises nothing."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        def tell() -> None:
            # A closed loop has nobody left who waits for this.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(finish)

        self._writer.tell_when_done(tell)
        await done

    def claim(self, batch_id: str) -> bool:
        """Take the batch for this process until `close` or its end; False when another one works on it."""
        self._refuse_when_closed()
        with self._lock_errors():
            return self._claims.claim(batch_id)

    def unfinished(self) -> tuple[SavedBatch, ...]:
        """Batches of which something is left to do and that no other process has, newest first."""
        where = (
            f"WHERE (outcome IS NULL OR outcome <> '{Outcome.DONE.value}') AND {SOMETHING_LEFT}"
            " ORDER BY started_at DESC, number DESC"
        )
        found = self._read(lambda connection: _batches(connection, where))
        with self._lock_errors():
            batches = tuple(batch for batch in found if not self._claims.is_elsewhere(batch.batch_id))
        self._file.known.update(batch.batch_id for batch in batches)
        return batches

    def history(self, limit: int) -> tuple[PastBatch, ...]:
        """The newest `limit` batches, newest first, whatever became of them."""
        newest = "ORDER BY started_at DESC, number DESC LIMIT ?"
        found, counts = self._read(
            lambda connection: (_batches(connection, newest, limit), _counts(connection))
        )
        self._file.known.update(batch.batch_id for batch in found)
        return tuple(PastBatch(batch, counts.get(batch.batch_id, {})) for batch in found)

    def load(self, batch_id: str) -> SavedBatch | None:
        """One batch by its id."""
        found = self._read(lambda connection: _batches(connection, "WHERE batch_id = ?", packed(batch_id)))
        self._file.known.update(batch.batch_id for batch in found)
        return found[0] if found else None

    def rows(self, batch_id: str) -> Sequence[SavedRow]:
        """The rows of a batch by index."""
        sql = f"{_ROWS} WHERE batch = {_NUMBER} ORDER BY idx"
        return self._read(lambda connection: _rows(connection, sql, packed(batch_id)))

    def parts(self, batch_id: str) -> Sequence[SavedPart]:
        """The part files of a batch by index."""
        return self._read(lambda connection: _parts(connection, batch_id))

    def published(self, destination: str, path: str) -> ObjectInfo | None:
        """The object that was last published as `path` below the folder `destination`, None for none.

        The one read that does not wait for what was recorded a moment ago: a plan asks it for every object.
        """
        found = self._read(
            lambda connection: _rows(connection, _PUBLISHED, packed(path), packed(destination)),
            is_fresh=False,
        )
        return found[0].item.obj if found else None

    def forget(self, batch_ids: Iterable[str]) -> None:
        """Drop the records of batches; those that another process works on stay."""
        self._refuse_when_closed()
        with self._lock_errors():
            mine = [batch_id for batch_id in batch_ids if self._claims.claim(batch_id)]
        self._writer.put(lambda changes: changes.forget(mine))
        self._settle()
        for batch_id in mine:
            self._claims.remove(batch_id)
        if self._file.is_off:
            raise self._file.error()

    def close(self) -> None:
        """Write what is left, for 2 s at most, let go of every claim. Idempotent."""
        self._is_closed = True
        self._writer.close(CLOSE_LIMIT_S)
        self._claims.release_all()
        self._close_idle()

    def _read(self, question: Callable[[sqlite3.Connection], T], *, is_fresh: bool = True) -> T:
        self._refuse_when_closed()
        if is_fresh:
            self._settle()
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session(self._file)
        try:
            return session.run(question)
        except BusyError:
            raise self._busy() from None
        finally:
            self._idle.append(session)
            if self._is_closed:
                self._close_idle()

    def _settle(self) -> None:
        """Wait until all that was recorded so far is committed."""
        done = threading.Event()
        self._writer.tell_when_done(done.set)
        if not done.wait(_READ_LIMIT_S):
            raise self._busy()

    def _busy(self) -> TransferError:
        return TransferError(
            ErrorKind.DISK, f"The record of downloads, {self._file.path}, is busy. Try again in a moment."
        )

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise TransferError(ErrorKind.DISK, "The record of downloads is closed. Start Downspout again.")

    @contextmanager
    def _lock_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = disk_error(error, str(error.filename or self._file.path.parent)).message
            raise TransferError(ErrorKind.DISK, message) from error

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


def _batches(connection: sqlite3.Connection, where: str, *values: bytes | int) -> list[SavedBatch]:
    batches = []
    for found in connection.execute(f"{_BATCHES} {where}", values):
        with strictly():
            line, (number, sources) = BatchLine(*unsealed(found[:11])), unsealed(found[11:])
            batches.append(batch_of(line, sources))
            if number != line.number:
                raise ValueError("the sources of another batch")
    return batches


def _counts(connection: sqlite3.Connection) -> dict[str, dict[State, int]]:
    counts: dict[str, dict[State, int]] = {}
    with strictly():
        for batch_id, state, count in connection.execute(_COUNTS):
            counts.setdefault(unpacked(batch_id), {})[State(state)] = count
    return counts


def _rows(connection: sqlite3.Connection, sql: str, *values: bytes) -> list[SavedRow]:
    with strictly():
        return [row_of(found) for found in connection.execute(sql, values)]


def _parts(connection: sqlite3.Connection, batch_id: str) -> list[SavedPart]:
    parts = []
    with strictly():
        found = connection.execute(_PARTS, (packed(batch_id),))
        for part, group in groupby(found, key=lambda values: values[:8]):
            extents = tuple(extent_of(values[8:]) for values in group if values[8] is not None)
            parts.append(part_of(part, extents))
    return parts
