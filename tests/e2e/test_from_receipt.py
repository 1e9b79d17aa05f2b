"""`downspout get --from-receipt`: whatever of a batch is not done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.disk.places import journal_file
from tests.e2e.command import Ran, files_of, get, parts_of, run
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

OBJECTS = many(6, 1000)


def _stopped(server: FaultServer, folder: Path, *words: str) -> tuple[Path, Ran]:
    """A batch that its fourth file has stopped, and its receipt in another folder."""
    receipt = folder / "moved" / "elsewhere.json"
    receipt.parent.mkdir()
    ran = get(server, folder / "to", "--jobs", "1", "--receipt", str(receipt), *words)
    assert ran.code == 3, ran.err
    server.clear_faults()
    return receipt, ran


def _forget_all() -> None:
    """As on another computer, where nothing is on record."""
    for path in journal_file().parent.glob(f"{journal_file().name}*"):
        path.unlink()


def _edited(receipt: Path, **changes: Any) -> None:
    receipt.write_text(json.dumps(json.loads(receipt.read_text()) | changes))


@pytest.mark.parametrize("is_on_record", [True, False])
def test_only_what_is_not_done_is_fetched(tmp_path: Path, *, is_on_record: bool) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, stopped = _stopped(server, tmp_path)
        if not is_on_record:
            _forget_all()
        before = len(server.requests(Operation.GET))
        ran = run("get", "--from-receipt", str(receipt), "--json")
        fetched = sorted(entry.key for entry in server.requests(Operation.GET)[before:])
    assert ran.code == 0, ran.err
    assert fetched == ["00003.bin", "00004.bin", "00005.bin"]
    assert files_of(tmp_path / "to") == {item.key: item.read() for item in OBJECTS}
    assert ran.receipt["counts"]["done"] == 6
    assert ran.receipt["policy"] == stopped.receipt["policy"]
    assert (ran.receipt["batch_id"] == stopped.receipt["batch_id"]) is is_on_record


def test_what_was_not_done_is_on_record_again_and_can_be_resumed(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _forget_all()
        server.add_fault(deny("00004.bin"))
        again = run("get", "--from-receipt", str(receipt), "--json", "--jobs", "1")
        assert again.code == 3
        assert again.receipt["first_error"]["key"] == "00004.bin"
        server.clear_faults()
        assert run("resume").code == 0
    assert files_of(tmp_path / "to") == {item.key: item.read() for item in OBJECTS}


def test_a_listing_that_had_not_ended_goes_on_to_the_same_places(tmp_path: Path) -> None:
    objects = [SeededObject(f"deep/er/{item.key}", 100) for item in many(1200, 100)]
    with FaultServer(objects, [deny("deep/er/00003.bin")]) as server:
        receipt, stopped = _stopped(server, tmp_path)
        assert stopped.receipt["listing"] == "incomplete"
        _forget_all()
        ran = run("get", "--from-receipt", str(receipt), "--json")
    assert ran.code == 0, ran.err
    assert ran.receipt["listing"] == "complete"
    assert files_of(tmp_path / "to") == {item.key: item.read() for item in objects}


def test_the_version_that_was_chosen_is_fetched(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _forget_all()
        values = json.loads(receipt.read_text())
        values["files"][5]["version_id"] = "the-second"
        receipt.write_text(json.dumps(values))
        run("get", "--from-receipt", str(receipt), "--json")
        (asked,) = server.requests(Operation.GET, "00005.bin")
    assert asked.query["versionId"] == "the-second"


def test_a_part_file_on_record_is_gone_on_with(tmp_path: Path) -> None:
    part = 64 << 10
    film = SeededObject("film.bin", 6 * part)
    with FaultServer([film], [Fault(film.key, Operation.GET, skip=4, status=403)]) as server:
        receipt, _ = _stopped(server, tmp_path, "--part-size", "64KiB")
        server.wait_until(lambda: server.sent_bytes(film.key) == 4 * part)
        ran = run("get", "--from-receipt", str(receipt), "--json")
        assert ran.code == 0, ran.err
        server.wait_until(lambda: server.sent_bytes(film.key) == 6 * part)
    assert files_of(tmp_path / "to") == {film.key: film.read()}
    assert parts_of(tmp_path) == []


def test_an_archived_object_is_fetched_once_it_was_restored(tmp_path: Path) -> None:
    archived = SeededObject("0.archived", 5, storage_class="GLACIER")
    with FaultServer([archived, *OBJECTS]) as server:
        receipt = tmp_path / "r.json"
        assert get(server, tmp_path / "to", "--receipt", str(receipt)).code == 1
        _forget_all()
        assert run("get", "--from-receipt", str(receipt), "--json").code == 1
        assert server.requests(Operation.GET, archived.key) == []
        server.put(SeededObject(archived.key, 5))
        assert run("get", "--from-receipt", str(receipt), "--json").code == 0
    assert len(files_of(tmp_path / "to")) == 7


def test_a_different_file_that_stands_there_by_now_is_left_alone(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _forget_all()
        (tmp_path / "to" / "00004.bin").write_bytes(b"mine")
        ran = run("get", "--from-receipt", str(receipt), "--json")
    assert ran.code == 1
    assert ran.receipt["files"][4]["error"]["kind"] == "exists"
    assert (tmp_path / "to" / "00004.bin").read_bytes() == b"mine"


def test_a_dry_run_prints_what_is_left_and_fetches_nothing(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _forget_all()
        before = len(server.requests(Operation.GET))
        ran = run("get", "--from-receipt", str(receipt), "--json", "--dry-run")
        assert len(server.requests(Operation.GET)) == before
    assert [line["key"] for line in ran.lines] == ["00003.bin", "00004.bin", "00005.bin"]


@pytest.mark.parametrize("path", ["../out.bin", "/tmp/out.bin", "a/../../out.bin"])
def test_nothing_is_ever_written_outside_the_destination(tmp_path: Path, path: str) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _forget_all()
        values = json.loads(receipt.read_text())
        values["files"][4]["path"] = path
        receipt.write_text(json.dumps(values))
        before = sorted(tmp_path.rglob("*"))
        ran = run("get", "--from-receipt", str(receipt), "--json")
    assert ran.code == 2
    assert "file 5" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bad_receipt_is_named_and_ends_with_2(tmp_path: Path) -> None:
    receipt = tmp_path / "r.json"
    for text in (None, "", "no json", "[1]", "{}", "[" * 100_000):
        if text is not None:
            receipt.write_text(text)
        ran = run("get", "--from-receipt", str(receipt), "--json")
        assert (ran.code, ran.out) == (2, "")
        assert "r.json" in ran.err
        assert "Traceback" not in ran.err


def test_a_destination_that_is_no_whole_path_is_refused(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, [deny("00003.bin")]) as server:
        receipt, _ = _stopped(server, tmp_path)
        _edited(receipt, destination="to")
        ran = run("get", "--from-receipt", str(receipt))
    assert ran.code == 2
    assert "destination" in ran.err


def test_a_receipt_takes_the_place_of_source_and_folder(tmp_path: Path) -> None:
    ran = run("get", "s3://b/", str(tmp_path), "--from-receipt", "r.json")
    assert ran.code == 2
    assert "takes the place" in ran.err
