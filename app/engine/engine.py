"""The engine: connections, listings and batches behind one door, for the window and for the terminal."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import replace

from app.core.errors import ErrorKind, TransferError
from app.core.events import Wait
from app.core.objects import (
    Bucket,
    ConnectionInfo,
    ConnectionSpec,
    DemoFault,
    ListingPage,
    ProfileInfo,
    Source,
    title_of,
)
from app.core.policy import BatchPolicy, StopPolicy
from app.core.review import PlanSheet, Review
from app.core.saved import PastBatch, SavedBatch, SavedRow
from app.core.states import Shift
from app.engine.batch import Batch, BatchListener
from app.engine.connections import Connections
from app.engine.key_space import behind_folder
from app.engine.ledger import Ledger
from app.engine.listings import Listings
from app.engine.order import Order, remove_left
from app.engine.parts import Connection, EngineParts
from app.engine.patient import PatientStore
from app.engine.slots import Slots
from app.engine.throttle import Throttle


class Engine:
    """Everything that runs belongs to one loop; every method is for that loop's thread.

    `on_wait` is told what the current connection waits for, None when it goes on; it must not raise.
    """

    def __init__(self, parts: EngineParts) -> None:
        self.ledger = Ledger()
        self.on_wait: Callable[[Wait | None], object] = _nothing
        self._parts = parts
        self._slots = Slots(parts.jobs)
        self._throttle = Throttle()
        self._connections = Connections(parts, self._tell_waits)
        self._orders: dict[str, Order] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listings = Listings()

    async def connect(self, spec: ConnectionSpec) -> ConnectionInfo:
        """Make the connection the current one. Raises TransferError."""
        return await self._connections.connect(spec)

    async def connect_demo(self) -> ConnectionInfo:
        """Start the demo bucket and connect to it. Raises TransferError."""
        return await self._connections.connect_demo()

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
    def store(self) -> PatientStore:
        """The current connection's store. Raises TransferError when there is none."""
        return self.current.store

    @property
    def current(self) -> Connection:
        """The connection made last. Raises TransferError when there is none."""
        return self._connections.current

    async def connection_of(self, saved: SavedBatch) -> Connection:
        """A connection to where an earlier start's batch is from. Raises TransferError."""
        return await self._connections.of(saved)

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every batch that was asked for, oldest first."""
        return tuple(self._orders.values())

    async def list_prefix(
        self,
        token: int,
        bucket: str,
        prefix: str,
        on_page: Callable[[ListingPage], object],
        *,
        delimiter: str = "/",
        after: str = "",
    ) -> bool:
        """List one level, or everything below `prefix` where there is no delimiter, behind the name `after`.

        True when it came to its end, False when it was cancelled. Raises TransferError.
        """
        if delimiter and after.endswith(delimiter):
            after = behind_folder(after, delimiter)
        listing = self.store.list_pages(bucket, prefix, delimiter=delimiter, start_after=after)
        return await self._listings.run(token, listing, on_page)

    def cancel_listing(self, token: int) -> None:
        """Stop a listing; one that has ended is no error."""
        self._listings.cancel(token)

    def order(self, sources: Sequence[Source], destination: str, policy: BatchPolicy) -> Order:
        """Enter a batch of the current connection into the ledger. Raises TransferError."""
        if not sources:
            raise TransferError(ErrorKind.USAGE, "Nothing was chosen to download.")
        connection = self.current
        rows = self.ledger.open_batch(_new_id(), title_of(sources), destination, policy)
        return self._enter(Order(self._parts, self._slots, self._throttle, connection, rows, sources))

    def order_rest(
        self, saved: SavedBatch, connection: Connection, left: Sequence[SavedRow] | None = None
    ) -> Order:
        """Enter into the ledger what an earlier start of the program left of a batch.

        `left` is its rows where they are not on record here: then this is a batch of its own.
        """
        if left is not None:
            title = title_of(saved.sources)
            saved = replace(saved, batch_id=_new_id(), title=title, started_at=self.ledger.clock())
        rows = self.ledger.open_batch(saved.batch_id, saved.title, saved.destination, saved.policy)
        rows.started_at = saved.started_at
        return self._enter(
            Order(self._parts, self._slots, self._throttle, connection, rows, saved.sources, saved, left)
        )

    def _enter(self, order: Order) -> Order:
        self._orders[order.rows.batch_id] = order
        self._tell_waits()
        return order

    async def unfinished(self) -> tuple[SavedBatch, ...]:
        """What earlier starts of the program left, newest first. Raises TransferError."""
        found = await self._parts.offload(self._parts.journal.unfinished)
        return tuple(batch for batch in found if batch.batch_id not in self._orders)

    async def history(self, limit: int) -> tuple[PastBatch, ...]:
        """The newest batches on record, of this start and of earlier ones. Raises TransferError."""
        return await self._parts.offload(lambda: self._parts.journal.history(limit))

    async def forget(self, saved: SavedBatch) -> None:
        """Remove the part files and the record of an earlier start's batch. Raises TransferError."""
        parts = self._parts

        def work() -> None:
            with suppress(TransferError), closing(parts.open_target(saved.destination)) as target:
                remove_left(target, saved.batch_id, parts.journal.rows(saved.batch_id))
            parts.journal.forget([saved.batch_id])

        await parts.offload(work)

    async def prepare(self, order: Order, listener: BatchListener | None = None) -> Batch:
        """Open the target, plan, and give back a batch that may run. Raises TransferError."""
        return await order.prepare(listener)

    def start_batch(
        self,
        sources: Sequence[Source],
        destination: str,
        policy: BatchPolicy,
        review: Review = Review.NEVER,
    ) -> None:
        """Order, prepare and run a batch; one that cannot begin ends with its error in sight."""
        self._watch(self.order(sources, destination, policy).start(review))

    def start_planned(self, batch_id: str, *, without_problems: bool) -> None:
        """Start a batch that is PLANNED; nothing for one that no longer is."""
        self._orders[batch_id].go(without_problems=without_problems)

    async def plan_sheet(self, batch_id: str) -> PlanSheet:
        """The plan of a batch that is PLANNED. Raises TransferError."""
        return await self._orders[batch_id].plan_sheet()

    async def resume(self, saved: SavedBatch) -> None:
        """Go on with a batch of an earlier start, over the connection that it had. Raises TransferError."""
        self._watch(self.order_rest(saved, await self.connection_of(saved)).start())

    def set_stop_on_first_error(self, is_on: bool) -> None:
        """Set the toggle of every batch that has not ended."""
        for order in self._orders.values():
            order.set_stop(replace(order.rows.policy.stop, stop_on_first_error=is_on))

    def set_stop(self, batch_id: str, stop: StopPolicy) -> None:
        """Change when a batch that has not ended stops; it counts from now on."""
        self._orders[batch_id].set_stop(stop)

    def set_limit(self, limit_bps: int, batch_id: str | None = None) -> None:
        """Limit one batch, or (None) all of them together, to so many bytes a second; 0 is no limit."""
        if batch_id is None:
            self._throttle.limit_bps = limit_bps
        else:
            self._orders[batch_id].set_limit(limit_bps)

    def cancel(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Cancel a batch, even while it is planned, or some of its rows."""
        self._orders[batch_id].cancel(indexes)

    def pause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        """Pause every batch (None), a batch, or some of its rows; they keep what they have."""
        for order in self._meant(batch_id):
            order.pause(indexes)

    def unpause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        """Go on with what is paused: everything (None), a batch, or some of its rows."""
        for order in self._meant(batch_id):
            order.unpause(indexes)

    def shift(self, batch_id: str, indexes: Collection[int], shift: Shift) -> None:
        """Change which of a batch's rows that wait start next."""
        self._orders[batch_id].shift(indexes, shift)

    def _meant(self, batch_id: str | None) -> Sequence[Order]:
        return self.orders if batch_id is None else (self._orders[batch_id],)

    def retry(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Run rows again (None: all that did not get done, and what was not listed yet)."""
        self._watch(self._orders[batch_id].retry(indexes))

    def probe(self, batch_id: str) -> None:
        """Run the file again that stopped a batch, and what else is not done only if that goes well."""
        self._watch(self._orders[batch_id].probe())

    def sign_in_again(self, batch_id: str) -> None:
        """Somebody has signed in: the batch's connection asks for new keys, and its batches go on."""
        self._orders[batch_id].patience.sign_in.try_again()

    async def receipt(self, batch_id: str) -> dict[str, object]:
        """The receipt of a batch that has ended, as JSON values. Raises TransferError."""
        return self._orders[batch_id].receipt()

    async def close(self, *, discards: bool = False) -> None:
        """Cancel everything and let go, within the close limit whatever hangs. Idempotent.

        With `discards` the batches that had not ended leave no part files and no record.
        """
        given_up = [order for order in self._orders.values() if discards and not order.has_ended]
        for order in self._orders.values():
            order.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.timing.close_s):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                for order in self._orders.values():
                    order.close(keeps=order not in given_up)
                if given_up:
                    ids = [order.rows.batch_id for order in given_up]
                    with suppress(TransferError):
                        await self._parts.offload(lambda: self._parts.journal.forget(ids))
                await asyncio.gather(
                    self._parts.demo.close(),
                    self._parts.offload(self._parts.journal.close),
                    *(connection.store.close() for connection in self._connections.all()),
                    return_exceptions=True,
                )

    def _tell_waits(self) -> None:
        """Show in each batch what its connection waits for."""
        self.on_wait(self._connections.wait)
        for order in self._orders.values():
            wait = order.patience.wait
            if order.rows.wait != wait:
                order.rows.wait = wait
                order.rows.touch()

    def _watch(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _nothing(_: object) -> None:
    """Nobody listens."""


def _new_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
