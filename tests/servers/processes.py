"""Real S3 servers, each ready when it is entered: rclone and SeaweedFS as processes, moto in a thread."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.endpoint import Endpoint, free_port

_READY_S = 60.0
_END_S = 5.0
_LOOK_S = 0.05
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def rclone_server(folder: Path) -> Iterator[Endpoint]:
    """`rclone serve s3` over `folder`: its subfolders are the buckets."""
    endpoint = Endpoint(f"http://127.0.0.1:{free_port()}", "rclone-key", "rclone-secret")
    command = [
        _tool("rclone"),
        "serve",
        "s3",
        f"--addr={endpoint.url.removeprefix('http://')}",
        f"--auth-key={endpoint.access_key_id},{endpoint.secret_access_key}",
        "--config=",
        str(folder),
    ]
    with _process(command, {}, endpoint.url):
        yield endpoint


@contextmanager
def seaweed_server(folder: Path) -> Iterator[Endpoint]:
    """SeaweedFS in one process, its data in `folder`; buckets are made with boto3."""
    endpoint = Endpoint(f"http://127.0.0.1:{free_port()}", "seaweed-key", "seaweed-secret")
    ports = {name: free_port() for name in ("master", "volume", "filer")}
    grpc = {f"{name}.port.grpc": free_port() for name in (*ports, "s3")}
    command = [
        _tool("weed"),
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-s3",
        f"-s3.port={endpoint.url.rpartition(':')[2]}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}.port={port}" for name, port in ports.items()),
        *(f"-{name}={port}" for name, port in grpc.items()),
        "-master.volumeSizeLimitMB=64",
        "-volume.max=20",
    ]
    keys = {"AWS_ACCESS_KEY_ID": endpoint.access_key_id, "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key}
    with _process(command, keys, endpoint.url):
        yield endpoint


@contextmanager
def fault_server_process(count: int, size_bytes: int) -> Iterator[Endpoint]:
    """A fault server without faults in a process of its own, so that a benchmark's client has its CPU alone.

    Its objects are those of `tests.servers.objects.many`.
    """
    with _fault_server_process(str(count), str(size_bytes)) as endpoint:
        yield endpoint


@contextmanager
def scripted_server_process(script: Mapping[str, Any]) -> Iterator[Endpoint]:
    """A fault server in a process of its own with the objects, checksums, faults and network of a script.

    The script's form is that of `tests.servers.script.of_json`.
    """
    with _fault_server_process(json.dumps(script)) as endpoint:
        yield endpoint


@contextmanager
def _fault_server_process(*words: str) -> Iterator[Endpoint]:
    command = [sys.executable, "-m", "tests.servers", *words]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Endpoint(process.stdout.readline().strip())
        finally:
            _end_group(process)


@contextmanager
def moto_server() -> Iterator[Endpoint]:
    """moto's server in a thread of this process, empty; it takes any keys."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
    from moto.s3.models import s3_backends
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log(self, *_: object) -> None:
            """Write no line a request."""

    s3_backends.reset()
    server = make_server("127.0.0.1", 0, create_backend_app("s3"), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Endpoint(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join(_END_S)
        server.server_close()
        s3_backends.reset()


@contextmanager
def _process(command: Sequence[str], variables: Mapping[str, str], url: str) -> Iterator[None]:
    """Run a server until the block ends; enters when `url` answers HTTP."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, **variables}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        _wait_ready(process, url)
        yield
    finally:
        _end_group(process)


def _wait_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it was ready")
        try:
            _NO_PROXY.open(url, timeout=1).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(
                _LOOK_S
            )  # nothing tells when a foreign server listens; the deadline bounds the looking
        else:
            return
    raise TimeoutError(f"{process.args!r} was not ready within {_READY_S:.0f} s")


def _end_group(process: subprocess.Popen[Any]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                continue
    process.wait(_END_S)


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
