"""The program's log: where it goes, what a crash writes to it, and that no secret is in it."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType

from app.core.redaction import redacted

LEVELS = ("error", "warning", "info", "debug")
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

log = logging.getLogger(__name__)


class RedactingFormatter(logging.Formatter):
    """A record as a line, with its traceback, all of it without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines of one record."""
        return redacted(super().format(record))


def begin(level: str, file: str = "") -> None:
    """Send everything of this level that any library logs to `file`, or to stderr. Raises OSError."""
    logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    # Over the progress line, where there is one.
    erase = "" if file or not sys.stderr.isatty() else "\r\x1b[K"
    handler.setFormatter(RedactingFormatter(erase + _FORM))
    root = logging.getLogger()
    for earlier in [old for old in root.handlers if isinstance(old.formatter, RedactingFormatter)]:
        root.removeHandler(earlier)
        earlier.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.getLogger("botocore.hooks").setLevel(logging.INFO)  # its debug lines name every handler it calls
    redacted.learn(
        *(os.environ.get(name) for name in _SECRET_VARIABLES), key_id=os.environ.get("AWS_ACCESS_KEY_ID", "")
    )


def catch_crashes() -> None:
    """Have the log tell what nobody caught, in this thread and all others; Ctrl-C stays Python's."""
    begin("warning")
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    threading.excepthook = lambda told: _crashed(told.exc_type, told.exc_value, told.exc_traceback)
    sys.unraisablehook = lambda told: _crashed(told.exc_type, told.exc_value, told.exc_traceback)


def _crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    raised = error or kind()
    if isinstance(raised, KeyboardInterrupt):
        sys.__excepthook__(kind, raised, trace)
    else:
        log.critical("an error inside Downspout that nobody caught", exc_info=(kind, raised, trace))
