"""The journal's values as rows of its tables, and back, strictly."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import Outcome
from app.core.integrity import Algorithm
from app.core.objects import Addressing, ConnectionSpec, ObjectInfo, Source
from app.core.plan import PlannedItem, Verdict
from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.redaction import without_user_info
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.disk.journal_packing import (
    Values,
    packed,
    packed_or_none,
    real,
    sealed,
    unpacked,
    unpacked_or_none,
    unsealed,
    whole,
    whole_of,
)

ROW_COLUMNS = (
    "batch, idx, seq, state, attempt, tries, key, size, etag, modified_at, path, verdict, verified, rest,"
    " seal"
)
BATCH_COLUMNS = (
    "number, batch_id, started_at, finished_at, outcome, is_listing_complete, last_key, destination,"
    " policy, about"
)
_GOES_ON_LATER = (State.RUNNING, State.PAUSED)
_NOTHING = ("STANDARD", None, False, "", False, "", "", None)
"""`rest` of a row of which there is nothing to tell."""


class BatchLine(NamedTuple):
    """A row of `batches`, without its seal."""

    number: int
    batch_id: bytes
    started_at: float | None
    finished_at: float | None
    outcome: str | None
    is_listing_complete: int
    last_key: bytes
    destination: bytes
    policy: str
    about: str


def line_of(batch: SavedBatch, number: int) -> BatchLine:
    """The batch as a row, without its secrets and its sources."""
    spec = batch.spec.without_secrets()
    about = {
        "title": batch.title,
        "endpoint": without_user_info(batch.endpoint),
        "is_demo": batch.is_demo,
        "spec": dataclasses.asdict(spec) | {"addressing": spec.addressing.value},
    }
    return BatchLine(
        number,
        packed(batch.batch_id),
        real(batch.started_at),
        real(batch.finished_at),
        batch.outcome.value if batch.outcome else None,
        int(batch.is_listing_complete),
        packed(batch.last_key),
        packed(batch.destination),
        policy_text(batch.policy),
        json.dumps(about),
    )


def batch_of(line: BatchLine, sources: str) -> SavedBatch:
    """The batch of a row and of its sources' text."""
    about = json.loads(line.about)
    spec = about["spec"]
    if line.started_at is None:
        raise ValueError("a batch without its start")
    return SavedBatch(
        batch_id=unpacked(line.batch_id),
        title=about["title"],
        spec=ConnectionSpec(**(spec | {"addressing": Addressing(spec["addressing"])})),
        is_demo=bool(about["is_demo"]),
        endpoint=about["endpoint"],
        sources=tuple(_source_of(source) for source in json.loads(sources)),
        destination=unpacked(line.destination),
        policy=_policy_of(json.loads(line.policy)),
        started_at=line.started_at,
        finished_at=line.finished_at,
        is_listing_complete=bool(line.is_listing_complete),
        last_key=unpacked(line.last_key),
        outcome=None if line.outcome is None else Outcome(line.outcome),
    )


def sources_text(sources: Sequence[Source]) -> str:
    """The sources as text."""
    return json.dumps([_source_map(source) for source in sources])


def policy_text(policy: BatchPolicy) -> str:
    """The policy as text."""
    return json.dumps(
        {
            "stop_on_first_error": policy.stop.stop_on_first_error,
            "in_flight": policy.stop.in_flight.value,
            "max_errors": policy.stop.max_errors,
            "max_percent": policy.stop.max_percent,
            "if_exists": policy.if_exists.value,
            "jobs": policy.jobs,
            "part_size_bytes": policy.part_size_bytes,
            "is_strict": policy.is_strict,
            "limit_bps": policy.limit_bps,
        }
    )


def row_values(number: int, seq: int, row: SavedRow) -> Values:
    """The row as values of `rows`, sealed; `seq` counts what was recorded."""
    item = row.item
    obj = item.obj
    state = State.QUEUED if row.state in _GOES_ON_LATER else row.state
    return sealed(
        (
            number,
            row.index,
            seq,
            state.value,
            row.attempt,
            row.tries,
            None if obj.key == item.path else packed(obj.key),
            whole(obj.size_bytes),
            packed(obj.etag),
            real(obj.modified_at),
            packed(item.path),
            item.verdict.value,
            row.verified,
            _rest_text(row),
        )
    )


def row_of(values: Values) -> SavedRow:
    """The row that `row_values` stored."""
    (_, index, _, state, attempt, tries, key, size, etag, modified_at, path, verdict, verified, rest) = (
        unsealed(values)
    )
    if index < 0 or attempt < 0 or tries < 0:
        raise ValueError("a row below zero")
    storage_class, version_id, is_restored, problem, is_folder, reason, note, error = (
        _NOTHING if rest is None else json.loads(rest)
    )
    obj = ObjectInfo(
        key=unpacked(path if key is None else key),
        size_bytes=whole_of(size),
        etag=unpacked(etag),
        modified_at=modified_at,
        storage_class=storage_class,
        version_id=version_id,
        is_restored=is_restored,
        problem=problem,
    )
    item = PlannedItem(obj, unpacked(path), is_folder, Verdict(verdict), reason)
    return SavedRow(index, item, State(state), attempt, tries, verified, note, _error_of(error))


def _rest_text(row: SavedRow) -> str | None:
    """What few rows have, None where there is nothing of it."""
    item, obj = row.item, row.item.obj
    rest = (
        obj.storage_class,
        obj.version_id,
        obj.is_restored,
        obj.problem,
        item.is_folder,
        item.reason,
        row.note,
        row.error and _error_values(row.error),
    )
    return None if rest == _NOTHING else json.dumps(rest)


def part_values(number: int, part: SavedPart) -> Values:
    """The part file as values of `parts`, sealed, without its extents."""
    return sealed(
        (
            number,
            part.index,
            packed(part.name),
            packed(part.etag),
            packed_or_none(part.version_id),
            whole(part.size_bytes),
            part.algorithm.value,
        )
    )


def part_of(values: Values, extents: tuple[Extent, ...]) -> SavedPart:
    """The part file that `part_values` stored, with its extents."""
    _, index, name, etag, version_id, size, algorithm = unsealed(values)
    return SavedPart(
        index,
        unpacked(name),
        unpacked(etag),
        unpacked_or_none(version_id),
        whole_of(size),
        Algorithm(algorithm),
        extents,
    )


def extent_values(number: int, index: int, extent: Extent) -> Values:
    """The extent as values of `extents`, sealed."""
    return sealed((number, index, extent.first, extent.end, bytes(extent.crc)))


def extent_of(values: Values) -> Extent:
    """The extent that `extent_values` stored."""
    _, _, first, end, crc = unsealed(values)
    if not 0 <= first <= end:
        raise ValueError("an extent below zero")
    return Extent(first, end, bytes(crc))


def _source_map(source: Source) -> dict[str, Any]:
    values = dataclasses.asdict(source)
    return values | {"info": source.info and source.info._asdict()}


def _source_of(source: Mapping[str, Any]) -> Source:
    info = source["info"]
    # A record of an earlier version has no rules.
    rules = tuple(source.get("rules", ()))
    return Source(**{**source, "info": None if info is None else ObjectInfo(**info), "rules": rules})


def _policy_of(policy: Mapping[str, Any]) -> BatchPolicy:
    stop = StopPolicy(
        bool(policy["stop_on_first_error"]),
        InFlight(policy["in_flight"]),
        int(policy.get("max_errors", 0)),
        int(policy.get("max_percent", 0)),
    )
    return BatchPolicy(
        stop,
        IfExists(policy["if_exists"]),
        int(policy["jobs"]),
        int(policy["part_size_bytes"]),
        bool(policy["is_strict"]),
        int(policy.get("limit_bps", 0)),
    )


def _error_values(error: ErrorRecord) -> list[Any]:
    return [error.key, error.kind.value, error.code, error.message, error.request_id, error.at]


def _error_of(values: Sequence[Any] | None) -> ErrorRecord | None:
    if values is None:
        return None
    key, kind, code, message, request_id, at = values
    return ErrorRecord(key, ErrorKind(kind), code, message, request_id, at)
