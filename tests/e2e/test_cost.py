"""What a small download costs, counted so that the machine's speed plays no part."""

from __future__ import annotations

import cProfile
import os
import pstats
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import LIMIT_S, environment, get, run
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Operation
from tests.servers.objects import many

SIZE_BYTES = 16 * 1024
MOST_CALLS = 620
"""Calls of Python and of C a file, of which 557 were counted."""
NEVER = ("PySide6", "boto3", "botocore", "urllib3", "awscrt", "http", "email", "xml.etree")
NEVER_IN_LS = (*NEVER, "sqlite3", "filelock")

pytestmark = pytest.mark.skipif(not hasattr(os, "pwrite"), reason="watches the calls of POSIX")


@pytest.mark.parametrize(
    ("words", "never"),
    [(("get", f"s3://{BUCKET}/", "TO"), NEVER), (("ls", f"s3://{BUCKET}/"), NEVER_IN_LS)],
    ids=["get", "ls"],
)
def test_only_what_is_used_is_imported(
    tmp_path: Path, words: tuple[str, ...], never: tuple[str, ...]
) -> None:
    with FaultServer(many(2, SIZE_BYTES)) as server:
        asked = [str(tmp_path / "to") if word == "TO" else word for word in words]
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "app", *asked, "--endpoint-url", server.endpoint_url],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            # A proxy is looked up as botocore does it.
            env={name: text for name, text in environment().items() if not name.lower().endswith("_proxy")},
            check=True,
        )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "app.cli" in imported
    assert not [name for name in imported for module in never if f"{name}.".startswith(f"{module}.")]


def test_an_object_is_one_request_and_connections_are_used_again(tmp_path: Path) -> None:
    with FaultServer(many(200, SIZE_BYTES)) as server:
        assert get(server, tmp_path / "to", "--jobs", "8").code == 0
        assert Counter(entry.operation for entry in server.log) == {Operation.LIST: 1, Operation.GET: 200}
        assert len({entry.connection for entry in server.log}) <= 9


def test_a_small_file_is_eight_system_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside those of libcurl: it is looked for, made, written, dated, given its rights, closed, named."""
    calls: Counter[str] = Counter()

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def count(*told: Any, **how: Any) -> Any:
            calls[name] += 1
            return call(*told, **how)

        return count

    used = ("lstat", "open", "pwrite", "utime", "fchmod", "close", "link", "unlink")
    for name in (*used, "stat", "fstat", "replace", "rename", "fsync", "read", "write", "listdir", "scandir"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    few = _calls(calls, tmp_path / "few", 10)
    more = _calls(calls, tmp_path / "more", 110)
    # The start and the end take a call more or less.
    each = {name: round((count - few[name]) / 100, 1) for name, count in more.items()}
    assert {name: calls for name, calls in each.items() if calls} == dict.fromkeys(used, 1.0)


def _calls(calls: Counter[str], to: Path, count: int) -> Counter[str]:
    calls.clear()
    with FaultServer(many(count, SIZE_BYTES)) as server:
        assert get(server, to).code == 0
        return Counter(calls)


def test_a_small_file_takes_no_more_calls_than_it_did(tmp_path: Path) -> None:
    # The first run imports what the others find.
    _, few, more = (_profiled(tmp_path / str(count), count) for count in (1, 100, 600))
    assert (more - few) / 500 < MOST_CALLS


def _profiled(to: Path, count: int) -> int:
    with FaultServer(many(count, SIZE_BYTES)) as server, cProfile.Profile() as profile:
        words = ("get", f"s3://{BUCKET}/", str(to), "--quiet", "--endpoint-url", server.endpoint_url)
        assert run(*words).code == 0
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
