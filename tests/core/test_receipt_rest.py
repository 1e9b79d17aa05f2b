"""A receipt read back: what is taken from it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.naming import LINUX, WINDOWS, PathRules
from app.core.plan import Verdict
from app.core.receipt_rest import ReceiptBatch, read_receipt
from app.core.states import State

ERROR = {
    "key": "a/x",
    "kind": "access_denied",
    "code": "AccessDenied",
    "message": "No.",
    "request_id": "7",
    "at": "2026-11-22T12:00:00.123Z",
}


def _file(key: str = "a/x", path: str = "x", **changes: Any) -> dict[str, Any]:
    return {
        "key": key,
        "version_id": None,
        "path": path,
        "size_bytes": 5,
        "etag": "e",
        "state": "stopped",
        "verified": None,
        "attempts": 1,
        "error": None,
        **changes,
    }


def _receipt(*files: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "schema": "downspout.receipt/1",
        "batch_id": "20261122-120000-abcd",
        "started_at": "2026-11-22T12:00:00.123Z",
        "finished_at": "2026-11-22T12:00:01.123Z",
        "endpoint": "http://127.0.0.1:1",
        "bucket": "b",
        "source": ["s3://b/a/"],
        "destination": "/to",
        "listing": "complete",
        "last_key": "a/x",
        "policy": {"stop_on_first_error": False, "in_flight": "discard", "if_exists": "replace"},
        "outcome": "stopped",
        "first_error": None,
        "counts": {},
        "bytes_fetched": 0,
        "files": list(files),
        **changes,
    }


def _read(*files: dict[str, Any], rules: PathRules = LINUX, **changes: Any) -> ReceiptBatch:
    return read_receipt(_receipt(*files, **changes), rules)


def _refusal(values: object, rules: PathRules = LINUX) -> str:
    with pytest.raises(TransferError) as refused:
        read_receipt(values, rules)
    assert refused.value.kind is ErrorKind.USAGE
    return refused.value.message


def test_everything_that_matters_for_the_rest_is_taken() -> None:
    saved, rows = _read(_file(version_id="v1", error=ERROR, state="failed"))
    assert (saved.endpoint, saved.destination, saved.is_listing_complete) == (
        "http://127.0.0.1:1",
        "/to",
        True,
    )
    assert not saved.policy.stop.stop_on_first_error
    assert saved.policy.stop.in_flight.value == "discard"
    assert saved.policy.if_exists.value == "replace"
    (row,) = rows
    assert (row.item.obj.key, row.item.obj.version_id, row.item.obj.etag) == ("a/x", "v1", "e")
    assert (row.item.path, row.state) == ("x", State.FAILED)
    assert row.error is not None
    assert row.error.at == pytest.approx(1795348800.123)


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "a/../../x", "a//x", ".", "..", "a/.", "a\\..\\x", "a\nb", "x\0", "\ud800", "a/"],
)
def test_a_path_that_leads_elsewhere_is_refused_by_the_number_of_its_file(path: str) -> None:
    assert "file 2" in _refusal(_receipt(_file(), _file("a/y", path)))


@pytest.mark.parametrize("path", ["C:/x", "C:", "x:stream", "CON", "a/nul.txt", "x."])
def test_a_path_of_another_system_is_refused_where_it_means_something_else(path: str) -> None:
    assert _read(_file(path=path)).rows[0].item.path == path
    assert "no safe place" in _refusal(_receipt(_file(path=path)), WINDOWS)


def test_two_files_never_share_a_path() -> None:
    assert "another file's" in _refusal(_receipt(_file(), _file("a/y", "x")))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"schema": "downspout.receipt/2"}, "schema"),
        ({"batch_id": 7}, "batch_id"),
        ({"source": []}, "source"),
        ({"source": ["file:///etc"]}, "source"),
        ({"source": ["s3://other/a/"]}, "bucket"),
        ({"destination": None}, "destination"),
        ({"policy": {}}, "stop_on_first_error"),
        ({"policy": None}, "policy"),
        ({"outcome": "fine"}, "outcome"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"files": {}}, "files"),
    ],
)
def test_what_is_missing_or_wrong_is_named(changes: dict[str, Any], named: str) -> None:
    assert named in _refusal(_receipt(_file()) | changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"key": None}, "key"),
        ({"size_bytes": True}, "size_bytes"),
        ({"size_bytes": "5"}, "size_bytes"),
        ({"state": "running"}, "running"),
        ({"state": "lost"}, "state"),
        ({"path": ""}, "no path"),
        ({"error": {}}, "kind"),
        ({"version_id": 3}, "version_id"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(changes: dict[str, Any], named: str) -> None:
    message = _refusal(_receipt(_file(**changes)))
    assert "file 1" in message
    assert named in message


@pytest.mark.parametrize("values", [None, [], "text", 1, {}])
def test_what_is_no_receipt_is_refused(values: object) -> None:
    assert "no receipt" in _refusal(values)


def test_what_the_plan_knew_to_fail_is_still_known() -> None:
    blocked = _file("\0", "", state="failed", error=ERROR | {"kind": "blocked"})
    archived = _file("a/y", "y", state="failed", error=ERROR | {"kind": "archived"})
    verdicts = [row.item.verdict for row in _read(blocked, archived, _file()).rows]
    assert verdicts == [Verdict.BLOCKED, Verdict.ARCHIVED, Verdict.NEW]


@pytest.mark.parametrize(("path", "base"), [("x", "a/b/"), ("b/x", "a/"), ("a/b/x", "")])
def test_the_folder_that_was_open_is_found_from_the_paths(path: str, base: str) -> None:
    saved, _ = _read(_file("a/b/x", path), source=["s3://b/a/b/"])
    assert saved.sources[0].base == base


def test_without_a_row_a_source_is_read_as_the_command_line_does() -> None:
    saved, _ = _read(source=["s3://b/a/b/"])
    assert saved.sources[0].base == "a/b/"
