"""What SOURCE, DEST and --receipt may be, and what the receipt says of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.command import Ran, files_of, get, run
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

ROOT = f"s3://{BUCKET}/"


def _get(server: FaultServer, *words: str) -> Ran:
    return run("get", *words, "--endpoint-url", server.endpoint_url, "--json")


@pytest.mark.parametrize(
    "sources",
    [
        ["p/", "p/"],
        ["p/", "p/q/"],
        ["p/q/", "p/"],
        ["p/q/1", "p/", "p/q/"],
        ["", "p/q/", "p/2"],
    ],
)
def test_sources_that_overlap_give_each_object_once(tmp_path: Path, sources: list[str]) -> None:
    with FaultServer([SeededObject("p/q/1", 5), SeededObject("p/2", 6)]) as server:
        ran = _get(server, *(ROOT + key for key in sources), str(tmp_path))
        assert len(server.requests(Operation.GET)) == 2
    assert ran.code == 0, ran.err
    assert sorted(row["key"] for row in ran.receipt["files"]) == ["p/2", "p/q/1"]
    assert len(files_of(tmp_path)) == 2


def test_a_single_object_is_a_complete_listing(tmp_path: Path) -> None:
    with FaultServer(many(2, 5)) as server:
        assert get(server, tmp_path, source=f"{ROOT}00000.bin").receipt["listing"] == "complete"


def test_the_last_key_is_told_for_a_complete_listing_too(tmp_path: Path) -> None:
    with FaultServer(many(3, 5)) as server:
        assert get(server, tmp_path).receipt["last_key"] == "00002.bin"


def test_the_receipt_never_counts_a_page_that_is_not_in_its_files(tmp_path: Path) -> None:
    objects = many(1002, 10)
    for item in objects[1000:]:
        (tmp_path / item.key).write_bytes(b"x" * item.size_bytes)
    with FaultServer(objects, [deny("00001.bin")]) as server:
        receipt = get(server, tmp_path).receipt
    assert receipt["last_key"] == receipt["files"][-1]["key"]
    assert (receipt["listing"] == "complete") == (len(receipt["files"]) == 1002)


def test_the_receipt_names_the_folder_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with FaultServer(many(1, 5)) as server:
        relative, home, nobody = (_get(server, ROOT, to) for to in ("a/b", "~/c", "~nobody-at-all/d"))
    assert relative.receipt["destination"] == str(tmp_path / "a/b")
    assert home.receipt["destination"] == str(tmp_path / "home/c")
    assert nobody.receipt["destination"] == str(tmp_path / "~nobody-at-all/d")


@pytest.mark.parametrize("destination", ["", f"{ROOT}00000.bin"])
def test_a_forgotten_dest_is_no_folder_made(
    tmp_path: Path, destination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with FaultServer(many(2, 5)) as server:
        ran = _get(server, ROOT, destination)
        assert server.log == []
    assert ran.code == 2
    assert "DEST" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_receipt_that_cannot_be_written_is_named_before_the_start(tmp_path: Path) -> None:
    with FaultServer(many(2, 5)) as server:
        for place in (str(tmp_path), "/proc/receipt.json", str(tmp_path / "no/r.json")):
            ran = get(server, tmp_path / "to", "--receipt", place)
            assert (ran.code, ran.out) == (2, "")
            assert place in ran.err
        assert server.log == []


def test_a_receipt_may_lie_in_the_folder_that_is_made(tmp_path: Path) -> None:
    with FaultServer(many(2, 5)) as server:
        ran = get(server, tmp_path / "to", "--receipt", str(tmp_path / "to/r.json"))
    assert ran.code == 0
    assert json.loads((tmp_path / "to/r.json").read_text()) == ran.receipt


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_receipt_goes_into_a_pipe_and_does_not_replace_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with FaultServer(many(1, 5)) as server:
        ran = get(server, tmp_path / "to", "--receipt", str(pipe))
    assert json.loads(os.read(reader, 1 << 16)) == ran.receipt
    assert pipe.is_fifo()
    os.close(reader)


def test_the_cause_of_a_refused_single_object_is_told(tmp_path: Path) -> None:
    with FaultServer(many(1, 5), keys=Keys("test-key", "another")) as server:
        wrong_keys = get(server, tmp_path, source=f"{ROOT}00000.bin")
    with FaultServer(many(1, 5)) as server:
        no_bucket = get(server, tmp_path, source="s3://another/x")
        no_key = get(server, tmp_path, source=f"{ROOT}x")
    assert (wrong_keys.code, no_bucket.code, no_key.code) == (2, 2, 3)
    assert "SignatureDoesNotMatch" in wrong_keys.err
    assert "s3://another/x" in no_bucket.err
    assert no_key.receipt["first_error"]["code"] == "NoSuchKey"


def test_a_dry_run_tells_an_object_that_is_not_there(tmp_path: Path) -> None:
    with FaultServer(many(1, 5)) as server:
        words = (f"{ROOT}00000.bin", f"{ROOT}x", str(tmp_path / "to"), "--dry-run")
        stopping, keeping = _get(server, *words), _get(server, *words, "--keep-going")
    assert (stopping.code, keeping.code) == (3, 1)
    assert [line["key"] for line in stopping.lines] == ["00000.bin"]
    assert f"{ROOT}x" in stopping.err


def test_a_dry_run_of_a_listing_that_fails_part_way_ends_like_a_batch(tmp_path: Path) -> None:
    broken = Fault(operation=Operation.LIST, skip=1, status=403, code="AccessDenied")
    codes = []
    for words in ([], ["--keep-going"]):
        with FaultServer(many(1500, 1), [broken]) as server:
            ran = get(server, tmp_path / "to", "--dry-run", *words)
        assert len(ran.lines) == 1000
        codes.append(ran.code)
    assert codes == [3, 1]


def test_a_key_that_is_no_utf8_is_blocked_and_never_the_first_error(tmp_path: Path) -> None:
    with FaultServer(many(1, 5)) as server:
        ran = _get(server, f"{ROOT}00000.bin", f"{ROOT}\udcff", str(tmp_path))
    assert ran.code == 1
    assert ran.receipt["first_error"] is None
    assert [row["state"] for row in ran.receipt["files"]] == ["done", "failed"]
