"""A receipt read back, strictly: the batch that it tells of, to go on with what is not done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import Outcome
from app.core.naming import PathRules, escape_segment
from app.core.objects import ConnectionSpec, ObjectInfo, Source
from app.core.patterns import EXCLUDE, INCLUDE
from app.core.plan import Placer, PlannedItem, Verdict
from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.receipt import SCHEMA
from app.core.saved import SavedBatch, SavedRow
from app.core.states import TERMINAL, State
from app.core.uris import parse_source

V = TypeVar("V")

_VERDICTS = {ErrorKind.ARCHIVED: Verdict.ARCHIVED, ErrorKind.EXISTS: Verdict.EXISTS}


class ReceiptBatch(NamedTuple):
    """The batch of a receipt, and all its rows."""

    saved: SavedBatch
    rows: tuple[SavedRow, ...]


def read_receipt(values: object, rules: PathRules) -> ReceiptBatch:
    """The batch of a receipt's JSON values. Raises TransferError(USAGE) that names what is wrong.

    Nothing in it is trusted: a `path` that `rules` would not have given to any key is refused.
    """
    try:
        return _batch(_map(values, "the receipt"), rules)
    except _BadReceiptError as bad:
        raise TransferError(ErrorKind.USAGE, f"This is no receipt to go on from: {bad}.") from None


class _BadReceiptError(Exception):
    """What is wrong with a receipt."""


def _batch(values: Mapping[str, Any], rules: PathRules) -> ReceiptBatch:
    if values.get("schema") != SCHEMA:
        raise _BadReceiptError(f'its "schema" is not {SCHEMA}')
    policy = _map(values.get("policy"), "policy")
    rows = tuple(_rows(_list(values, "files"), rules))
    saved = SavedBatch(
        batch_id=_text(values, "batch_id"),
        title="",
        spec=ConnectionSpec(),
        is_demo=False,
        endpoint=_text(values, "endpoint"),
        sources=_sources(values, rows, rules),
        destination=_text(values, "destination"),
        policy=BatchPolicy(
            StopPolicy(
                _typed(policy, "stop_on_first_error", bool),
                _choice(policy, "in_flight", InFlight),
            ),
            _choice(policy, "if_exists", IfExists),
        ),
        started_at=_time(values, "started_at"),
        is_listing_complete=_text(values, "listing") == "complete",
        last_key=_text(values, "last_key"),
        outcome=_choice(values, "outcome", Outcome),
    )
    return ReceiptBatch(saved, rows)


def _sources(values: Mapping[str, Any], rows: Sequence[SavedRow], rules: PathRules) -> tuple[Source, ...]:
    """The sources, each with the base that has given its rows their paths."""
    sources = []
    for uri in _list(values, "source"):
        try:
            source = parse_source(uri if isinstance(uri, str) else "")
        except TransferError as error:
            raise _BadReceiptError(f'its "source" is wrong: {error.message}') from None
        sources.append(source)
    if not sources or {source.bucket for source in sources} != {_text(values, "bucket")}:
        raise _BadReceiptError('its "source" is not of its "bucket"')
    patterns = _patterns(values)
    return tuple(replace(source, base=_base(source, rows, rules), rules=patterns) for source in sources)


def _patterns(values: Mapping[str, Any]) -> tuple[str, ...]:
    told = _list(values, "patterns") if "patterns" in values else []
    patterns = tuple(rule for rule in told if isinstance(rule, str) and rule[:1] in (INCLUDE, EXCLUDE))
    if len(patterns) < len(told):
        raise _BadReceiptError('its "patterns" are none')
    return patterns


def _base(source: Source, rows: Sequence[SavedRow], rules: PathRules) -> str:
    """What was taken off the keys of a source; where no row tells it, what the command line would take."""
    for row in rows:
        key = row.item.obj.key
        if row.item.path and (key.startswith(source.key) if source.is_prefix else key == source.key):
            cuts = [0, *(at + 1 for at, letter in enumerate(source.base) if letter == "/")]
            for base in (source.base[:cut] for cut in reversed(cuts)):
                if Placer(rules).place(row.item.obj, base).path == row.item.path:
                    return base
    return source.base


def _rows(files: Sequence[object], rules: PathRules) -> list[SavedRow]:
    rows: list[SavedRow] = []
    paths: set[str] = set()
    for number, value in enumerate(files):
        try:
            row = _row(number, _map(value, "the entry"), rules)
        except _BadReceiptError as bad:
            raise _BadReceiptError(f"file {number + 1}: {bad}") from None
        if row.item.path in paths:
            raise _BadReceiptError(f"file {number + 1}: its path {row.item.path!r} is another file's")
        if row.item.path:
            paths.add(row.item.path)
        rows.append(row)
    return rows


def _row(index: int, values: Mapping[str, Any], rules: PathRules) -> SavedRow:
    obj = ObjectInfo(
        key=_text(values, "key"),
        size_bytes=_typed(values, "size_bytes", int),
        etag=_text(values, "etag"),
        version_id=_text_or_none(values, "version_id"),
    )
    state = _choice(values, "state", State)
    if state not in TERMINAL:
        raise _BadReceiptError(f'its "state" {state.value} is no end')
    error = _error(values.get("error"))
    path = _text(values, "path")
    is_marker = obj.key.endswith("/") and obj.size_bytes == 0
    verdict = Verdict.SAME if state is State.SKIPPED else Verdict.NEW
    if state is State.FAILED and error is not None:
        verdict = _VERDICTS.get(error.kind, verdict) if path else Verdict.BLOCKED
    if path and not all(_is_plain(segment, rules) for segment in path.split("/")):
        raise _BadReceiptError(f"its path {path!r} is no safe place below the destination")
    if not path and verdict is not Verdict.BLOCKED and not is_marker:
        raise _BadReceiptError(f"the key {obj.key!r} has no path")
    item = PlannedItem(obj, path, is_marker, verdict, error.message if error else "")
    return SavedRow(
        index,
        item,
        state,
        tries=_typed(values, "attempts", int),
        verified=_text_or_none(values, "verified"),
        note=_text_or_none(values, "unverified_reason") or "",
        error=error,
    )


def _is_plain(segment: str, rules: PathRules) -> bool:
    """True for a name that the plan could have made for this target: it means nothing special there."""
    return segment.isascii() or _is_utf8(segment) if escape_segment(segment, rules) == segment else False


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _error(value: object) -> ErrorRecord | None:
    if value is None:
        return None
    values = _map(value, "error")
    return ErrorRecord(
        _text_or_none(values, "key"),
        _choice(values, "kind", ErrorKind),
        _text(values, "code"),
        _text(values, "message"),
        _text(values, "request_id"),
        _time(values, "at"),
    )


def _map(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _BadReceiptError(f"{name} is no JSON object")
    return value


def _typed(values: Mapping[str, Any], name: str, kind: type[V]) -> V:
    value = values.get(name)
    # A bool is an int to Python, and a number is no bool to anyone else.
    if type(value) is not kind:
        raise _BadReceiptError(f'its "{name}" is missing or wrong')
    return value


def _text(values: Mapping[str, Any], name: str) -> str:
    return _typed(values, name, str)


def _text_or_none(values: Mapping[str, Any], name: str) -> str | None:
    return None if values.get(name) is None else _text(values, name)


def _list(values: Mapping[str, Any], name: str) -> list[object]:
    return _typed(values, name, list)


def _choice(values: Mapping[str, Any], name: str, choices: Callable[[str], V]) -> V:
    try:
        return choices(_text(values, name))
    except ValueError:
        raise _BadReceiptError(f'its "{name}" {values[name]!r} is none that is known') from None


def _time(values: Mapping[str, Any], name: str) -> float:
    try:
        return datetime.fromisoformat(_text(values, name)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise _BadReceiptError(f'its "{name}" is no time') from None
