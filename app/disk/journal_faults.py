"""What can be wrong with a journal's file, and how SQLite's errors say so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import plain_text
from app.disk.faults import disk_error

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_UNWRITABLE = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_AUTH,
    }
)


class JournalFault(Exception):  # noqa: N818 (the family of the three errors below)
    """Something is wrong with the journal's file; never leaves app/disk."""


class DamagedError(JournalFault):
    """The file is no journal of ours, or holds what makes no sense."""


class BusyError(JournalFault):
    """Another process is writing: worth another try."""


class UnwritableError(JournalFault):
    """The file cannot be used and must be left as it is; the text is the reason as a sentence."""


@contextmanager
def judged(path: str) -> Iterator[None]:
    """Turn what SQLite and the system raise about the journal at `path` into a JournalFault."""
    try:
        yield
    except sqlite3.Error as error:
        raise _judge(error) from error
    except UnicodeDecodeError as error:
        # SQLite's message quotes the damaged text, and Python decodes the message strictly.
        raise DamagedError("its text is damaged") from error
    except OSError as error:
        raise UnwritableError(disk_error(error, path).message) from error


@contextmanager
def strictly() -> Iterator[None]:
    """Turn what parsing raises over a stored row that makes no sense into DamagedError."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DamagedError(f"a record makes no sense ({type(error).__name__})") from error


def _judge(error: sqlite3.Error) -> JournalFault:
    """The meaning of SQLite's result code: https://www.sqlite.org/rescode.html"""
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.InterfaceError)):
        return UnwritableError("It cannot be used.")
    # Python's own complaint about text that is not UTF-8 has no code: that is damage.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return DamagedError("it is cut short")
    primary = code & 0xFF
    if primary in _BUSY:
        return BusyError("another process is writing")
    if primary == sqlite3.SQLITE_FULL:
        return UnwritableError("The disk is full. Free some space, then start Downspout again.")
    if primary in _UNWRITABLE:
        return UnwritableError(f"The system says: {error}. Change what stands in the way, then start again.")
    return DamagedError(plain_text(str(error)))
