"""What a person gets wrong: every message names the thing and the next step, and nothing is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import run
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation
from tests.servers.objects import many

SOURCE = f"s3://{BUCKET}/"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["get", SOURCE], "DEST"),
        (["get"], "SOURCE"),
        (["get", "bucket/key", "to"], "s3://"),
        (["get", "s3://", "to"], "bucket"),
        (["get", "s3://a/x", "s3://b/y", "to"], "one bucket"),
        (["get", SOURCE, "to", "--jobs", "0"], "1 to 256"),
        (["get", SOURCE, "to", "--jobs", "257"], "1 to 256"),
        (["get", SOURCE, "to", "--if-exists", "maybe"], "if-exists"),
        (["get", SOURCE, "to", "--receipt", "/no/such/folder/r.json"], "receipt"),
        (["get", SOURCE, "to", "--limit-rate", "0"], "not a rate"),
        (["get", SOURCE, "to", "--part-size", "8 apples"], "is not a size"),
        (["get", SOURCE, "to", "--part-size", "1KiB"], "64.0 KiB"),
        (["get", SOURCE, "to", "--include"], "--include"),
        (["get", "--from-receipt", "r.json", "--exclude", "*.x"], "its patterns"),
        (["get", SOURCE, "to", "--profile", "nobody"], "nobody"),
        (["get", SOURCE, "to", "--endpoint-url", "no url"], "no url"),
        (["get", SOURCE, "to", "--ca-bundle", "/no/such/ca.pem"], "ca.pem"),
        (["get", "s3://No_Such Bucket!/", "to"], "No_Such Bucket!"),
        (["ls", "s3://"], "bucket"),
        (["ls", "file:///etc"], "s3://"),
        (["ls"], "SOURCE"),
    ],
)
def test_wrong_usage_is_named_and_ends_with_2(
    words: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*words)
    assert ran.code == 2
    assert named in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [("http://127.0.0.1:1", "127.0.0.1"), ("http://nowhere.invalid", "nowhere.invalid")],
    ids=["refused", "host not found"],
)
def test_a_server_that_cannot_be_reached_is_named(endpoint: str, named: str, tmp_path: Path) -> None:
    ran = run("get", SOURCE, str(tmp_path / "to"), "--endpoint-url", endpoint)
    assert ran.code == 2
    assert named in ran.err


def test_wrong_keys_are_named_and_the_secret_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(many(1, 1), keys=Keys("test-key", "another-secret")) as server:
        ran = run("get", SOURCE, str(tmp_path), "--endpoint-url", server.endpoint_url)
    assert ran.code == 2
    assert "SignatureDoesNotMatch" in ran.err
    assert "test-secret" not in ran.err


def test_a_bucket_that_is_not_there_is_named(tmp_path: Path) -> None:
    with FaultServer() as server:
        ran = run("get", "s3://another/", str(tmp_path), "--endpoint-url", server.endpoint_url)
    assert ran.code == 2
    assert "another" in ran.err


def test_a_folder_that_cannot_be_written_is_named_before_any_get(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with FaultServer(many(1, 1)) as server:
        ran = run("get", SOURCE, str(tmp_path / "file"), "--endpoint-url", server.endpoint_url)
        assert server.requests(Operation.GET) == []
    assert ran.code == 2
    assert str(tmp_path / "file") in ran.err


def test_objects_that_do_not_fit_the_disk_are_refused_before_the_start(tmp_path: Path) -> None:
    huge = many(1, 1 << 60)
    with FaultServer() as server:
        server.add_fault(
            Fault(operation=Operation.HEAD, status=200, headers={"Content-Length": str(1 << 60)})
        )
        ran = run("get", f"{SOURCE}{huge[0].key}", str(tmp_path), "--endpoint-url", server.endpoint_url)
        assert server.requests(Operation.GET) == []
    assert ran.code == 2
    assert "disk is full" in ran.err


def test_resume_has_nothing_to_go_on_with() -> None:
    ran = run("resume")
    assert ran.code == 0
    assert "Nothing to resume" in ran.err
