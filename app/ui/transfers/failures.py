"""The failures of batches as a text to read and as a table to work with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.bridge.mirror import Mirror
from app.core.receipt import utc_text
from app.core.states import State
from app.ui.csv_text import csv_line
from app.ui.transfers import words

TITLES = (
    "batch",
    "key",
    "path",
    "size_bytes",
    "stopped_the_batch",
    "kind",
    "code",
    "message",
    "request_id",
    "at",
)
_LOOKS_A_PIECE = 1000


def failures_text(mirror: Mirror, batch_ids: Iterable[str]) -> Iterator[str]:
    """Each failure in a paragraph: the key, what happened, the server's code and the request id."""
    for batch_id, index in _failed(mirror, batch_ids):
        if index is None:
            yield ""
            continue
        error = mirror.row(batch_id, index).error
        details = words.error_details(error) if error else ""
        yield f"{mirror.seed(batch_id, index).key}\n{details}\n\n"


def failures_csv(mirror: Mirror, batch_ids: Iterable[str]) -> Iterator[str]:
    """Each failure on a line, below a line of titles."""
    yield csv_line(TITLES)
    for batch_id, index in _failed(mirror, batch_ids):
        if index is None:
            yield ""
            continue
        row, seed = mirror.row(batch_id, index), mirror.seed(batch_id, index)
        error = row.error
        about = (batch_id, seed.key, seed.path, seed.size_bytes, "yes" if row.is_culprit else "no")
        what = (error.kind.value, error.code, error.message, error.request_id) if error else ("",) * 4
        yield csv_line((*about, *what, utc_text(error.at) if error else ""))


def _failed(mirror: Mirror, batch_ids: Iterable[str]) -> Iterator[tuple[str, int | None]]:
    """The failed rows in order, and (None) now and again where there are none for long."""
    for batch_id in batch_ids:
        for index, row in enumerate(mirror.rows(batch_id)):
            if row.state is State.FAILED:
                yield batch_id, index
            elif index % _LOOKS_A_PIECE == 0:
                yield batch_id, None
