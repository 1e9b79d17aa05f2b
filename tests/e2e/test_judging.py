"""Answers that are well-formed and not what was asked for, and objects of which the server tells little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.objects import ObjectInfo, Source
from app.engine.engine import Engine
from tests.e2e.attempt import Attempt, download, play, policy_of, run_batch
from tests.e2e.command import files_of, get
from tests.engine.stage import prepared, spec_of
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject

PART = 64 << 10
SIZE = 8 * PART
ITEM = SeededObject("film.bin", SIZE, algorithms=("crc64nvme",))
NEWER = replace(ITEM, seed=1)
RANGED = policy_of(jobs=2, part_size_bytes=PART)
CLOSED = {"is_http_1_0": True, "has_no_length": True}


def second(**fields: object) -> Fault:
    """A fault of every GET that begins at the second part."""
    return replace(Fault(ITEM.key, Operation.GET, first=PART), **fields)


def untold(**fields: object) -> Fault:
    """A fault of every answer about an object whose ETag the server does not tell."""
    return replace(Fault(ITEM.key, etag="", ignores_if_match=True), **fields)


def download_untold(server: FaultServer, folder: Path) -> Attempt:
    """Download ITEM, of which the listing told no ETag, in ranges."""
    source = Source(BUCKET, ITEM.key, False, "", ObjectInfo(ITEM.key, SIZE))

    async def scene(engine: Engine) -> Attempt:
        return await run_batch(await prepared(engine, [source], folder, RANGED), folder)

    return play(spec_of(server), scene)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (second(content_range=f"bytes {PART}-{3 * PART - 1}/{SIZE}", **CLOSED), "in place of"),
        (
            second(content_range=f"bytes {PART - 9}-{2 * PART - 1}/{SIZE}", shift_by=-9, **CLOSED),
            "in place of",
        ),
        (second(content_range=""), "no Content-Range"),
        (second(declared_bytes=PART - 7), "announced"),
        (second(content_range=f"bytes {PART}-{PART + 99}/{SIZE}", **CLOSED), "more bytes than it announced"),
        (second(ignores_range=True), "the whole object in place of a part"),
    ],
    ids=[
        "goes on behind it",
        "begins before it",
        "says nothing",
        "another length",
        "a longer body",
        "the whole object",
    ],
)
def test_a_range_that_is_not_as_it_says_fails_by_name(tmp_path: Path, fault: Fault, words: str) -> None:
    with FaultServer([ITEM], [fault]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
    assert (attempt.error.kind, attempt.files) == (ErrorKind.PROTOCOL, {})
    assert words in attempt.error.message
    assert ITEM.key in attempt.error.message


def test_an_answer_of_another_size_than_was_listed_is_another_object(tmp_path: Path) -> None:
    item = SeededObject("x", 1000)
    with FaultServer([item], [Fault(operation=Operation.GET, declared_bytes=900)]) as server:
        attempt = download(server, tmp_path, [item])
        assert len(server.requests(Operation.GET)) == 1
    assert (attempt.error.kind, attempt.files) == (ErrorKind.CHANGED, {})
    assert "announces 900 bytes of x, its listing said 1000" in attempt.error.message


def test_an_object_of_which_no_etag_was_listed_is_pinned_by_the_first_answer(tmp_path: Path) -> None:
    swap = Fault(ITEM.key, Operation.GET, skip=1, ignores_if_match=True)
    with FaultServer([ITEM]) as server:
        server.add_fault(replace(swap, before=lambda: server.put(NEWER)))
        attempt = download_untold(server, tmp_path)
        assert server.requests(Operation.GET)[0].headers["if-match"] == f'"{ITEM.etag}"'
    assert (attempt.error.kind, attempt.files) == (ErrorKind.CHANGED, {})


@pytest.mark.parametrize(
    "quiet",
    [Fault(operation=Operation.HEAD, status=403), Fault(operation=Operation.HEAD, etag=""), Fault(etag="")],
    ids=["HEAD refused", "HEAD without ETag", "no ETag"],
)
def test_the_etag_of_the_listing_proves_an_object_of_which_its_answers_tell_nothing(
    tmp_path: Path, quiet: Fault
) -> None:
    plain = replace(ITEM, algorithms=())
    flip = Fault(operation=Operation.GET, holds=PART + 9, flip_at=PART + 9, etag=quiet.etag)
    for name, faults in (("right", [quiet]), ("flipped", [flip, quiet])):
        with FaultServer([plain], faults) as server:
            attempt = download(server, tmp_path / name, [plain], policy=RANGED)
        if name == "right":
            assert (attempt.rows[0].verified, attempt.files) == ("md5", {ITEM.key: ITEM.read()})
        else:
            assert (attempt.error.kind, attempt.files) == (ErrorKind.CHECKSUM, {})


def test_without_an_etag_an_object_comes_in_one_stream(tmp_path: Path) -> None:
    with FaultServer([ITEM], [untold()]) as server:
        attempt = download_untold(server, tmp_path)
        assert [entry.range for entry in server.requests(Operation.GET)] == [""]
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {ITEM.key: ITEM.read()})


def test_without_an_etag_a_stream_that_broke_begins_again(tmp_path: Path) -> None:
    plain = replace(ITEM, algorithms=())
    with FaultServer(
        [plain], [untold(operation=Operation.GET, times=1, cut_after=3 * PART), untold()]
    ) as server:
        attempt = download_untold(server, tmp_path)
        assert [entry.range for entry in server.requests(Operation.GET)] == ["", ""]
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {ITEM.key: ITEM.read()})
    assert (attempt.rows[0].verified, attempt.rows[0].note) == (None, "no checksum from the server")


@pytest.mark.parametrize("encryption", ["aws:kms", "aws:kms:dsse"])
def test_the_etag_of_an_encrypted_object_is_compared_with_nothing(tmp_path: Path, encryption: str) -> None:
    item = SeededObject("x", 1000, fixed_etag="0" * 32)
    keyed = Fault(headers={"x-amz-server-side-encryption": encryption})
    with FaultServer([item], [keyed]) as server:
        attempt = download(server, tmp_path, [item])
    assert (attempt.outcome, attempt.files) == (Outcome.DONE, {"x": item.read()})
    assert attempt.rows[0].verified is None


def test_an_etag_that_is_an_md5_of_other_bytes_is_a_checksum_error(tmp_path: Path) -> None:
    item = SeededObject("x", 1000, fixed_etag="0" * 32)
    with FaultServer([item]) as server:
        attempt = download(server, tmp_path, [item])
    assert (attempt.error.kind, attempt.files) == (ErrorKind.CHECKSUM, {})


def test_strict_lets_no_file_through_that_cannot_be_verified(tmp_path: Path) -> None:
    objects = [SeededObject("sure", 1000), SeededObject("unsure", 1000, fixed_etag="opaque")]
    with FaultServer(objects) as server:
        strict = get(server, tmp_path / "strict", "--strict", "--keep-going")
        lenient = get(server, tmp_path / "lenient", "--keep-going")
    assert (strict.code, lenient.code) == (1, 0)
    assert list(files_of(tmp_path / "strict")) == ["sure"]
    assert sorted(files_of(tmp_path / "lenient")) == ["sure", "unsure"]
    (error,) = [file["error"] for file in strict.receipt["files"] if file["error"]]
    assert (error["key"], error["kind"]) == ("unsure", "unverified")
    assert "strict" in error["message"]
