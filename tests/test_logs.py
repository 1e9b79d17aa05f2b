"""The log takes what every library and every crash says, and no secret with it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import logs
from tests.e2e.command import LIMIT_S, environment
from tests.servers.fault_server import Keys

SECRET = "canary-secret-0123456789"


@pytest.fixture
def log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    root = logging.getLogger()
    level = root.level
    yield tmp_path / "log"
    logs.begin("warning")
    root.setLevel(level)


@pytest.mark.parametrize("name", ["app.s3.curl", "botocore.auth", "urllib3.connectionpool", "asyncio"])
def test_every_library_logs_through_the_filter(log_file: Path, name: str) -> None:
    logs.begin("debug", str(log_file))
    logging.getLogger(name).debug("signed with %s: X-Amz-Signature=%s", SECRET, "0f0f0f")
    assert log_file.read_text().endswith(f"DEBUG {name}: signed with ***: X-Amz-Signature=***\n")


def test_a_traceback_goes_through_the_filter(log_file: Path) -> None:
    logs.begin("error", str(log_file))
    try:
        raise ValueError(f"bad {SECRET}")
    except ValueError:
        logging.getLogger("botocore").exception("it failed")
    text = log_file.read_text()
    assert "ValueError: bad ***" in text
    assert SECRET not in text


def test_another_beginning_takes_the_place_of_the_first(log_file: Path) -> None:
    logs.begin("warning", f"{log_file}1")
    logs.begin("warning", f"{log_file}2")
    logging.getLogger("app").warning("once")
    assert Path(f"{log_file}1").read_text() == ""
    assert Path(f"{log_file}2").read_text().count("once") == 1


CRASHES = {
    "main thread": "raise ValueError(secret)",
    "thread": "t = threading.Thread(target=lambda: int(secret)); t.start(); t.join()",
    "unraisable": "type('C', (), {'__del__': lambda self: int(secret)})()",
    "task": "async def f(): asyncio.ensure_future(g()); await asyncio.sleep(0)\n"
    "async def g(): int(secret)\nasyncio.run(f()); gc.collect()",
    "warning": "warnings.warn(secret)",
}


@pytest.mark.parametrize("way", CRASHES)
def test_a_crash_is_told_without_its_secret(way: str) -> None:
    script = (
        "import asyncio, gc, os, threading, warnings\nfrom app import logs\nlogs.catch_crashes()\n"
        f"secret = os.environ['AWS_SECRET_ACCESS_KEY']\n{CRASHES[way]}\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env=environment(Keys("canary-id-1234", SECRET)),
        timeout=LIMIT_S,
    )
    assert "***" in ran.stderr
    assert SECRET not in ran.stdout + ran.stderr
    assert ran.returncode == (1 if way == "main thread" else 0)
