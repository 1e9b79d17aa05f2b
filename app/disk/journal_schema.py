"""The tables of the journal, and opening its file: making it, checking that it is ours."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from app.core.plan import Verdict
from app.core.states import State
from app.disk.journal_faults import DamagedError, UnwritableError

VERSION = 1
BUSY_S = 1.0
"""Seconds that SQLite itself waits for another process's transaction."""
_SMALLEST_BYTES = 512
"""SQLite's smallest page: it takes a shorter file for an empty one, and would write over it."""

# Columns without a type keep what they are given: text as bytes (a key may hold any text, lone surrogates
# too), whole numbers beyond 64 bits as hex text. `key` is null where it is the path as well, `rest` where
# nothing is to be said beyond the columns. `seal` is a CRC of the rest of the row.
_TABLES = (
    "CREATE TABLE batches (number INTEGER PRIMARY KEY, batch_id UNIQUE NOT NULL, started_at, finished_at,"
    " outcome, is_listing_complete, last_key, destination, policy, about, seal)",
    "CREATE TABLE sources (batch INTEGER PRIMARY KEY, doc, seal)",
    "CREATE TABLE rows (batch, idx, seq, state, attempt, tries, key, size, etag, modified_at, path, verdict,"
    " verified, rest, seal, PRIMARY KEY (batch, idx)) WITHOUT ROWID",
    "CREATE TABLE parts (batch, idx, name, etag, version_id, size, algorithm, seal,"
    " PRIMARY KEY (batch, idx)) WITHOUT ROWID",
    "CREATE TABLE extents (batch, idx, first, end, crc, seal, PRIMARY KEY (batch, idx, first)) WITHOUT ROWID",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER)",
    f"CREATE INDEX published ON rows (path) WHERE state = '{State.DONE.value}'",
)

_ENDED = f"'{State.DONE.value}', '{State.SKIPPED.value}'"
_FAILED_BY_PLAN = ", ".join(
    f"'{verdict.value}'" for verdict in (Verdict.BLOCKED, Verdict.ARCHIVED, Verdict.EXISTS)
)
SOMETHING_LEFT = (
    "(NOT is_listing_complete OR EXISTS (SELECT 1 FROM rows WHERE batch = batches.number"
    f" AND state NOT IN ({_ENDED})"
    f" AND NOT (state = '{State.FAILED.value}' AND verdict IN ({_FAILED_BY_PLAN}))))"
)
"""SQL that is true for a batch of which something is left to do."""


def open_database(path: Path) -> sqlite3.Connection:
    """A connection to the journal at `path`, made if missing; for one thread at a time. Blocks.

    Raises DamagedError, UnwritableError (also for the journal of a newer version, which is not touched),
    OSError and sqlite3.Error. The file must never be opened but through SQLite: closing any descriptor of
    it drops the locks of this process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if 0 < path.stat().st_size < _SMALLEST_BYTES:
        raise DamagedError("it is cut short")
    _refuse_newer(path)
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        if _version(connection) == 0:
            _make_tables(connection)
        found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")}
        if _version(connection) != VERSION or found != set(_TABLES):
            raise DamagedError("its tables are not those of a journal")
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_newer(path: Path) -> None:
    """Looks without the right to write, so that closing writes nothing either."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)) as connection:
        if _version(connection) > VERSION:
            raise UnwritableError("A newer Downspout made it. Use that version to go on with its downloads.")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection) == 0:
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise DamagedError("its tables are not those of a journal")
        for sql in _TABLES:
            connection.execute(sql)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
