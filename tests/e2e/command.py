"""Runs the command line as a person would, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.__main__ import main
from tests.servers.fault_server import BUCKET, FaultServer, Keys

KEYS = Keys()
LIMIT_S = 60.0
PART_ENDING = ".s3part"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines of one event."""
        return [line for line in self.lines if line["event"] == name]

    @property
    def receipt(self) -> dict[str, Any]:
        """The receipt that ends `--json`."""
        assert self.lines[-1]["event"] == "receipt"
        receipt = self.lines[-1]["receipt"]
        assert isinstance(receipt, dict)
        return receipt


def environment(keys: Keys = KEYS) -> dict[str, str]:
    """The test process's own, with a test server's keys."""
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }


def run(*words: str, keys: Keys = KEYS) -> Ran:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    held = {name: os.environ.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    os.environ.update(environment(keys))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(words)
            except SystemExit as leaving:
                code = int(leaving.code or 0)
    finally:
        for name, value in held.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    return Ran(code, out.getvalue(), err.getvalue())


def get(server: FaultServer, folder: Path, *words: str, source: str = f"s3://{BUCKET}/") -> Ran:
    """`downspout get SOURCE FOLDER --json` from a fault server."""
    return run("get", source, str(folder), "--endpoint-url", server.endpoint_url, "--json", *words)


def start(*words: str) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "app", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does to the disk: there is no event for that."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every finished file below a folder by its relative path."""
    parts = set(parts_of(folder))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path not in parts
    }


def parts_of(folder: Path) -> list[Path]:
    """Every part file below a folder."""
    return sorted(folder.rglob(f".*{PART_ENDING}"))
