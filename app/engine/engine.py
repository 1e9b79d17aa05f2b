"""The engine: connections, listings and batches behind one door, for the window and for the terminal."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import random
from typing import Any

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.objects import (
    Bucket,
    ConnectionInfo,
    ConnectionSpec,
    DemoFault,
    ListingPage,
    ProfileInfo,
    Source,
)
from app.core.policy import BatchPolicy
from app.core.states import State
from app.core.timing import Timing
from app.engine.batch import Batch, BatchListener
from app.engine.batch_rows import BatchRows
from app.engine.ledger import Ledger
from app.engine.patient import PatientStore
from app.engine.ports import Connector, Demo, Digests, ObjectStore, Offload, TargetFolder
from app.engine.slots import Slots
from app.engine.tools import DownloadTools

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What an engine is made of. `open_target` blocks; it is called through `offload`."""

    connector: Connector
    demo: Demo
    open_target: Callable[[str], TargetFolder]
    offload: Offload
    jobs: int
    digests: Digests
    timing: Timing = field(default_factory=Timing)


@dataclass(slots=True)
class Order:
    """One batch as it was asked for; `batch` is there once its folder could be opened."""

    sources: tuple[Source, ...]
    destination: str
    store: ObjectStore
    rows: BatchRows
    batch: Batch | None = None
    task: asyncio.Task[None] | None = None


class Engine:
    """Everything that runs belongs to one loop; every method is for that loop's thread."""

    def __init__(self, parts: EngineParts) -> None:
        self.ledger = Ledger()
        self._parts = parts
        self._slots = Slots(parts.jobs)
        self._stores: list[ObjectStore] = []
        self._orders: dict[str, Order] = {}
        self._targets: list[TargetFolder] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._listings: dict[int, asyncio.Task[bool]] = {}

    async def connect(self, spec: ConnectionSpec) -> ConnectionInfo:
        """Make the connection the current one. Raises TransferError."""
        store = PatientStore(await self._parts.connector.connect(spec), self._parts.timing, random)
        self._stores.append(store)
        return ConnectionInfo(spec, store.endpoint)

    async def connect_demo(self) -> ConnectionInfo:
        """Start the demo bucket and connect to it. Raises TransferError."""
        return replace(await self.connect(await self._parts.demo.start()), is_demo=True)

    async def list_profiles(self) -> tuple[ProfileInfo, ...]:
        """The profiles of the AWS config files."""
        return await self._parts.connector.list_profiles()

    async def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets. Raises TransferError."""
        return await self.store.list_buckets()

    async def set_demo_fault(self, fault: DemoFault, is_on: bool) -> None:
        """Switch a fault of the demo bucket. Raises TransferError."""
        await self._parts.demo.set_fault(fault, is_on)

    @property
    def store(self) -> ObjectStore:
        """The current connection's store. Raises TransferError when there is none."""
        if not self._stores:
            raise TransferError(ErrorKind.USAGE, "There is no connection. Add one first.")
        return self._stores[-1]

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every batch that was asked for, oldest first."""
        return tuple(self._orders.values())

    async def list_prefix(
        self, token: int, bucket: str, prefix: str, on_page: Callable[[ListingPage], object]
    ) -> bool:
        """List one level; True when it came to its end, False when it was cancelled. Raises TransferError."""

        async def run() -> bool:
            async for page in self.store.list_pages(bucket, prefix, delimiter="/"):
                on_page(page)
            return True

        task = asyncio.ensure_future(run())
        self._listings[token] = task
        try:
            return await task
        except asyncio.CancelledError:
            if task.cancelled():
                return False
            raise
        finally:
            del self._listings[token]

    def cancel_listing(self, token: int) -> None:
        """Stop a listing; one that has ended is no error."""
        task = self._listings.get(token)
        if task is not None:
            task.cancel()

    def order(self, sources: Sequence[Source], destination: str, policy: BatchPolicy) -> Order:
        """Enter a batch of the current connection into the ledger. Raises TransferError."""
        if not sources:
            raise TransferError(ErrorKind.USAGE, "Nothing was chosen to download.")
        batch_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        rows = self.ledger.open_batch(batch_id, _title(sources), destination, policy)
        order = Order(tuple(sources), destination, self.store, rows)
        self._orders[batch_id] = order
        return order

    async def prepare(self, order: Order, listener: BatchListener | None = None) -> Batch:
        """Open the target, plan, and give back a batch that may run. Raises TransferError."""
        destination = order.destination
        target = await self._parts.offload(lambda: self._parts.open_target(destination))
        self._targets.append(target)
        order.rows.destination = target.root
        tools = DownloadTools(
            order.store,
            target,
            self._slots,
            self._parts.offload,
            self._parts.timing,
            self._parts.digests,
            random,
        )
        order.batch = Batch(tools, order.rows, order.sources, listener)
        await order.batch.prepare()
        return order.batch

    def start_batch(self, sources: Sequence[Source], destination: str, policy: BatchPolicy) -> None:
        """Order, prepare and run a batch as a task; one that cannot begin ends with its error in sight."""
        order = self.order(sources, destination, policy)
        order.task = self._spawn(self._run(order, self._begin(order)))

    def set_stop_on_first_error(self, is_on: bool) -> None:
        """Set the toggle of every batch that has not ended."""
        for order in self._orders.values():
            if order.rows.phase is not BatchPhase.ENDED:
                stop = replace(order.rows.policy.stop, stop_on_first_error=is_on)
                if order.batch is not None:
                    order.batch.set_stop(stop)
                else:
                    order.rows.policy = replace(order.rows.policy, stop=stop)

    def cancel(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Cancel a batch, even while it is planned, or some of its rows."""
        order = self._orders[batch_id]
        if order.rows.phase is BatchPhase.PLANNING and indexes is None and order.task is not None:
            order.task.cancel()
        elif order.batch is not None:
            order.batch.cancel(indexes)

    def retry(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Run rows again (None: all that did not get done, and what was not listed yet)."""
        order = self._orders[batch_id]
        order.task = self._spawn(self._run(order, self._again(order, indexes)))

    async def close(self) -> None:
        """Cancel everything and let go, within the close limit whatever hangs. Idempotent."""
        for order in self._orders.values():
            self.cancel(order.rows.batch_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.timing.close_s):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                for order in self._orders.values():
                    if order.batch is not None:
                        order.batch.discard_kept()
                for target in self._targets:
                    target.close()
                await asyncio.gather(
                    self._parts.demo.close(),
                    *(store.close() for store in self._stores),
                    return_exceptions=True,
                )

    async def _begin(self, order: Order) -> None:
        batch = await self.prepare(order)
        await batch.run()

    async def _again(self, order: Order, indexes: Sequence[int] | None) -> None:
        if order.batch is None or not order.batch.is_planned:
            if order.rows.phase is BatchPhase.ENDED:
                order.rows.set_phase(BatchPhase.PLANNING)
                await self._begin(order)
        elif await order.batch.requeue(indexes):
            await order.batch.run()

    async def _run(self, order: Order, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            order.rows.end_queued(State.CANCELLED)
            order.rows.end(Outcome.CANCELLED)
        except Exception as error:
            if not isinstance(error, TransferError):
                log.exception("a batch failed inside")
            order.rows.refuse(ErrorRecord.of(error, None, self.ledger.clock()))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _title(sources: Sequence[Source]) -> str:
    """The one source, or the folder they share and how many there are."""
    first = sources[0]
    if len(sources) == 1:
        return f"{first.bucket}/{first.key}"
    return f"{first.bucket}/{first.base}" if first.base else first.bucket
