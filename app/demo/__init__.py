"""The demo bucket as the engine sees it: a server in a child process that lives no longer than its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import weakref
from pathlib import Path
from typing import IO

import app
from app.core.errors import ErrorKind, TransferError
from app.core.objects import Addressing, ConnectionSpec, DemoFault
from app.engine.ports import Offload

ACCESS_KEY_ID = "demo"
SECRET_ACCESS_KEY = "demo-secret"
EXIT_MISSING = 3
"""The child's exit code when moto or its server's parts are not installed."""
FAULTS_PATH = "/-/faults/"
TOKEN_HEADER = "X-Demo-Token"

_START_S = 20.0
_CONTROL_S = 5.0
_END_S = 2.0
_KEPT_VARIABLES = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
)
_MISSING = "Install the demo extra: pip install 'downspout[demo]'"


class _Child:
    """One server process, ended when its stdin closes. Nothing here but `end` and `read_port` blocks."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.demo"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(app.__file__).parent.parent,
            env=_environment(),
            start_new_session=True,  # a Ctrl-C in the terminal is the parent's, which then ends this child
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._stdin = _pipe(self.process.stdin)
        self._stdout = _pipe(self.process.stdout)
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(self.token.encode() + b"\n")
            self._stdin.flush()

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self.process.poll() is None

    def read_port(self) -> int:
        """The port that the ready server names on stdout. Blocks. Raises TransferError when it ends first."""
        line = self._stdout.readline()
        if line.strip().isdigit():
            return int(line)
        if self.process.wait(_END_S) == EXIT_MISSING:
            raise TransferError(
                ErrorKind.USAGE, f"The demo bucket needs moto, which is not installed. {_MISSING}"
            )
        raise TransferError(
            ErrorKind.INTERNAL, "The demo bucket's server ended before it was ready. Try again."
        )

    def switch(self, fault: DemoFault, is_on: bool) -> None:
        """Tell the server to switch a fault. Blocks, bounded."""
        path = FAULTS_PATH + fault.name.lower()
        from http.client import HTTPConnection  # 8 ms, which no other start needs

        connection = HTTPConnection("127.0.0.1", self.port, timeout=_CONTROL_S)
        try:
            connection.request("PUT" if is_on else "DELETE", path, headers={TOKEN_HEADER: self.token})
            status = connection.getresponse().status
        finally:
            connection.close()
        if status != 204:
            raise TransferError(ErrorKind.INTERNAL, "The demo bucket's server did not take the fault.")

    def end(self) -> None:
        """End the process. Blocks for a moment; idempotent."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_END_S)
        self._stdout.close()


class DemoServer:
    """The demo bucket of one process (`engine.ports.Demo`). Lives on the engine's loop.

    A child that died is started anew by `start`, with every fault off.
    """

    def __init__(self, offload: Offload) -> None:
        self._offload = offload
        self._starting = asyncio.Lock()
        self._child: _Child | None = None
        self._safety_net: weakref.finalize[[], DemoServer] | None = None

    @property
    def process_id(self) -> int | None:
        """The server's process, None when none was started."""
        return self._child.process.pid if self._child else None

    async def start(self) -> ConnectionSpec:
        """Start the server unless it runs, and tell how to reach it.

        Raises TransferError: USAGE when moto is not installed, INTERNAL when the server does not come up.
        """
        async with self._starting:
            if self._child is None or not self._child.is_alive:
                await self.close()
                await self._launch()
            assert self._child is not None
            return ConnectionSpec(
                endpoint_url=f"http://127.0.0.1:{self._child.port}",
                region="us-east-1",
                addressing=Addressing.PATH,
                access_key_id=ACCESS_KEY_ID,
                secret_access_key=SECRET_ACCESS_KEY,
            )

    async def set_fault(self, fault: DemoFault, is_on: bool) -> None:
        """Switch a fault; returns when the server has taken it. Raises TransferError when none runs."""
        child = self._child
        try:
            if child is None:
                raise ConnectionRefusedError
            await self._offload(lambda: child.switch(fault, is_on))
        except OSError as error:
            message = "The demo bucket is not running. Open it again from the Demo menu."
            raise TransferError(ErrorKind.NETWORK, message) from error

    async def close(self) -> None:
        """End the server. Idempotent; returns within seconds."""
        child, self._child = self._child, None
        if self._safety_net is not None:
            self._safety_net.detach()
            self._safety_net = None
        if child is not None:
            await self._offload(child.end)

    async def _launch(self) -> None:
        child = self._child = _Child()
        self._safety_net = weakref.finalize(self, child.end)
        try:
            child.port = await asyncio.wait_for(self._offload(child.read_port), _START_S)
            if self._child is not child:
                raise TransferError(ErrorKind.INTERNAL, "The demo bucket was closed while it started.")
        except TimeoutError as error:
            await self.close()
            message = f"The demo bucket's server was not ready within {_START_S:.0f} s. Try again."
            raise TransferError(ErrorKind.TIMEOUT, message) from error
        except BaseException:
            await self.close()
            raise


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _environment() -> dict[str, str]:
    """What the child may know of this process: nothing of AWS, and a config that reads as empty."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "ignore",
    }
