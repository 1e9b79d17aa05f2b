"""The demo's child process: it lives no longer than its parent, and its parent survives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.objects import DEMO_BUCKET, DemoFault
from app.demo import DemoServer
from app.demo.contents import demo_objects
from tests.servers.running_demo import WAIT_S, Demo, in_thread

T = TypeVar("T")


def test_a_child_that_died_is_started_anew_and_close_is_idempotent() -> None:
    with closing(Demo()) as demo:
        first = demo.server.process_id
        assert first is not None
        with socket.create_connection(("127.0.0.1", demo.port), timeout=WAIT_S) as line:
            os.kill(first, signal.SIGKILL)
            wait_for_end(line)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # its sockets close a moment before it has ended
        with pytest.raises(TransferError, match="not running"):
            demo.switch(DemoFault.DENY_ONE, True)
        demo.start()
        assert demo.server.process_id != first
        assert demo.client().list_objects_v2(Bucket=DEMO_BUCKET)["KeyCount"] == len(list(demo_objects()))
        demo.runner.run(demo.server.close())
        assert demo.server.process_id is None


def wait_for_end(line: socket.socket) -> None:
    """Wait until the process at the other end of a connection is gone."""
    try:
        assert line.recv(1) == b""
    except ConnectionResetError:
        return


PARENT = """
import asyncio, sys, time
from app.demo import DemoServer

async def main():
    server = DemoServer(asyncio.to_thread)
    print((await server.start()).endpoint_url, flush=True)
    if sys.argv[1] == "wait":
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_the_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, "wait"], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = urlsplit(parent.stdout.readline().strip()).port
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as line:
            parent.kill()
            wait_for_end(line)
    assert parent.returncode == -signal.SIGKILL


def test_the_child_ends_with_a_parent_that_never_closed_it() -> None:
    command = [sys.executable, "-c", PARENT, "leave"]
    left = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(left.stdout.strip()).port)) != 0


def test_a_start_that_is_cancelled_leaves_no_child_and_may_be_repeated() -> None:
    async def run() -> str:
        waiting = asyncio.Event()

        async def offload(function: Callable[[], T]) -> T:
            waiting.set()
            return await asyncio.to_thread(function)

        server = DemoServer(offload)
        first = asyncio.create_task(server.start())
        await waiting.wait()
        pid = server.process_id
        assert pid is not None
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert server.process_id is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        spec = await server.start()
        await server.close()
        return spec.endpoint_url

    assert asyncio.run(asyncio.wait_for(run(), 2 * WAIT_S)).startswith("http://127.0.0.1:")


def test_without_moto_the_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TransferError, match=r"pip install 'downspout\[demo\]'") as caught:
        asyncio.run(DemoServer(in_thread).start())
    assert caught.value.kind is ErrorKind.USAGE


def test_a_fault_before_the_start_is_refused_with_the_next_step() -> None:
    with pytest.raises(TransferError, match="Open it again from the Demo menu"):
        asyncio.run(DemoServer(in_thread).set_fault(DemoFault.DENY_ONE, True))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_child_is_told_nothing_of_the_machines_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
    monkeypatch.setenv("AWS_PROFILE", "work")
    with closing(Demo()) as demo:
        environment = Path(f"/proc/{demo.server.process_id}/environ").read_bytes().split(b"\0")
    told = {line.partition(b"=")[0].decode(): line.partition(b"=")[2].decode() for line in environment}
    assert told["AWS_SECRET_ACCESS_KEY"] == demo.spec.secret_access_key
    assert told["AWS_CONFIG_FILE"] == told["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert "AWS_PROFILE" not in told
