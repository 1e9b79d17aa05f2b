"""`downspout get` against a server whose every request is logged: contract, stop, failures."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from app.core.timing import Timing
from tests.e2e.command import LIMIT_S, files_of, get, parts_of, run, start, until
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, deny, expired_token, server_error, slow_down
from tests.servers.objects import SeededObject, many

MIB = 1 << 20


def _contents(objects: list[SeededObject], base: str = "") -> dict[str, bytes]:
    return {item.key.removeprefix(base): item.read() for item in objects}


def test_everything_below_a_prefix_is_fetched_and_every_byte_is_right(tmp_path: Path) -> None:
    objects = [*many(1200, 100, "p/a/"), SeededObject("p/big.bin", 9 * MIB + 3), SeededObject("p/empty", 0)]
    with FaultServer([*objects, *many(3, 10, "other/")], keys=Keys()) as server:
        ran = get(server, tmp_path / "to", source=f"s3://{BUCKET}/p/")
    assert ran.code == 0, ran.err
    assert files_of(tmp_path / "to") == _contents(objects, "p/")
    assert ran.receipt["counts"] == {"done": 1202, "skipped": 0, "failed": 0, "stopped": 0, "cancelled": 0}
    assert ran.receipt["bytes_fetched"] == sum(item.size_bytes for item in objects)
    assert ran.receipt["listing"] == "complete"
    assert [line["complete"] for line in ran.events("listed")] == [False, True]


def test_one_object_goes_by_its_own_name(tmp_path: Path) -> None:
    with FaultServer(many(3, 10, "p/q/")) as server:
        ran = get(server, tmp_path, source=f"s3://{BUCKET}/p/q/00001.bin")
        assert len(server.requests(Operation.LIST)) == 0
    assert ran.code == 0
    assert list(files_of(tmp_path)) == ["00001.bin"]


def test_a_file_gets_the_objects_time(tmp_path: Path) -> None:
    with FaultServer([SeededObject("x", 5, modified_at=1_500_000_000.0)]) as server:
        get(server, tmp_path)
    assert (tmp_path / "x").stat().st_mtime == 1_500_000_000.0


def test_the_first_error_ends_the_batch_and_no_get_follows(tmp_path: Path) -> None:
    objects = many(400, 1000)
    with FaultServer(objects, [deny("00100.bin")]) as server:
        ran = get(server, tmp_path / "to", "--jobs", "8", "--receipt", str(tmp_path / "r.json"))
        denied = server.requests(Operation.GET, "00100.bin")
        assert len(denied) == 1
        assert denied[0].ended_at is not None
        late = [entry for entry in server.requests(Operation.GET) if entry.at > denied[0].ended_at + 0.2]
    assert ran.code == 3
    assert late == []
    receipt = ran.receipt
    assert receipt == json.loads((tmp_path / "r.json").read_text())
    assert receipt["outcome"] == "stopped"
    assert receipt["first_error"]["key"] == "00100.bin"
    assert receipt["first_error"]["code"] == "AccessDenied"
    assert receipt["first_error"]["request_id"]
    assert [row["key"] for row in receipt["files"] if row["error"] == receipt["first_error"]] == ["00100.bin"]
    assert sum(receipt["counts"].values()) == 400
    assert receipt["counts"]["failed"] == 1
    assert receipt["counts"]["stopped"] >= 280
    done = {row["path"] for row in receipt["files"] if row["state"] == "done"}
    assert set(files_of(tmp_path / "to")) == done


def test_the_failed_line_is_written_before_any_row_that_it_stopped(tmp_path: Path) -> None:
    with FaultServer(many(60, 1000), [deny("00010.bin")]) as server:
        ran = get(server, tmp_path, "--jobs", "4")
    events = [line.get("state", line["event"]) for line in ran.lines]
    assert events.index("failed") < events.index("stopping") < events.index("stopped")
    assert events[-1] == "receipt"


def test_stalled_workers_let_go_at_once_when_another_file_fails(tmp_path: Path) -> None:
    faults = [Fault(f"000{number:02}.bin", Operation.GET, stall_after=500) for number in range(16)]
    with FaultServer(many(64, 1000), [*faults, deny("00040.bin")]) as server:
        before = time.monotonic()
        ran = get(server, tmp_path, "--jobs", "32")
        took_s = time.monotonic() - before
        server.wait_until(lambda: server.open_connections == 0)
    assert ran.code == 3
    assert took_s < 5
    stalled = [row for row in ran.receipt["files"] if row["key"] < "00016.bin"]
    assert {row["state"] for row in stalled} == {"stopped"}
    assert len(parts_of(tmp_path)) >= 16


def test_keep_going_fetches_the_rest(tmp_path: Path) -> None:
    objects = many(50, 1000)
    with FaultServer(objects, [deny("00010.bin"), deny("00020.bin")]) as server:
        ran = get(server, tmp_path, "--keep-going")
    assert ran.code == 1
    assert ran.receipt["outcome"] == "failed"
    assert ran.receipt["counts"]["done"] == 48
    assert ran.receipt["first_error"]["key"] in ("00010.bin", "00020.bin")
    assert len(files_of(tmp_path)) == 48


def test_an_error_of_the_last_file_is_a_stop_too(tmp_path: Path) -> None:
    with FaultServer(many(1, 10), [deny("00000.bin")]) as server:
        assert get(server, tmp_path).code == 3


def test_expired_credentials_stop_the_batch_in_both_modes(tmp_path: Path) -> None:
    with FaultServer(many(200, 1000), [expired_token(skip=20)]) as server:
        ran = get(server, tmp_path, "--keep-going", "--jobs", "4")
        assert len(server.requests(Operation.GET)) < 40
    assert ran.code == 3
    assert ran.receipt["first_error"]["kind"] == "expired_credentials"


def test_with_in_flight_finish_running_files_are_finished(tmp_path: Path) -> None:
    slow = Fault("0000[1-3].bin", Operation.GET, delay_s=0.5)
    late = Fault("00000.bin", Operation.GET, delay_s=0.1, status=403, code="AccessDenied")
    with FaultServer(many(30, 1000), [slow, late]) as server:
        ran = get(server, tmp_path, "--in-flight", "finish", "--jobs", "4")
    assert ran.code == 3
    assert set(files_of(tmp_path)) == {"00001.bin", "00002.bin", "00003.bin"}


def test_a_missing_object_is_a_failed_file(tmp_path: Path) -> None:
    with FaultServer(many(2, 10)) as server:
        source = f"s3://{BUCKET}/00000.bin"
        words = (
            "get",
            source,
            f"s3://{BUCKET}/nothing",
            str(tmp_path),
            "--endpoint-url",
            server.endpoint_url,
        )
        ran = run(*words, "--json", "--keep-going")
    assert ran.code == 1
    assert {row["key"]: row["state"] for row in ran.receipt["files"]} == {
        "00000.bin": "done",
        "nothing": "failed",
    }
    assert ran.receipt["first_error"]["kind"] == "not_found"


def test_a_listing_that_fails_part_way_is_the_first_error(tmp_path: Path) -> None:
    broken = Fault(operation=Operation.LIST, skip=1, status=403, code="AccessDenied")
    with FaultServer(many(1500, 10), [broken]) as server:
        stopped = get(server, tmp_path / "a")
        server.clear_faults()
        server.add_fault(broken)
        kept_on = get(server, tmp_path / "b", "--keep-going")
    assert (stopped.code, kept_on.code) == (3, 1)
    assert stopped.receipt["first_error"]["key"] is None
    assert stopped.receipt["listing"] == "incomplete"
    assert kept_on.receipt["first_error"]["key"] is None
    assert kept_on.receipt["counts"]["done"] == 1000
    assert kept_on.receipt["last_key"] == "00999.bin"


@pytest.mark.parametrize("mode", ["--stop-on-first-error", "--keep-going"])
def test_a_first_page_that_cannot_be_listed_starts_nothing(tmp_path: Path, mode: str) -> None:
    with FaultServer(
        many(2, 10), [Fault(operation=Operation.LIST, status=403, code="AccessDenied")]
    ) as server:
        ran = get(server, tmp_path, mode)
        assert server.requests(Operation.GET) == []
    assert ran.code == 2
    assert ran.out == ""
    assert BUCKET in ran.err


def test_a_short_hiccup_is_retried_and_not_told_as_a_failure(tmp_path: Path) -> None:
    faults = [server_error("00001.bin", times=1), Fault("00002.bin", Operation.GET, times=1, cut_after=500)]
    with FaultServer(many(5, 1000), faults) as server:
        ran = get(server, tmp_path)
        assert len(server.requests(Operation.GET, "00001.bin")) == 2
        assert len(server.requests(Operation.GET, "00002.bin")) == 2
    assert ran.code == 0
    assert {row["key"]: row["attempts"] for row in ran.receipt["files"]}["00002.bin"] == 2
    assert files_of(tmp_path) == _contents(many(5, 1000))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("x", Operation.GET, etag="0" * 32),
        Fault("x", Operation.GET, has_no_length=True, cut_after=400, ignores_range=True),
        Fault("x", Operation.GET, declared_bytes=900),
        Fault("x", Operation.GET, status=307, headers={"Location": "http://127.0.0.1:9/x"}),
        Fault("x", Operation.GET, status=404, code="NoSuchKey"),
    ],
    ids=["another etag", "no length, cut", "a wrong length", "redirect", "deleted"],
)
def test_what_is_not_the_object_never_becomes_its_file(tmp_path: Path, fault: Fault) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with FaultServer([SeededObject("x", 1000)], [fault]) as server:
        ran = get(server, tmp_path, "--if-exists", "replace")
    assert ran.code == 3
    assert files_of(tmp_path) == {"x": b"old"}


def test_a_changed_object_is_named_as_such(tmp_path: Path) -> None:
    changed = SeededObject("x", 1000, seed=1)
    with FaultServer([SeededObject("x", 1000)]) as server:
        server.add_fault(Fault("x", Operation.GET, before=lambda: server.put(changed)))
        ran = get(server, tmp_path)
    assert ran.receipt["first_error"]["kind"] == "changed"
    assert files_of(tmp_path) == {}


def test_an_existing_file_is_judged_by_the_policy(tmp_path: Path) -> None:
    objects = many(2, 1000)
    with FaultServer(objects) as server:
        get(server, tmp_path)
        assert get(server, tmp_path).receipt["counts"]["skipped"] == 2
        (tmp_path / "00001.bin").write_bytes(b"mine")
        auto = get(server, tmp_path)
        assert auto.code == 1
        assert auto.receipt["outcome"] == "failed"
        assert auto.receipt["first_error"] is None
        assert [row["error"]["kind"] for row in auto.receipt["files"] if row["error"]] == ["exists"]
        assert get(server, tmp_path, "--if-exists", "skip").code == 0
        assert (tmp_path / "00001.bin").read_bytes() == b"mine"
        both = get(server, tmp_path, "--if-exists", "keep-both")
        assert both.code == 0
        assert len(files_of(tmp_path)) == 4
        assert get(server, tmp_path, "--if-exists", "error").code == 1
        assert get(server, tmp_path, "--if-exists", "replace").code == 0
    assert (tmp_path / "00001.bin").read_bytes() == objects[1].read()


def test_what_the_plan_knows_to_fail_never_stops_the_rest(tmp_path: Path) -> None:
    objects = [*many(3, 100), SeededObject("0.archived", 5, storage_class="DEEP_ARCHIVE")]
    with FaultServer(objects) as server:
        ran = get(server, tmp_path)
        assert server.requests(Operation.GET, "0.archived") == []
    assert ran.code == 1
    assert ran.receipt["counts"]["done"] == 3
    assert ran.receipt["first_error"] is None
    assert {line["key"]: line["verdict"] for line in ran.events("planned")}["0.archived"] == "archived"


def test_a_dry_run_fetches_and_makes_nothing(tmp_path: Path) -> None:
    with FaultServer([*many(1100, 10), SeededObject("../up", 3)]) as server:
        ran = get(server, tmp_path / "to", "--dry-run")
        assert server.requests(Operation.GET) == []
    assert ran.code == 0
    assert len(ran.lines) == 1101
    assert {line["path"]: line["verdict"] for line in ran.lines}["%2E%2E/up"] == "renamed"
    assert not (tmp_path / "to").exists()


def test_a_folder_marker_becomes_a_folder(tmp_path: Path) -> None:
    with FaultServer([SeededObject("p/", 0), SeededObject("p/empty/", 0), SeededObject("p/x", 1)]) as server:
        ran = get(server, tmp_path / "to", source=f"s3://{BUCKET}/p/")
    assert ran.code == 0
    assert (tmp_path / "to/empty").is_dir()
    assert list(files_of(tmp_path / "to")) == ["x"]


def test_throttling_that_never_ends_fails_by_name(tmp_path: Path) -> None:
    with FaultServer(many(1, 10), [slow_down()]) as server:
        ran = get(server, tmp_path)
        assert len(server.requests(Operation.GET)) == Timing().tries_throttled
    assert ran.receipt["first_error"]["kind"] == "throttled"


@pytest.mark.skipif(not hasattr(os, "kill"), reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_what_came_stays(tmp_path: Path, number: signal.Signals) -> None:
    with FaultServer(many(40, 1000), [Fault(operation=Operation.GET, skip=5, stall_after=100)]) as server:
        words = ("get", f"s3://{BUCKET}/", str(tmp_path / "to"), "--endpoint-url", server.endpoint_url)
        process = start(*words, "--json", "--jobs", "8")
        until(lambda: [part.stat().st_size for part in parts_of(tmp_path)] == [100] * 8)
        process.send_signal(number)
        out, err = process.communicate(timeout=LIMIT_S)
    receipt = json.loads(out.splitlines()[-1])["receipt"]
    assert process.returncode == 130, err
    assert receipt["outcome"] == "cancelled"
    assert receipt["counts"] == {"done": 5, "skipped": 0, "failed": 0, "stopped": 0, "cancelled": 35}
    assert len(files_of(tmp_path / "to")) == 5
    assert len(parts_of(tmp_path / "to")) == 8
