"""`get --include` and `--exclude`: what is fetched, counted, and still left out when a batch goes on."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.command import KEYS, files_of, get, run
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation, deny
from tests.servers.objects import SeededObject, many

OBJECTS = [SeededObject(key, 10) for key in ("p/a.jpg", "p/a.raw", "p/sub/b.jpg", "p/sub/b.tmp", "q.jpg")]
SOURCE = f"s3://{BUCKET}/p/"


def test_patterns_choose_among_the_keys_below_the_source(tmp_path: Path) -> None:
    with FaultServer(OBJECTS) as server:
        ran = get(server, tmp_path, "--include", "*.jpg", "--exclude", "sub/*", source=SOURCE)
        assert not server.requests(Operation.GET, "p/sub/b.jpg")
    assert ran.code == 0
    assert list(files_of(tmp_path)) == ["a.jpg"]
    assert ran.receipt["patterns"] == ["+*.jpg", "-sub/*"]
    assert ran.receipt["excluded"] == 3
    assert [file["key"] for file in ran.receipt["files"]] == ["p/a.jpg"]


def test_the_order_of_the_options_counts(tmp_path: Path) -> None:
    with FaultServer(OBJECTS) as server:
        get(server, tmp_path, "--exclude", "*", "--include", "sub/*", "--exclude=*.tmp", source=SOURCE)
    assert list(files_of(tmp_path)) == ["sub/b.jpg"]


def test_without_patterns_a_receipt_speaks_of_none(tmp_path: Path) -> None:
    with FaultServer(OBJECTS) as server:
        receipt = get(server, tmp_path, source=SOURCE).receipt
    assert "patterns" not in receipt
    assert "excluded" not in receipt


def test_a_single_object_that_is_excluded_is_not_asked_for(tmp_path: Path) -> None:
    with FaultServer(OBJECTS) as server:
        ran = get(server, tmp_path, "--exclude", "*.jpg", source=f"s3://{BUCKET}/q.jpg")
        assert not server.requests(Operation.HEAD)
    assert (ran.code, ran.receipt["excluded"], ran.receipt["files"]) == (0, 1, [])


def test_everything_excluded_is_nothing_to_do_and_says_so(tmp_path: Path) -> None:
    with FaultServer(OBJECTS) as server:
        ran = run("get", SOURCE, str(tmp_path), "--endpoint-url", server.endpoint_url, "--exclude", "*")
    assert ran.code == 0
    assert "nothing to do, 4 excluded" in ran.err
    assert files_of(tmp_path) == {}


def test_what_was_excluded_stays_so_when_a_receipt_is_gone_on_from(tmp_path: Path) -> None:
    receipt, folder = tmp_path / "receipt.json", tmp_path / "to"
    faults = [deny("00001.bin"), Fault(operation=Operation.LIST, skip=1, delay_s=0.2)]
    with FaultServer(many(1500, 1), faults) as server:
        words = ("--include", "*1.bin", "--receipt", str(receipt), "--jobs", "1")
        assert get(server, folder, *words).code == 3
        server.clear_faults()
        where = ("--endpoint-url", server.endpoint_url)
        ran = run("get", "--from-receipt", str(receipt), *where, "--json", keys=KEYS)
    assert ran.code == 0
    assert set(files_of(folder)) == {f"{number:05}.bin" for number in range(1, 1500, 10)}
