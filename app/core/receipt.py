"""The receipt of a batch, `downspout.receipt/1`: the machine-readable end, as plain JSON values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.errors import ErrorRecord
from app.core.events import BatchSnapshot, RowSnapshot
from app.core.objects import ObjectInfo
from app.core.states import TERMINAL, State

SCHEMA = "downspout.receipt/1"


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One file as the receipt tells it."""

    obj: ObjectInfo
    path: str
    row: RowSnapshot


@dataclass(frozen=True, slots=True)
class ReceiptHead:
    """What a receipt says of the batch beside its snapshot. `last_key` is the last key listed, or empty.

    `rules` are those of the sources: where there are any, they and the count of what they left out are told.
    """

    endpoint: str
    bucket: str
    sources: tuple[str, ...]
    rules: tuple[str, ...]
    last_key: str
    bytes_fetched: int


def utc_text(at: float) -> str:
    """Seconds since the epoch as `2026-11-22T12:00:00.123Z`."""
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_values(error: ErrorRecord | None) -> dict[str, object] | None:
    """An error as JSON values, or None."""
    if error is None:
        return None
    return {
        "key": error.key,
        "kind": error.kind.value,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
        "at": utc_text(error.at),
    }


def receipt_values(head: ReceiptHead, batch: BatchSnapshot, rows: Iterable[ReceiptRow]) -> dict[str, object]:
    """The whole receipt. `batch` must have ended; every row is in a terminal state."""
    stop = batch.policy.stop
    return {
        "schema": SCHEMA,
        "batch_id": batch.batch_id,
        "started_at": utc_text(batch.started_at),
        "finished_at": utc_text(batch.finished_at or batch.started_at),
        "endpoint": head.endpoint,
        "bucket": head.bucket,
        "source": list(head.sources),
        "destination": batch.destination,
        **({"patterns": list(head.rules), "excluded": batch.excluded} if head.rules else {}),
        "listing": "complete" if batch.is_listing_complete else "incomplete",
        "last_key": head.last_key,
        "policy": {
            "stop_on_first_error": stop.stop_on_first_error,
            "in_flight": stop.in_flight.value,
            "if_exists": batch.policy.if_exists.value,
        },
        "outcome": batch.outcome.value if batch.outcome else None,
        "first_error": error_values(batch.first_error),
        "counts": {state.value: batch.counts[state] for state in State if state in TERMINAL},
        "bytes_fetched": head.bytes_fetched,
        "files": [_file_values(row) for row in rows],
    }


def _file_values(item: ReceiptRow) -> dict[str, object]:
    values: dict[str, object] = {
        "key": item.obj.key,
        "version_id": item.obj.version_id,
        "path": item.path,
        "size_bytes": item.obj.size_bytes,
        "etag": item.obj.etag,
        "state": item.row.state.value,
        "verified": item.row.verified,
        "attempts": item.row.tries + item.row.attempt - 1,
        "error": error_values(item.row.error),
    }
    if item.row.verified is None:
        values["unverified_reason"] = item.row.note or "the file was not finished"
    return values
