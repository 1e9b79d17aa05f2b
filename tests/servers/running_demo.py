"""The demo bucket's server, driven step by step from a test."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from app.core.objects import DEMO_BUCKET, ConnectionSpec, DemoFault
from app.demo import DemoServer
from tests.servers.endpoint import Endpoint

T = TypeVar("T")
WAIT_S = 20.0


async def in_thread(function: Callable[[], T]) -> T:
    return await asyncio.to_thread(function)


class Demo:
    """A DemoServer with a loop of its own, driven step by step from the test."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.server = DemoServer(in_thread)
        self.spec = self.start()

    def start(self) -> ConnectionSpec:
        self.spec = self.runner.run(self.server.start())
        return self.spec

    def switch(self, fault: DemoFault, is_on: bool) -> None:
        self.runner.run(self.server.set_fault(fault, is_on))

    def close(self) -> None:
        self.runner.run(self.server.close())
        self.runner.close()

    @property
    def port(self) -> int:
        return urlsplit(self.spec.endpoint_url).port or 0

    def client(self) -> Any:
        spec = self.spec
        return Endpoint(spec.endpoint_url, spec.access_key_id, spec.secret_access_key).client()

    def ask(
        self, method: str, path: str, headers: dict[str, str], timeout_s: float = WAIT_S
    ) -> http.client.HTTPResponse:
        """The head of an answer; the connection stays open until the response is closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        connection.request(method, path, headers=headers)
        return connection.getresponse()

    def get(self, key: str, timeout_s: float = WAIT_S) -> http.client.HTTPResponse:
        return self.ask("GET", f"/{DEMO_BUCKET}/{quote(key)}", {"Authorization": "anyone"}, timeout_s)
