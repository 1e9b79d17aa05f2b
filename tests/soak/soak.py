"""One soak: batches of downloads in bad weather, tried again until they end, and what was seen of them."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.states import State
from app.core.timing import Timing
from app.engine.batch import Batch
from app.engine.daemon import DaemonThreads
from app.engine.engine import Engine
from app.engine.row import Row
from tests.engine.stage import chosen, make_engine, prepared, spec_of
from tests.servers.fault_server import FaultServer
from tests.servers.objects import SeededObject
from tests.soak.weather import Weather

A_BATCH = 50
ROUNDS = 12
"""Runs of a batch before what is left of it is taken as it is."""
LIMIT_S = 120.0
PART = 64 << 10
QUICK = replace(
    Timing().scaled(0.01), connect_s=5.0, low_speed_s=0.4, backoff_max_s=0.1, stop_grace_s=2.0, close_s=3.0
)
CHECKSUMS = ((), ("crc64nvme",), ("crc32c",), ("crc32",), ("sha256",), ("sha1",))
OLD = b"what was there before"


@dataclass
class Totals:
    """What was seen. `wrong` names each file that is not as it should be, `hung` each batch with no end.

    `stuck` names each object that did not come even when no fault was left.
    """

    downloads: int = 0
    runs: int = 0
    states: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    verified: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    leaked_descriptors: int = 0
    leaked_threads: int = 0
    took_s: float = 0.0

    @property
    def faults(self) -> int:
        """Faults that met a request."""
        return self.injected.total()

    @property
    def is_good(self) -> bool:
        """True when nothing happened that must not."""
        bad = self.wrong or self.hung or self.stuck or self.left_behind or self.errors["internal"]
        return not bad and self.leaked_descriptors <= 0 and self.leaked_threads <= 0


def soak(downloads: int, faults: int, seed: int) -> Totals:
    """So many downloads under so many faults. Blocks; the same seed brings the same weather."""
    totals = Totals()
    began = time.monotonic()
    descriptors, threads = _open_descriptors(), threading.active_count()
    versions: dict[str, list[SeededObject]] = defaultdict(list)

    def swap(key: str) -> None:
        newer = replace(versions[key][-1], seed=versions[key][-1].seed + 1)
        versions[key].append(newer)
        server.put(newer)

    weather = Weather(seed, swap)
    server = FaultServer(rules=weather)
    with server, tempfile.TemporaryDirectory() as folder:
        number = 0
        while totals.downloads < downloads or weather.injected.total() < faults:
            missing = max(0, faults - weather.injected.total())
            each = max(1, round(missing / max(A_BATCH, downloads - totals.downloads)))
            objects = _objects(number, random.Random(f"{seed}/{number}"))
            for item in objects:
                versions[item.key].append(item)
                server.put(item)
                weather.forecast(item, each * 2)
            name = f"{seed}/{number}"
            _Season(server, weather, objects, versions, totals, Path(folder) / str(number), name).play()
            number += 1
        server.wait_until(lambda: server.open_connections == 0)
        totals.injected = weather.injected
    totals.leaked_descriptors = _open_descriptors() - descriptors
    totals.leaked_threads = threading.active_count() - threads
    totals.took_s = time.monotonic() - began
    return totals


class _Season:
    """One batch: made, run until it is over or its rounds are, and looked through."""

    def __init__(
        self,
        server: FaultServer,
        weather: Weather,
        objects: list[SeededObject],
        versions: dict[str, list[SeededObject]],
        totals: Totals,
        folder: Path,
        name: str,
    ) -> None:
        self._server = server
        self._weather = weather
        self._objects = objects
        self._versions = versions
        self._totals = totals
        self._folder = folder
        self._name = name
        self._random = random.Random(name)

    def play(self) -> None:
        """Download the objects with an engine of their own."""
        self._folder.mkdir()
        for item in self._objects[::3]:
            (self._folder / item.key).write_bytes(OLD)
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._scene())
        except TimeoutError:
            self._totals.hung.append(self._name)
        self._totals.left_behind += [path.name for path in self._folder.rglob("*.s3part")]
        self._totals.downloads += len(self._objects)
        shutil.rmtree(self._folder)

    async def _scene(self) -> None:
        offload = DaemonThreads()
        jobs = self._random.choice([1, 4, 16])
        engine: Engine = make_engine(jobs, QUICK, offload)
        try:
            async with asyncio.timeout(LIMIT_S):
                await engine.connect(spec_of(self._server))
                batch = await prepared(engine, chosen(self._objects), self._folder, self._policy(jobs))
                await self._run(batch)
                self._look(batch)
                await self._clear_up(batch)
        finally:
            await engine.close()
            offload.close()

    def _policy(self, jobs: int) -> BatchPolicy:
        stop = StopPolicy(self._random.random() < 0.3, self._random.choice(list(InFlight)))
        return BatchPolicy(stop, IfExists.REPLACE, jobs, PART)

    async def _run(self, batch: Batch) -> None:
        for number in range(ROUNDS):
            is_late = number >= ROUNDS // 2
            if is_late:
                batch.set_policy(replace(batch.rows.policy, stop=StopPolicy(stop_on_first_error=False)))
            self._totals.runs += 1
            delay_s = self._random.random() * (3.0 if is_late else 0.5)
            impatience = asyncio.get_running_loop().call_later(delay_s, self._cancel, batch)
            await batch.run()
            impatience.cancel()
            self._note_errors(batch)
            if number + 1 < ROUNDS and not await batch.requeue(None):
                return

    async def _clear_up(self, batch: Batch) -> None:
        """What is left must come when no fault is left."""
        for item in self._objects:
            self._weather.forecast(item, 0)
        if await batch.requeue(None):
            await batch.run()
        for row in map(batch.rows.__getitem__, range(len(batch.rows))):
            if row.state is not State.DONE:
                self._totals.stuck.append(
                    f"{self._name}: {row.item.obj.key} ({row.error or row.state.value})"
                )
            elif not self._is_right(row):
                self._totals.wrong.append(f"{self._name}: {row.item.obj.key} (in the end)")

    def _cancel(self, batch: Batch) -> None:
        """A person cancels the batch, or some of its rows."""
        some = [index for index in range(len(batch.rows)) if self._random.random() < 0.2]
        batch.cancel(None if self._random.random() < 0.3 else some)

    def _note_errors(self, batch: Batch) -> None:
        for row in map(batch.rows.__getitem__, range(len(batch.rows))):
            if row.error is not None:
                self._totals.errors[row.error.kind.value] += 1

    def _look(self, batch: Batch) -> None:
        """See what each row came to, and whether its file fits that."""
        for row in map(batch.rows.__getitem__, range(len(batch.rows))):
            self._totals.states[row.state.value] += 1
            if row.state is State.DONE:
                self._totals.verified[row.verified or "unverified"] += 1
            if not self._is_right(row):
                key, state = row.item.obj.key, row.state.value
                self._totals.wrong.append(f"{self._name}: {key} ({state}, {row.verified})")

    def _is_right(self, row: Row) -> bool:
        """A file that is done is some version of its object; any other is what was there before."""
        path = self._folder / row.item.path
        data = path.read_bytes() if path.exists() else None
        if row.state is State.DONE:
            return any(data == item.read() for item in self._versions[row.item.obj.key])
        return data in {None, OLD}


def _objects(number: int, chance: random.Random) -> list[SeededObject]:
    """A batch of objects: half of them small, half in ranges; a checksum or an MD5 proves each."""
    made = []
    for index in range(A_BATCH):
        is_large = chance.random() < 0.5
        size = chance.randrange(PART + 1, 8 * PART) if is_large else chance.randrange(1, PART)
        made.append(SeededObject(f"{number:04}-{index:03}", size, algorithms=chance.choice(CHECKSUMS)))
    return made


def _open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0
