"""`downspout resume`: what a kill, a signal and a stop leave, and how another start goes on with it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.disk.places import journal_file
from tests.e2e.command import LIMIT_S, files_of, get, parts_of, run, start, until
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

PART = 512 << 10
FILM = SeededObject("film.bin", 16 * PART)
HELD_FROM_THE_NINTH = Fault(FILM.key, Operation.GET, skip=8, is_held=True)

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


def _started(server: FaultServer, folder: Path, *words: str) -> subprocess.Popen[str]:
    places = ("get", f"s3://{BUCKET}/", str(folder), "--endpoint-url", server.endpoint_url)
    return start(*places, "--part-size", "512KiB", "--jobs", "2", *words)


def _kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGKILL


def _kill_half_way(server: FaultServer, folder: Path) -> None:
    """Kill a download of which eight of sixteen ranges have come and are on record."""
    process = _started(server, folder)
    server.wait_until(lambda: len(server.requests(Operation.GET)) == 10, LIMIT_S)
    until(lambda: _recorded_bytes() == 8 * PART)
    _kill(process)
    assert files_of(folder) == {}
    assert len(parts_of(folder)) == 1
    server.clear_faults()


def _recorded_bytes() -> int:
    address = f"{journal_file().as_uri()}?mode=ro"
    # It may not be there yet.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(address, uri=True)) as journal:
        return int(journal.execute("SELECT ifnull(sum(end - first), 0) FROM extents").fetchone()[0])
    return 0


def test_a_kill_costs_no_more_than_the_open_ranges(tmp_path: Path) -> None:
    with FaultServer([FILM], [HELD_FROM_THE_NINTH]) as server:
        _kill_half_way(server, tmp_path)
        before = server.sent_bytes(FILM.key)
        ran = run("resume", "--json")
        fetched = server.sent_bytes(FILM.key) - before
    assert ran.code == 0, ran.err
    assert files_of(tmp_path) == {FILM.key: FILM.read()}
    assert parts_of(tmp_path) == []
    assert fetched == 8 * PART
    assert ran.receipt["files"][0]["verified"] == "md5"
    assert ran.receipt["bytes_fetched"] == fetched


def test_an_object_that_changed_after_the_kill_is_fetched_anew_and_that_is_said(tmp_path: Path) -> None:
    newer = SeededObject(FILM.key, FILM.size_bytes - 1, seed=1)
    with FaultServer([FILM], [HELD_FROM_THE_NINTH]) as server:
        _kill_half_way(server, tmp_path)
        server.put(newer)
        ran = run("resume", "--json")
    assert ran.code == 0, ran.err
    assert files_of(tmp_path) == {FILM.key: newer.read()}
    assert parts_of(tmp_path) == []
    assert ran.receipt["files"][0]["size_bytes"] == newer.size_bytes


def test_files_that_were_done_are_not_fetched_again_and_the_listing_goes_on(tmp_path: Path) -> None:
    objects = many(2500, 100)
    with FaultServer(objects, [Fault(operation=Operation.GET, skip=300, stall_after=50)]) as server:
        process = _started(server, tmp_path)
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 302, LIMIT_S)
        until(lambda: len(files_of(tmp_path)) == 300 and len(parts_of(tmp_path)) == 2)
        _kill(process)
        server.clear_faults()
        before = len(server.requests(Operation.GET))
        ran = run("resume", "--json")
        fetched = [entry.key for entry in server.requests(Operation.GET)[before:]]
    assert ran.code == 0, ran.err
    assert files_of(tmp_path) == {item.key: item.read() for item in objects}
    assert parts_of(tmp_path) == []
    assert len(fetched) == len(set(fetched)) == 2200
    assert ran.receipt["listing"] == "complete"
    assert sum(ran.receipt["counts"].values()) == 2500


def test_a_stop_can_be_resumed_with_the_policy_that_it_had(tmp_path: Path) -> None:
    with FaultServer(many(20, 1000), [deny("00003.bin"), deny("00012.bin")]) as server:
        stopped = get(server, tmp_path, "--jobs", "1")
        assert stopped.code == 3
        again = run("resume", "--json", "--keep-going")
        assert again.code == 1
        assert again.receipt["batch_id"] == stopped.receipt["batch_id"]
        assert again.receipt["policy"] == stopped.receipt["policy"] | {"stop_on_first_error": False}
        server.clear_faults()
        last = run("resume", stopped.receipt["batch_id"], "--json")
        assert last.receipt["policy"] == again.receipt["policy"]
        assert run("resume", "--json").err == "downspout: Nothing to resume.\n"
    assert len(files_of(tmp_path)) == 20


def test_a_cancelled_batch_goes_on_with_what_it_kept(tmp_path: Path) -> None:
    with FaultServer([FILM], [HELD_FROM_THE_NINTH]) as server:
        process = _started(server, tmp_path)
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 10, LIMIT_S)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)
        assert process.returncode == 130
        server.clear_faults()
        before = server.sent_bytes(FILM.key)
        assert run("resume").code == 0
        assert server.sent_bytes(FILM.key) - before == 8 * PART
    assert files_of(tmp_path) == {FILM.key: FILM.read()}


def test_two_processes_never_work_on_one_batch(tmp_path: Path) -> None:
    with FaultServer([FILM], [HELD_FROM_THE_NINTH]) as server:
        process = _started(server, tmp_path)
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 10, LIMIT_S)
        until(lambda: _recorded_bytes() > 0)
        with closing(sqlite3.connect(journal_file())) as journal:
            ((batch_id,),) = journal.execute("SELECT batch_id FROM batches")
        assert run("resume").err == "downspout: Nothing to resume.\n"
        refused = start("resume", batch_id.decode())
        try:
            _, err = refused.communicate(timeout=20)
        finally:
            refused.kill()
            refused.communicate()
        assert refused.returncode == 2
        assert "Another Downspout is at work" in err
        assert len(server.requests(Operation.GET)) == 10
        _kill(process)


def test_a_file_that_was_published_but_not_recorded_is_not_fetched_again(tmp_path: Path) -> None:
    objects = [replace(item, fixed_etag="no-md5") for item in many(3, 1000)]
    with FaultServer(objects, [deny("00001.bin")]) as server:
        assert get(server, tmp_path, "--jobs", "1").code == 3
        # As after a kill between the rename and the record of it.
        (tmp_path / "00002.bin").write_bytes(objects[2].read())
        os.utime(tmp_path / "00002.bin", (objects[2].modified_at,) * 2)
        server.clear_faults()
        ran = run("resume", "--json")
        assert server.requests(Operation.GET, "00002.bin") == []
    assert ran.code == 0
    assert {row["key"]: row["state"] for row in ran.receipt["files"]} == {
        "00000.bin": "done",
        "00001.bin": "done",
        "00002.bin": "skipped",
    }


def test_a_different_file_in_the_place_of_an_unfinished_one_is_left_as_it_is(tmp_path: Path) -> None:
    with FaultServer(many(3, 1000), [deny("00001.bin")]) as server:
        assert get(server, tmp_path, "--jobs", "1").code == 3
        (tmp_path / "00002.bin").write_bytes(b"mine")
        server.clear_faults()
        ran = run("resume", "--json")
    assert ran.code == 1
    assert ran.receipt["files"][2]["error"]["kind"] == "exists"
    assert (tmp_path / "00002.bin").read_bytes() == b"mine"


def test_a_batch_that_there_is_none_of_is_named(tmp_path: Path) -> None:
    ran = run("resume", "20000101-000000-0000")
    assert (ran.code, ran.err) == (2, "downspout: There is no batch 20000101-000000-0000.\n")
    assert run("resume").code == 0


def test_a_damaged_record_is_set_aside_with_a_message(tmp_path: Path) -> None:
    with FaultServer(many(3, 1000), [deny("00001.bin")]) as server:
        get(server, tmp_path)
        journal_file().write_bytes(b"no database" * 1000)
        ran = run("resume")
        assert ran.code == 0
        assert "Nothing to resume" in ran.err
        server.clear_faults()
        assert get(server, tmp_path).code == 0
    aside = [path.name for path in journal_file().parent.iterdir() if "damaged" in path.name]
    assert len(aside) == 1


def test_what_had_ended_before_is_not_told_again(tmp_path: Path) -> None:
    with FaultServer(many(4, 1000), [deny("00001.bin")]) as server:
        assert get(server, tmp_path, "--jobs", "1").code == 3
        server.clear_faults()
        ran = run("resume", "--json")
    told = [(line["key"], line["state"]) for line in ran.events("state")]
    assert ("00000.bin", "done") not in told
    assert ("00001.bin", "failed") not in told
    assert [key for key, state in told if state == "queued"] == ["00002.bin", "00003.bin", "00001.bin"]
