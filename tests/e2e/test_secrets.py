"""Nothing that a run writes holds a key, a token, a signature or a password: not one file, not one stream."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.command import LIMIT_S, environment
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, redirect
from tests.servers.objects import SeededObject, many

KEY_ID = "AKIACANARYKEYID00042"
SECRET = "canary/secret+0123456789abcdefghijABCDEF"
TOKEN = "canary/token+ABCDEFGHIJKLMNOPQRSTUVWXYZ=="
PASSWORD = "canary-password-77"
KEYS = Keys(KEY_ID, SECRET, TOKEN)
OBJECTS = [*many(3, 1000), SeededObject("large.bin", 300_000)]
WINDOW = 10
"""So many characters in a row of a secret give it away."""

ECHO = f"{KEY_ID} {SECRET} {TOKEN} {quote(TOKEN, safe='')} http://me:{PASSWORD}@host/?X-Amz-Signature=0f0f"
CRASH = """
import os, sys
from app.__main__ import main
from app.engine import {module} as module
def crash(*_, **__): raise ValueError(os.environ["AWS_SECRET_ACCESS_KEY"] + os.environ["AWS_SESSION_TOKEN"])
setattr(module.{owner}, "{name}", crash)
sys.exit(main())
"""


def _run(server: FaultServer, root: Path, *python: str) -> tuple[int, str]:
    """A `get` with everything that writes; its exit code, and all that it wrote in one text."""
    endpoint = server.endpoint_url.replace("://", f"://canaryuser:{PASSWORD}@")
    words = ["get", f"s3://{BUCKET}/", str(root / "to"), "--endpoint-url", endpoint, "--part-size", "64KiB"]
    words += ["--json", "--receipt", str(root / "receipt"), "--log-level", "debug"]
    code, texts = 0, []
    for log in ([], ["--log-file", str(root / "log")]):
        ran = subprocess.run(
            [sys.executable, *(python or ("-m", "app")), *words, *log],
            check=False,
            capture_output=True,
            env=_environment(root),
            timeout=LIMIT_S,
        )
        code = ran.returncode
        texts += [ran.stdout, ran.stderr]
    assert (root / "log").read_text()
    return code, _text_of(texts, root)


def _environment(root: Path) -> dict[str, str]:
    return {
        **environment(KEYS),
        "AWS_SESSION_TOKEN": TOKEN,
        "DOWNSPOUT_HOME": str(root / "home"),
        "QT_QPA_PLATFORM": "offscreen",
    }


def _text_of(texts: list[bytes], root: Path) -> str:
    names = [str(path.relative_to(root)).encode() for path in root.rglob("*")]
    contents = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    return b"\n".join([*texts, *names, *contents]).decode("utf-8", "replace")


def _assert_no_secret(text: str, server: FaultServer) -> None:
    signatures = [
        found[1]
        for entry in server.log
        if (found := re.search("Signature=([0-9a-f]+)", entry.headers.get("authorization", "")))
    ]
    secrets = [KEY_ID[:-4], SECRET, TOKEN, quote(SECRET, safe=""), quote(TOKEN, safe=""), PASSWORD]
    for secret in [*secrets, *signatures]:
        parts = {secret[at : at + WINDOW] for at in range(max(1, len(secret) - WINDOW + 1))}
        assert not [part for part in parts if part in text], f"a part of {secret} is shown"


def test_a_run_that_goes_well_shows_no_secret(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, keys=KEYS) as server:
        code, text = _run(server, tmp_path)
        _assert_no_secret(text, server)
    assert code == 0
    assert "large.bin (bytes=65536-131071): 206, 65536 bytes in" in text
    assert f"…{KEY_ID[-4:]}" in text


def test_keys_that_are_refused_are_not_shown(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, keys=Keys(KEY_ID, "another-secret", TOKEN)) as server:
        code, text = _run(server, tmp_path)
        _assert_no_secret(text, server)
    assert (code, "SignatureDoesNotMatch" in text) == (2, True)


@pytest.mark.parametrize("operation", [Operation.LIST, Operation.GET])
@pytest.mark.parametrize(
    "echo",
    [
        Fault(status=403, code="AccessDenied", message=ECHO, headers={"x-amz-request-id": TOKEN}),
        Fault(status=400, code=SECRET, message=ECHO),
        Fault(status=400, code="Odd", message="x" * (300 - len(SECRET) // 2) + SECRET),
        Fault(status=500, code="InternalError", message=ECHO, times=3),
        redirect(307, f"http://me:{PASSWORD}@elsewhere/?X-Amz-Security-Token={quote(TOKEN)}"),
    ],
    ids=["403", "code", "cut in the middle", "retried", "redirect"],
)
def test_an_answer_that_echoes_the_keys_is_shown_without_them(
    tmp_path: Path, operation: Operation, echo: Fault
) -> None:
    with FaultServer(OBJECTS, [Fault(**{**vars(echo), "operation": operation})], keys=KEYS) as server:
        _, text = _run(server, tmp_path)
        _assert_no_secret(text, server)
    # Where a redirect leads is not told at all.
    assert "***" in text or echo.status == 307


@pytest.mark.parametrize(
    ("module", "owner", "name", "code"),
    [("fetch", "Fetch", "whole", 3), ("engine", "Engine", "order", 70), ("batch", "Batch", "receipt", 70)],
)
def test_a_crash_tells_its_place_and_no_secret(
    tmp_path: Path, module: str, owner: str, name: str, code: int
) -> None:
    script = CRASH.format(module=module, owner=owner, name=name)
    with FaultServer(OBJECTS, keys=KEYS) as server:
        ended, text = _run(server, tmp_path, "-c", script)
        _assert_no_secret(text, server)
    assert (ended, "ValueError: ***" in text) == (code, True)


def test_the_window_leaves_no_secret_behind(tmp_path: Path) -> None:
    with FaultServer(OBJECTS, keys=KEYS) as server:
        endpoint = server.endpoint_url.replace("://", f"://canaryuser:{PASSWORD}@")
        words = ("-m", "app", f"s3://{BUCKET}/", "--endpoint-url", endpoint, "--log-level", "debug")
        process = subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(tmp_path),
        )
        server.wait_until(lambda: any(e.ended_at for e in server.requests(Operation.LIST)), LIMIT_S)
        os.kill(process.pid, signal.SIGTERM)
        texts = process.communicate(timeout=LIMIT_S)
        text = _text_of(list(texts), tmp_path)
        _assert_no_secret(text, server)
    assert (tmp_path / "home" / "settings.ini").is_file()
    assert process.returncode == 0
