"""Every checksum, intact and damaged, in one GET and in ranges: no wrong file, no false `verified`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from tests.e2e.attempt import Attempt, download, policy_of
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import COMPOSITE, SeededObject

SIZE = 300_001
PART = 64 << 10
FLIPPED = SIZE // 2
HEADERS = ("crc64nvme", "crc32c", "crc32", "sha256", "sha1")
WAYS = pytest.mark.parametrize("part_size_bytes", [1 << 20, PART], ids=["one GET", "ranges"])

PROVABLE = {
    **{name: SeededObject("x", SIZE, algorithms=(name,)) for name in HEADERS},
    "md5": SeededObject("x", SIZE),
}
BY_PARTS = {
    "md5": SeededObject("x", SIZE, part_size_bytes=PART),
    **{
        name: SeededObject("x", SIZE, algorithms=(name,), checksum_type=COMPOSITE, part_size_bytes=PART + 1)
        for name in HEADERS[1:]
    },
}
UNEQUAL = replace(BY_PARTS["crc32c"], part_size_bytes=None, part_lengths=(90_000, 70_000, 80_000, 60_001))


def attempt_of(server: FaultServer, folder: Path, item: SeededObject, part_size_bytes: int) -> Attempt:
    return download(server, folder, [item], policy=policy_of(part_size_bytes=part_size_bytes))


def flip(times: int | None = None) -> Fault:
    return Fault(operation=Operation.GET, holds=FLIPPED, flip_at=FLIPPED, times=times)


@WAYS
@pytest.mark.parametrize("name", PROVABLE)
def test_an_intact_object_is_verified_by_what_the_server_told(
    tmp_path: Path, name: str, part_size_bytes: int
) -> None:
    item = PROVABLE[name]
    with FaultServer([item]) as server:
        attempt = attempt_of(server, tmp_path, item, part_size_bytes)
        is_ranged = [bool(entry.range) for entry in server.requests(Operation.GET)]
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {"x": item.read()})
    assert attempt.rows[0].verified == name
    assert len(is_ranged) == (1 if part_size_bytes > SIZE else 5)


@WAYS
@pytest.mark.parametrize("name", PROVABLE)
def test_a_bit_flipped_always_is_a_checksum_error_after_one_more_try(
    tmp_path: Path, name: str, part_size_bytes: int
) -> None:
    item = PROVABLE[name]
    with FaultServer([item], [flip()]) as server:
        attempt = attempt_of(server, tmp_path, item, part_size_bytes)
        flipped = [
            entry for entry in server.requests(Operation.GET) if flip().meets(Operation.GET, "x", entry.range)
        ]
    assert attempt.error.kind is ErrorKind.CHECKSUM
    assert (attempt.files, attempt.rows[0].verified) == ({}, None)
    assert len(flipped) == 2
    assert ("MD5 differs from ETag" if name == "md5" else f"{name} of x differs") in attempt.error.message


@WAYS
@pytest.mark.parametrize("name", PROVABLE)
def test_a_bit_flipped_once_is_mended_by_one_more_try(
    tmp_path: Path, name: str, part_size_bytes: int
) -> None:
    item = PROVABLE[name]
    with FaultServer([item], [flip(times=1)]) as server:
        attempt = attempt_of(server, tmp_path, item, part_size_bytes)
        assert server.sent_bytes("x") <= 2 * SIZE
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {"x": item.read()})
    assert attempt.rows[0].verified == name


def heads(server: FaultServer) -> list[str]:
    """The part numbers that HEADs asked for, empty for the whole."""
    return [entry.query.get("partNumber", "") for entry in server.requests(Operation.HEAD)]


@pytest.mark.parametrize("name", BY_PARTS)
def test_a_large_object_is_verified_by_its_parts_for_one_request_more(tmp_path: Path, name: str) -> None:
    item = BY_PARTS[name]
    with FaultServer([item]) as server:
        attempt = attempt_of(server, tmp_path, item, PART)
        assert heads(server) == ["", "1"]
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {"x": item.read()})
    assert attempt.rows[0].verified == name


@pytest.mark.parametrize("name", BY_PARTS)
def test_a_bit_flipped_in_an_object_that_only_its_parts_prove_is_a_checksum_error(
    tmp_path: Path, name: str
) -> None:
    item = BY_PARTS[name]
    with FaultServer([item], [flip()]) as server:
        attempt = attempt_of(server, tmp_path, item, PART)
    assert attempt.error.kind is ErrorKind.CHECKSUM
    assert (attempt.files, attempt.rows[0].verified) == ({}, None)


@pytest.mark.parametrize("is_flipped", [False, True], ids=["intact", "flipped"])
def test_parts_of_several_sizes_are_asked_for_one_by_one(tmp_path: Path, is_flipped: bool) -> None:
    with FaultServer([UNEQUAL], [flip()] if is_flipped else []) as server:
        attempt = attempt_of(server, tmp_path, UNEQUAL, PART)
        assert sorted(heads(server)[:6]) == ["", "1", "1", "2", "3", "4"]
    if is_flipped:
        assert (attempt.error.kind, attempt.files) == (ErrorKind.CHECKSUM, {})
    else:
        assert (attempt.files, attempt.rows[0].verified) == ({"x": UNEQUAL.read()}, "crc32c")


LONELY = replace(BY_PARTS["sha256"], part_size_bytes=SIZE)


@WAYS
@pytest.mark.parametrize("is_flipped", [False, True], ids=["intact", "flipped"])
def test_an_upload_of_one_part_is_verified_without_asking_for_it(
    tmp_path: Path, is_flipped: bool, part_size_bytes: int
) -> None:
    with FaultServer([LONELY], [flip()] if is_flipped else []) as server:
        attempt = attempt_of(server, tmp_path, LONELY, part_size_bytes)
        assert "1" not in heads(server)
    if is_flipped:
        assert (attempt.error.kind, attempt.files) == (ErrorKind.CHECKSUM, {})
    else:
        assert (attempt.files, attempt.rows[0].verified) == ({"x": LONELY.read()}, "sha256")


SILENT = Fault(operation=Operation.HEAD, skip=1, headers={"x-amz-mp-parts-count": "0"})
REFUSING = Fault(operation=Operation.HEAD, skip=1, status=403)
FIRST_IS_SHORT = replace(UNEQUAL, part_lengths=(60_001, 70_000, 80_000, 90_000))


@pytest.mark.parametrize("is_flipped", [False, True], ids=["intact", "flipped"])
@pytest.mark.parametrize(
    ("item", "faults", "part_size_bytes"),
    [
        (BY_PARTS["md5"], [], 1 << 20),
        (BY_PARTS["sha1"], [], 1 << 20),
        (BY_PARTS["md5"], [SILENT], PART),
        (BY_PARTS["crc32"], [SILENT], PART),
        (BY_PARTS["crc32"], [REFUSING], PART),
        (FIRST_IS_SHORT, [], PART),
        (UNEQUAL, [replace(SILENT, skip=2)], PART),
    ],
    ids=["small, etag", "small", "untold, etag", "untold", "refused", "first is short", "others untold"],
)
def test_where_the_parts_cannot_be_compared_nothing_is_called_verified(
    tmp_path: Path, item: SeededObject, faults: list[Fault], part_size_bytes: int, is_flipped: bool
) -> None:
    with FaultServer([item], [*faults, *([flip()] if is_flipped else [])]) as server:
        attempt = attempt_of(server, tmp_path, item, part_size_bytes)
    assert attempt.outcome is Outcome.DONE
    assert attempt.rows[0].verified is None
    assert "size and ETag only" in attempt.rows[0].note


@pytest.mark.parametrize(
    ("item", "faults"),
    [
        (SeededObject("x", SIZE, algorithms=("crc64nvme",), part_size_bytes=PART), []),
        (PROVABLE["crc64nvme"], [Fault(operation=Operation.GET, tells_whole_checksum=True)]),
    ],
    ids=["of the part", "of the whole"],
)
def test_a_checksum_told_with_a_range_is_not_taken_for_another(
    tmp_path: Path, item: SeededObject, faults: list[Fault]
) -> None:
    with FaultServer([item], faults) as server:
        attempt = attempt_of(server, tmp_path, item, PART)
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {"x": item.read()})
    assert attempt.rows[0].verified == "crc64nvme"
