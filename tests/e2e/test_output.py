"""Where the output goes and when: live lines, readers that leave, full disks, signals at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import LIMIT_S, environment, files_of, start
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many

SOURCE = f"s3://{BUCKET}/"
HELD = Fault(operation=Operation.GET, is_held=True)


def _shell(line: str, server: FaultServer, to: Path) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m app get {SOURCE} {to} --endpoint-url {server.endpoint_url} --json {line}"
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=LIMIT_S,
    )


def test_lines_are_out_while_the_batch_runs(tmp_path: Path) -> None:
    with FaultServer(many(2, 5), [HELD]) as server:
        process = start("get", SOURCE, str(tmp_path), "--endpoint-url", server.endpoint_url, "--json")
        assert process.stdout is not None
        states = []
        while states.count("running") < 2:
            states.append(json.loads(process.stdout.readline()).get("state"))
        server.release()
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


def test_a_reader_that_leaves_does_not_end_the_downloads(tmp_path: Path) -> None:
    with FaultServer(many(1200, 5)) as server:
        ran = _shell("| head -1; exit ${PIPESTATUS[0]}", server, tmp_path / "to")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(files_of(tmp_path / "to")) == 1200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    with FaultServer(many(3, 5)) as server:
        ran = _shell("> /dev/full", server, tmp_path / "to")
    assert ran.returncode == 70
    assert ran.stderr.count("\n") == 1
    assert "standard output" in ran.stderr
    assert len(files_of(tmp_path / "to")) == 3


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_failure(tmp_path: Path, closing: str) -> None:
    with FaultServer(many(3, 5)) as server:
        ran = _shell(closing, server, tmp_path / "to")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_key_that_the_terminal_cannot_hold_is_escaped() -> None:
    with FaultServer([SeededObject("ключ", 1)]) as server:
        ran = subprocess.run(
            [sys.executable, "-m", "app", "ls", SOURCE, "--endpoint-url", server.endpoint_url],
            check=False,
            capture_output=True,
            text=True,
            env={**environment(), "PYTHONIOENCODING": "ascii"},
            timeout=LIMIT_S,
        )
    assert ran.returncode == 0, ran.stderr
    assert r"\u043a" in ran.stdout


def test_a_cancel_before_the_first_page_ends_with_a_receipt(tmp_path: Path) -> None:
    with FaultServer(many(2, 5), [Fault(operation=Operation.LIST, is_held=True)]) as server:
        words = ("get", SOURCE, str(tmp_path / "to"), "--endpoint-url", server.endpoint_url, "--json")
        process = start(*words, "--receipt", str(tmp_path / "r.json"))
        server.wait_until(lambda: len(server.requests(Operation.LIST)) == 1, LIMIT_S)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, err) == (130, "")
    receipt = json.loads(out)["receipt"]
    assert (receipt["outcome"], receipt["files"], receipt["listing"]) == ("cancelled", [], "incomplete")
    assert json.loads((tmp_path / "r.json").read_text()) == receipt


def test_a_cancel_while_single_objects_are_asked_for_ends_with_a_receipt(tmp_path: Path) -> None:
    with FaultServer(many(3, 5), [Fault("00002.bin", Operation.HEAD, is_held=True)]) as server:
        sources = [f"{SOURCE}{item.key}" for item in many(3, 5)]
        words = ("get", *sources, str(tmp_path / "to"), "--endpoint-url", server.endpoint_url, "--json")
        process = start(*words)
        server.wait_until(lambda: len(server.requests(Operation.HEAD)) == 3, LIMIT_S)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["receipt"]["outcome"] == "cancelled"


@pytest.mark.parametrize("module", ["app.engine.pool", "app.cli", "botocore.session", "pycurl"])
def test_a_cancel_during_the_start_is_quiet(tmp_path: Path, module: str) -> None:
    with FaultServer(many(3, 5), [HELD]) as server:
        words = ("get", SOURCE, str(tmp_path / "to"), "--endpoint-url", server.endpoint_url)
        # Python tells each module on stderr when it has been imported: so the moment is known.
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "app", *words],
            stderr=subprocess.PIPE,
            text=True,
            # Not known to be plain, so botocore is asked what the connection is.
            env=environment() | {"AWS_MAX_ATTEMPTS": "2"},
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.split()[-1] == module:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    held = Fault(operation=Operation.GET, skip=1, is_held=True)
    with FaultServer(many(4, 5), [held]) as server:
        words = ("get", SOURCE, str(tmp_path / "to"), "--endpoint-url", server.endpoint_url)
        process = start(*words, "--in-flight", "finish")
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 4, LIMIT_S)
        os.kill(process.pid, signal.SIGINT)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=2)
    assert process.returncode == 130
