"""An engine on a loop of the test's own, with the real transport and disk, against a fault server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from app.core.objects import ConnectionSpec, ObjectInfo, Source
from app.core.policy import BatchPolicy, StopPolicy
from app.core.timing import Timing
from app.disk.target import LocalTarget
from app.engine.batch import Batch
from app.engine.daemon import DaemonThreads
from app.engine.engine import Engine
from app.engine.journal import Journal, NoJournal
from app.engine.parts import EngineParts
from app.s3.checksums import Checksums
from app.s3.connection import BotoConnector
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.objects import SeededObject

T = TypeVar("T")
FAST = Timing(backoff_first_s=0.01, backoff_max_s=0.05)
LIMIT_S = 30.0


class NoDemo:
    """A demo bucket that nobody starts."""

    async def start(self) -> ConnectionSpec:
        """Not in these tests."""
        raise AssertionError("the demo was started")

    async def set_fault(self, fault: object, is_on: bool) -> None:
        """Not in these tests."""
        raise AssertionError("the demo was changed")

    async def close(self) -> None:
        """Nothing to close."""


def make_engine(
    jobs: int = 4,
    timing: Timing = FAST,
    offload: DaemonThreads | None = None,
    *,
    is_attended: bool = False,
    journal: Journal | None = None,
) -> Engine:
    """An engine with everything real but the demo, and the journal where none is given."""
    offload = offload or DaemonThreads()
    return Engine(
        EngineParts(
            BotoConnector(offload, timing, lambda _: None),
            NoDemo(),
            LocalTarget,
            offload,
            jobs,
            Checksums(),
            timing,
            journal or NoJournal(),
            is_attended=is_attended,
        )
    )


def spec_of(server: FaultServer) -> ConnectionSpec:
    """How to reach a fault server."""
    return ConnectionSpec(
        endpoint_url=server.endpoint_url, access_key_id="test-key", secret_access_key="test-secret"
    )


def play(
    spec: ConnectionSpec,
    scene: Callable[[Engine], Awaitable[T]],
    *,
    jobs: int = 4,
    timing: Timing = FAST,
    is_attended: bool = False,
    journal: Journal | None = None,
) -> T:
    """Run a scene with a connected engine, and close the engine after it, all within a limit."""

    async def act() -> T:
        engine = make_engine(jobs, timing, is_attended=is_attended, journal=journal)
        try:
            await engine.connect(spec)
            async with asyncio.timeout(LIMIT_S):
                return await scene(engine)
        finally:
            await engine.close()

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(act())


def run(
    server: FaultServer,
    scene: Callable[[Engine], Awaitable[T]],
    jobs: int = 4,
    timing: Timing = FAST,
    journal: Journal | None = None,
) -> T:
    """Play a scene against a fault server."""
    return play(spec_of(server), scene, jobs=jobs, timing=timing, journal=journal)


async def prepared(engine: Engine, sources: Sequence[Source], folder: Path, policy: BatchPolicy) -> Batch:
    """A batch that is ready to run."""
    return await engine.prepare(engine.order(sources, str(folder), policy))


async def prepare(
    engine: Engine, sources: list[Source], folder: Path, *, is_stopping: bool = True, jobs: int = 4
) -> Batch:
    """A batch that is ready to run, by its two settings that matter most."""
    policy = BatchPolicy(StopPolicy(stop_on_first_error=is_stopping), jobs=jobs)
    return await prepared(engine, sources, folder, policy)


def everything(base: str = "") -> list[Source]:
    """Everything below a prefix."""
    return [Source(BUCKET, base, True, base)]


def chosen(objects: list[SeededObject]) -> list[Source]:
    """Objects as a window selects them: already known."""
    return [
        Source(BUCKET, item.key, False, "", ObjectInfo(item.key, item.size_bytes, item.etag))
        for item in objects
    ]


async def until(condition: Callable[[], bool]) -> None:
    """Wait, turn by turn of the loop, until something is true; the scene's limit bounds it."""
    # What is waited for happens in another thread or many steps away: there is no one event to wait for.
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)
