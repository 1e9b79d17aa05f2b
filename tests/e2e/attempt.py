"""One batch of the engine against a server that fails, and what it left behind."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from app.core.errors import ErrorRecord
from app.core.events import Outcome, RowSnapshot
from app.core.objects import ConnectionSpec
from app.core.policy import BatchPolicy, IfExists
from app.core.states import State
from app.core.timing import Timing
from app.engine.batch import Batch
from app.engine.engine import Engine
from tests.e2e.command import files_of, parts_of
from tests.engine import stage
from tests.engine.stage import chosen, prepared, spec_of
from tests.servers.fault_server import FaultServer
from tests.servers.objects import SeededObject

T = TypeVar("T")

QUICK = replace(Timing().scaled(0.05), tries=3, connect_s=5.0, stop_grace_s=2.0, close_s=3.0)
"""Back-off from 10 ms to 1 s, 1.5 s of low speed, three tries; the limits of a stop stay."""


@dataclass(frozen=True)
class Attempt:
    """How a run of a batch ended. `files` have final names, `parts` are the names of unfinished ones."""

    outcome: Outcome
    rows: tuple[RowSnapshot, ...]
    first_error: ErrorRecord | None
    took_s: float
    files: dict[str, bytes]
    parts: tuple[str, ...]

    @property
    def error(self) -> ErrorRecord:
        """The error that there must be."""
        assert self.first_error is not None
        return self.first_error

    @property
    def states(self) -> list[State]:
        """The rows' states, in order."""
        return [row.state for row in self.rows]


def policy_of(*, jobs: int = 4, is_stopping: bool = True, part_size_bytes: int | None = None) -> BatchPolicy:
    """A policy that replaces existing files; `part_size_bytes` None is the product's own."""
    policy = BatchPolicy(jobs=jobs, if_exists=IfExists.REPLACE)
    policy = replace(policy, stop=replace(policy.stop, stop_on_first_error=is_stopping))
    return policy if part_size_bytes is None else replace(policy, part_size_bytes=part_size_bytes)


def play(
    spec: ConnectionSpec,
    scene: Callable[[Engine], Awaitable[T]],
    *,
    jobs: int = 4,
    timing: Timing = QUICK,
    is_attended: bool = False,
) -> T:
    """Play a scene with the short waits of these tests."""
    return stage.play(spec, scene, jobs=jobs, timing=timing, is_attended=is_attended)


async def run_batch(batch: Batch, folder: Path) -> Attempt:
    """Run a batch to its end and look at what is there then."""
    began = time.monotonic()
    outcome = await batch.run()
    took_s = time.monotonic() - began
    return Attempt(
        outcome=outcome,
        rows=tuple(batch.rows[index].snapshot() for index in range(len(batch.rows))),
        first_error=batch.rows.snapshot().first_error,
        took_s=took_s,
        files=files_of(folder),
        parts=tuple(part.name for part in parts_of(folder)),
    )


def download(
    server: FaultServer,
    folder: Path,
    objects: Sequence[SeededObject],
    *,
    policy: BatchPolicy | None = None,
    timing: Timing = QUICK,
    spec: ConnectionSpec | None = None,
) -> Attempt:
    """Download objects that the window has listed, and see that no connection is left when it is over."""
    used = policy or policy_of()

    async def scene(engine: Engine) -> Attempt:
        return await run_batch(await prepared(engine, chosen(list(objects)), folder, used), folder)

    attempt = play(spec or spec_of(server), scene, jobs=used.jobs, timing=timing)
    server.wait_until(lambda: server.open_connections == 0)
    return attempt
