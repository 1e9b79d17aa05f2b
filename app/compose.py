"""The one place that knows every part: builds an engine for the window or for the terminal."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.core.timing import Timing
from app.demo import DemoServer
from app.disk.descriptors import affordable_jobs, raised_limit
from app.disk.places import journal_file, locks_folder
from app.disk.target import LocalTarget
from app.engine.daemon import DaemonThreads
from app.engine.engine import Engine
from app.engine.journal import Journal, NoJournal
from app.engine.parts import EngineParts
from app.s3.checksums import Checksums
from app.s3.connection import BotoConnector

DEFAULT_JOBS = 32

log = logging.getLogger(__name__)


def build_engine(
    ask_secret: Callable[[str], str | None],
    *,
    jobs: int = DEFAULT_JOBS,
    writes: bool = True,
    journal: Journal | None = None,
    is_attended: bool = False,
    timing: Timing | None = None,
) -> Engine:
    """An engine with real S3 and the real disk, to be used on the loop that is running.

    `ask_secret` is called on a daemon thread and may block. With `writes` False nothing is made on the disk,
    and without a journal nothing is kept for another start of the program.
    With `is_attended` there is somebody who can sign in again while a batch waits.
    """
    timing = timing or Timing()
    offload = DaemonThreads()
    return Engine(
        EngineParts(
            connector=BotoConnector(offload, timing, ask_secret),
            demo=DemoServer(offload),
            open_target=lambda root: LocalTarget(root, make=writes),
            offload=offload,
            jobs=_affordable(jobs),
            digests=Checksums(),
            timing=timing,
            journal=journal or NoJournal(),
            is_attended=is_attended,
        )
    )


def open_journal() -> Journal:
    """The journal of this person's downloads; making it does no I/O."""
    # Here, because sqlite3 is no use to a listing.
    from app.disk.journal import SqliteJournal

    return SqliteJournal(journal_file(), locks_folder())


def _affordable(jobs: int) -> int:
    limit = raised_limit()
    most = affordable_jobs(jobs, limit)
    if most < jobs:
        log.warning(
            "only %d files may be open at once (RLIMIT_NOFILE), so there are %d jobs and not %d",
            limit,
            most,
            jobs,
        )
    return most


@contextmanager
def leave_within(limit_s: float, code: int) -> Iterator[None]:
    """End the process with `code` if the block takes longer than `limit_s` seconds, whatever hangs in it.

    A name look-up that hangs holds libcurl's close, and with it an orderly exit, for as long as it takes.
    """
    watchdog = threading.Timer(limit_s, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
