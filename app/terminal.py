"""What the headless twin prints: JSON lines, plain lines, listings, the progress line."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import TextIO

from app.core.errors import ErrorRecord
from app.core.events import BatchSnapshot, Outcome
from app.core.objects import ListingPage, ObjectColumns
from app.core.plan import PlannedItem
from app.core.receipt import error_values, utc_text
from app.core.states import State
from app.core.units import size_text
from app.engine.batch_rows import BatchRows
from app.engine.row import Row

PROGRESS_EVERY_S = 0.2
DAY_S = 24 * 60 * 60
EPOCH_DAY = date(1970, 1, 1).toordinal()


def shown(text: str) -> str:
    """A key or a message made fit for a terminal: what is not printable is written as an escape."""
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text)


def let_go(out: TextIO) -> None:
    """Send what is still written to `out` nowhere, for nothing can be written there any more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


class JsonLines:
    """A batch as JSON lines (command line contract, `--json`), each out in the loop's turn it is told in.

    `problem` is why lines were lost: then the batch goes on, for its files matter more than its report.
    """

    def __init__(self, out: TextIO) -> None:
        self.problem: OSError | None = None
        self._out = out
        self._is_flush_due = False

    def listed(self, keys: int, is_complete: bool) -> None:
        """After each page."""
        self._write({"event": "listed", "keys": keys, "complete": is_complete})

    def planned(self, item: PlannedItem) -> None:
        """An item has its verdict."""
        self._write(planned_values(item))

    def moved(self, row: Row) -> None:
        """A transfer has a new state."""
        self._write(
            {
                "event": "state",
                "key": row.item.obj.key,
                "state": row.state.value,
                "attempt": row.attempt,
                "done_bytes": row.done_bytes,
                "size_bytes": row.item.obj.size_bytes,
                "error": error_values(row.error),
            }
        )

    def stopping(self, error: ErrorRecord) -> None:
        """The first error is about to stop the batch."""
        self._write({"event": "stopping", "first_error": error_values(error)})

    def ended(self, batch: BatchSnapshot, receipt: Callable[[], dict[str, object]]) -> None:
        """The receipt, last."""
        self._write({"event": "receipt", "receipt": receipt()})
        self._flush()

    def _write(self, values: dict[str, object]) -> None:
        if self.problem is not None:
            return
        if not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self._flush)
        try:
            self._out.write(json.dumps(values) + "\n")
        except OSError as error:
            self._lose(error)

    def _flush(self) -> None:
        self._is_flush_due = False
        try:
            self._out.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.problem = error
        let_go(self._out)


class Lines:
    """A batch in words: a line a failure as it happens, the outcome at the end."""

    problem: OSError | None = None

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def listed(self, keys: int, is_complete: bool) -> None:
        """Nothing: the progress line shows the count."""

    def planned(self, item: PlannedItem) -> None:
        """Nothing: what the plan knew to fail is told when its row fails."""

    def moved(self, row: Row) -> None:
        """Tell a failure."""
        if row.state is State.FAILED and row.error is not None:
            self._say(f"failed: {row.item.obj.key}: {in_words(row.error)}")

    def stopping(self, error: ErrorRecord) -> None:
        """Tell what stops the batch."""
        self._say(f"stopping: {in_words(error) if error.key is None else f'{error.key} failed first'}")

    def ended(self, batch: BatchSnapshot, receipt: Callable[[], dict[str, object]]) -> None:
        """Tell how it ended, and the counts."""
        counts = ", ".join(f"{count} {state.value}" for state, count in batch.counts.items() if count)
        excluded = f", {batch.excluded} excluded" if batch.excluded else ""
        self._say(f"{_OUTCOME_WORDS[batch.outcome or Outcome.DONE]}: {counts or 'nothing to do'}{excluded}")

    def _say(self, text: str) -> None:
        erase = "\r\x1b[K" if self._out.isatty() else ""
        with suppress(OSError):
            self._out.write(f"{erase}{shown(text)}\n")


_OUTCOME_WORDS = {
    Outcome.DONE: "done",
    Outcome.FAILED: "ended with failures",
    Outcome.STOPPED: "stopped by the first error",
    Outcome.CANCELLED: "cancelled",
}


def in_words(error: ErrorRecord) -> str:
    """An error's message with the server's code and request id."""
    details = ", ".join(filter(None, (error.code, error.request_id and f"request {error.request_id}")))
    return f"{error.message} ({details})" if details else error.message


def planned_values(item: PlannedItem) -> dict[str, object]:
    """The `planned` line of an item."""
    return {
        "event": "planned",
        "key": item.obj.key,
        "path": item.path,
        "size_bytes": item.obj.size_bytes,
        "verdict": item.verdict.value,
    }


def plan_line(item: PlannedItem, *, as_json: bool) -> str:
    """A line of `--dry-run`."""
    if as_json:
        return json.dumps(planned_values(item)) + "\n"
    target = f" -> {item.path}" if item.path != item.obj.key else ""
    reason = f"  ({item.reason})" if item.reason else ""
    size = size_text(item.obj.size_bytes)
    return shown(f"{item.verdict.value:9} {size:>9}  {item.obj.key}{target}{reason}") + "\n"


class ListingLines:
    """A listing, a line an entry; a page is out before the next one is asked for."""

    def __init__(self, out: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def page(self, page: ListingPage) -> None:
        """One page: its prefixes, then its objects."""
        for prefix in page.prefixes:
            text = (
                json.dumps({"prefix": prefix}) if self._as_json else f"{'-':>14}  {'-':20}  {shown(prefix)}"
            )
            self._out.write(text + "\n")
        self.objects(page.objects)

    def objects(self, objects: ObjectColumns) -> None:
        """Objects, then a flush."""
        make = _json_lines if self._as_json else _plain_lines
        self._out.write("".join(make(objects)))
        self._out.flush()


def _plain_lines(objects: ObjectColumns) -> Iterator[str]:
    keys = objects.keys if "".join(objects.keys).isprintable() else map(shown, objects.keys)
    for size_bytes, at, key in zip(objects.sizes, objects.modified, keys, strict=True):
        yield f"{size_bytes:>14}  {'-' if at is None else _second_text(at):20}  {key}\n"


def _second_text(at: float) -> str:
    """`utc_text` to the second, at a third of its cost: a listing has a million times and few days."""
    days, second = divmod(math.floor(at), DAY_S)
    return f"{_date_text(days)}T{_clock_text(second)}"


@lru_cache(maxsize=DAY_S)
def _date_text(days: int) -> str:
    return date.fromordinal(EPOCH_DAY + days).isoformat()


@lru_cache(maxsize=DAY_S)
def _clock_text(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _json_lines(objects: ObjectColumns) -> Iterator[str]:
    for obj in objects:
        values = {
            "key": obj.key,
            "size_bytes": obj.size_bytes,
            "modified_at": utc_text(obj.modified_at) if obj.modified_at is not None else None,
            "etag": obj.etag,
            "storage_class": obj.storage_class,
        }
        yield json.dumps(values) + "\n"


class ProgressLine:
    """One line on stderr that is written over a few times a second while the block runs."""

    def __init__(self, rows: BatchRows, *, is_shown: bool) -> None:
        self._rows = rows
        self._is_shown = is_shown
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        if self._is_shown:
            self._task = asyncio.ensure_future(self._tick())

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    async def _tick(self) -> None:
        while True:
            self._rows.sample()
            sys.stderr.write(f"\r\x1b[K{progress_text(self._rows.snapshot())}")
            sys.stderr.flush()
            await asyncio.sleep(PROGRESS_EVERY_S)


def progress_text(batch: BatchSnapshot) -> str:
    """The progress line's words."""
    counts = batch.counts
    ended = sum(count for state, count in counts.items() if state.is_terminal)
    of = str(batch.rows) if batch.is_listing_complete else f"at least {batch.rows}"
    parts = [f"{ended} of {of}", f"{size_text(batch.done_bytes)} of {size_text(batch.size_bytes)}"]
    if counts[State.FAILED]:
        parts.append(f"{counts[State.FAILED]} failed")
    if batch.wait is not None:
        return " · ".join([*parts, batch.wait.phase.value])
    parts.append(f"{size_text(batch.speed_bps)}/s")
    if batch.eta_s is not None:
        parts.append(f"{batch.eta_s:.0f} s left")
    return " · ".join(parts)
