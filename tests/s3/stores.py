"""Connections and stores for tests: at a URL, at a scripted server, or failing to connect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.core.errors import TransferError
from app.core.objects import ConnectionSpec
from app.core.timing import Timing
from app.s3.boto_setup import BotoSetup
from app.s3.connection import BotoConnector
from app.s3.store import CurlStore
from tests.s3.scripted_server import Answer, ScriptedServer, failure, in_thread, run

KEY_ID = "AKIAIOSFODNN7EXAMPLE"


@asynccontextmanager
async def connected(url: str, **options: object) -> AsyncIterator[CurlStore]:
    """A store at `url`, closed at the end."""
    keys = {} if options.get("is_anonymous") else {"access_key_id": KEY_ID, "secret_access_key": "secret"}
    spec = ConnectionSpec(endpoint_url=url, **(keys | options))  # type: ignore[arg-type]
    store = await BotoConnector(in_thread, Timing(), lambda _prompt: None).connect(spec)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def scripted(answer: Answer, **options: object) -> AsyncIterator[tuple[ScriptedServer, CurlStore]]:
    """A store at a scripted server."""
    async with ScriptedServer(answer) as server, connected(server.url, **options) as store:
        yield server, store


def setup(ask: Callable[[str], str | None] = lambda _prompt: None, **fields: Any) -> BotoSetup:
    """What botocore makes of a spec with these fields."""
    return BotoSetup(ConnectionSpec(**fields), Timing(), ask)


def connect_error(ask: Callable[[str], str | None] = lambda _prompt: None, **fields: Any) -> TransferError:
    """How connecting fails."""

    async def main() -> TransferError:
        connector = BotoConnector(in_thread, Timing(connect_s=2), ask)
        return await failure(connector.connect(ConnectionSpec(**fields)))

    return run(main())
