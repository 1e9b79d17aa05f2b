"""Every checksum, intact and damaged, in one GET and in ranges: no wrong file, no false `verified`."""

from __future__ import annotations

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
UNPROVABLE = {
    "multipart etag": SeededObject("x", SIZE, part_size_bytes=PART),
    **{
        f"composite {name}": SeededObject(
            "x", SIZE, algorithms=(name,), checksum_type=COMPOSITE, part_size_bytes=PART + 1
        )
        for name in HEADERS[1:]
    },
}


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


@WAYS
@pytest.mark.parametrize("is_flipped", [False, True], ids=["intact", "flipped"])
@pytest.mark.parametrize("name", UNPROVABLE)
def test_what_only_parts_could_prove_is_never_called_verified_by_the_whole(
    tmp_path: Path, name: str, is_flipped: bool, part_size_bytes: int
) -> None:
    item = UNPROVABLE[name]
    with FaultServer([item], [flip()] if is_flipped else []) as server:
        attempt = attempt_of(server, tmp_path, item, part_size_bytes)
    row = attempt.rows[0]
    if attempt.outcome is not Outcome.DONE:
        assert is_flipped
        assert (attempt.error.kind, attempt.files) == (ErrorKind.CHECKSUM, {})
    elif is_flipped:
        assert row.verified is None
        assert "size and ETag only" in row.note
    else:
        assert attempt.files == {"x": item.read()}
        assert row.verified is not None or "size and ETag only" in row.note


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
