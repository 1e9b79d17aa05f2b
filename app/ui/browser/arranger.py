"""Arranges a level's rows off the main thread, or at once where there are few."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from PySide6.QtCore import QObject, Signal, Slot

from app.bridge.right_of_way import give_way
from app.ui.browser.arrangement import Arranged, Arrangement, Wish
from app.ui.browser.rows import Chunk, Rows

FEW_ROWS = 3000
"""So many rows are arranged within a few milliseconds, on the main thread."""


@dataclass(frozen=True, slots=True)
class _Job:
    version: int
    arrangement: Arrangement
    wish: Wish
    chunks: list[Chunk]
    is_last: bool


class _StaleError(Exception):
    """Something else is wanted by now."""


class Arranger(QObject):
    """Owns a daemon thread, which is started for the first large level. All methods are for the main thread.

    What it tells of a level before the present one, or of a wish before the present one, is dropped.
    """

    arranged = Signal(object)  # Arranged
    _done = Signal(int, object)  # the version that it was asked for, Arranged

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = Rows()
        self._arrangement = Arrangement(self._rows)
        self._wish = Wish()
        self._is_last = False
        self._version = 0
        self._told_version = -1
        self._thread: threading.Thread | None = None
        self._turn = threading.Condition()
        self._has_work = self._is_closed = False
        self._done.connect(self._tell)

    def begin(self, rows: Rows) -> None:
        """Another level: what is asked for stays, the rows are these."""
        with self._turn:
            self._rows = rows
            self._arrangement = Arrangement(rows)
            self._is_last = False
            self._version += 1

    def ask(self, wish: Wish) -> None:
        """Arrange everything by this wish."""
        with self._turn:
            self._wish = wish
            self._version += 1
        self._work()

    def go_on(self, *, is_last: bool = False) -> None:
        """More rows are there, or (`is_last`) all for now."""
        with self._turn:
            self._is_last = is_last
        self._work()

    def close(self) -> None:
        """End the thread after its present step; does not wait for it."""
        with self._turn:
            self._is_closed = True
            self._version += 1
            self._turn.notify()

    def _work(self) -> None:
        if len(self._rows) <= FEW_ROWS:
            arranged = self._arrange(self._job(), lambda: None)
            if arranged is not None:
                self.arranged.emit(arranged)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="arranger", daemon=True)
            self._thread.start()
        with self._turn:
            self._has_work = True
            self._turn.notify()

    @Slot(int, object)
    def _tell(self, version: int, arranged: Arranged) -> None:
        if version == self._version:
            self.arranged.emit(arranged)

    def _job(self) -> _Job:
        return _Job(self._version, self._arrangement, self._wish, self._rows.chunks[:], self._is_last)

    def _arrange(self, job: _Job, check: Callable[[], object]) -> Arranged | None:
        arranged = job.arrangement.arrange(
            job.wish, job.chunks, check, anew=job.version != self._told_version, is_last=job.is_last
        )
        self._told_version = job.version
        return arranged

    # On its own thread

    def _run(self) -> None:
        rest_s: float | None = None
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._has_work or self._is_closed, rest_s)
                if self._is_closed:
                    return
                self._has_work = False
                job = self._job()

            def check(version: int = job.version) -> None:
                give_way()
                if version != self._version:
                    raise _StaleError

            try:
                arranged = self._arrange(job, check)
                if arranged is not None:
                    self._done.emit(job.version, arranged)
            except _StaleError:
                continue
            except RuntimeError:  # the window is gone
                return
            is_behind = job.arrangement.is_behind
            rest_s = max(0.0, job.arrangement.rests_until - monotonic()) if is_behind else None
