"""One journal's file over its life: connections to it, setting it aside when damaged, doing without it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from app.core.errors import ErrorKind, TransferError
from app.disk.faults import disk_error
from app.disk.journal_faults import DamagedError, UnwritableError, judged
from app.disk.journal_schema import open_database

T = TypeVar("T")
Identity = tuple[int, int]

_PATIENCE_S = 5.0
_log = logging.getLogger(__name__)


class JournalFile:
    """The file and what is to be said of it. Any thread; blocks; raises nothing.

    `known` are the batches that this process has seen on record. When the file is another one all at once,
    they are `lost`: what is recorded of them from then on would be a part that looks like the whole.
    """

    def __init__(self, path: Path, locks: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._locks = locks
        self._clock = clock
        self.message = ""
        self.is_off = False
        self.known: set[str] = set()
        self.lost: set[str] = set()
        self._seen: Identity | None = None

    def identity(self) -> Identity | None:
        """Which file stands at the path; None for none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def set_aside(self, identity: Identity | None, reason: str) -> None:
        """Rename the damaged file, unless the one of this `identity` is gone from its place already."""
        try:
            self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Two processes may find the damage at once: the second must leave the first one's new file alone.
            with FileLock(self._locks / "journal.lock", timeout=_PATIENCE_S, thread_local=False):
                if identity is not None and self.identity() == identity:
                    self._rename(reason)
        except Timeout:
            self.turn_off(
                "It is damaged, and another process holds it. Close Downspout everywhere, then start it."
            )
        except OSError as error:
            self.turn_off(f"It is damaged. {disk_error(error, str(self.path)).message}")

    def note(self, identity: Identity | None) -> None:
        """A connection to this file has been made: what was on record in another one is so no more."""
        if self._seen is not None and identity != self._seen:
            self.lost |= self.known
            self.known = set()
        self._seen = identity

    def turn_off(self, reason: str) -> None:
        """Do without the journal from now on; said once."""
        if not self.is_off:
            self.is_off = True
            self._say(
                f"The record of downloads, {self.path}, cannot be used. {reason} "
                "Downloads go on, but cannot be resumed after a restart."
            )

    def error(self) -> TransferError:
        """What a question to a journal that is off is answered with."""
        return TransferError(ErrorKind.DISK, self.message)

    def _rename(self, reason: str) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        name = f"{self.path.name}.damaged-{stamp}"
        number = 0
        while (aside := self.path.with_name(name)).exists():
            number += 1
            name = f"{self.path.name}.damaged-{stamp}-{number}"
        # The WAL first: left behind by a kill in between, it would be played into the new file.
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).rename(aside.with_name(aside.name + suffix))
        self._say(
            f"The record of earlier downloads, {self.path}, was damaged ({reason}). It is set aside as "
            f"{aside} and a new one begun. Start unfinished downloads again: "
            "files that are there already are skipped."
        )

    def _say(self, message: str) -> None:
        self.message = message
        _log.warning("%s", message)


class Session:
    """One connection to the journal's file, made anew when needed; one thread at a time. Blocks."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` on the journal; on a new one when it is damaged.

        Raises BusyError, and TransferError(DISK) when there is none to work on.
        """
        for _ in range(2):
            if self._file.is_off:
                break
            try:
                with judged(str(self._file.path)):
                    return work(self._connect())
            except DamagedError as error:
                self.close()
                self._file.set_aside(self._identity, str(error))
            except UnwritableError as error:
                self.close()
                self._file.turn_off(str(error))
            except BaseException:
                # A transaction may be half done: closing rolls it back.
                self.close()
                raise
        self._file.turn_off("It is damaged, and so is the one begun in its place.")
        raise self._file.error()

    def close(self) -> None:
        """Close the connection; the next `run` makes another. Idempotent, raises nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        found = self._file.identity()
        if self._connection is not None and found == self._identity:
            return self._connection
        self.close()
        self._identity = found
        self._connection = open_database(self._file.path)
        # Where there was none, it has been made just now.
        self._identity = found or self._file.identity()
        self._file.note(self._identity)
        return self._connection
