"""Few open files: the limit is raised, the jobs are fewer, and running out of them is named."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command import LIMIT_S, environment, files_of, start
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many


def _limited(limit: int, *before: str) -> list[str]:
    lines = [
        "import resource, sys",
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))",
        "from app.__main__ import main",
        *before,
        "sys.exit(main())",
    ]
    return [sys.executable, "-c", "\n".join(lines)]


def _get_limited(
    server: FaultServer, folder: Path, limit: int, *before: str
) -> subprocess.CompletedProcess[str]:
    words = ["get", f"s3://{BUCKET}/", str(folder), "--endpoint-url", server.endpoint_url, "--jobs", "64"]
    return subprocess.run(
        [*_limited(limit, *before), *words, "--keep-going"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=LIMIT_S,
    )


SPREAD = [SeededObject(f"{index:03}/deep/x", 2000) for index in range(100)]


def test_with_few_open_files_there_are_fewer_jobs_and_every_file_arrives(tmp_path: Path) -> None:
    slow = Fault(operation=Operation.GET, delay_s=0.02)
    with FaultServer(SPREAD, [slow]) as server:
        ran = _get_limited(server, tmp_path, 120)
    assert ran.returncode == 0
    assert "only 120 files may be open at once (RLIMIT_NOFILE), so there are 8 jobs and not 64" in ran.stderr
    assert len(files_of(tmp_path)) == len(SPREAD)


@pytest.mark.parametrize(
    ("limit", "words"), [(60, "Too many open files"), (20, "too many open files to connect")]
)
def test_running_out_of_open_files_is_named_and_stops_the_batch(
    tmp_path: Path, limit: int, words: str
) -> None:
    held = Fault(operation=Operation.GET, delay_s=0.2)
    as_many_as_asked = ("from app import compose", "compose._affordable = lambda jobs: jobs")
    with FaultServer(SPREAD, [held]) as server:
        ran = _get_limited(server, tmp_path, limit, *as_many_as_asked)
        assert len(server.requests(Operation.GET)) < len(SPREAD)
    assert ran.returncode == 3
    assert words.lower() in ran.stderr.lower()
    assert "Lower the number of jobs" in ran.stderr


def test_the_limit_of_open_files_is_raised_at_the_start(tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = Fault(operation=Operation.GET, is_held=True)
    with FaultServer(many(1, 10), [held]) as server:
        words = ("get", f"s3://{BUCKET}/", str(tmp_path), "--endpoint-url", server.endpoint_url)
        process = start(*words)
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 1, LIMIT_S)
        soft, _ = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        server.release()
        process.communicate(timeout=LIMIT_S)
    assert soft >= min(hard, 4096)
