"""The engine as the window sees it: commands that return at once, answers as Qt signals."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.bridge.engine_thread import EngineThread
from app.bridge.sampler import Sampler
from app.bridge.secrets import SecretRequest
from app.core.errors import ErrorRecord
from app.core.objects import ConnectionSpec, DemoFault, ListingPage, Source
from app.core.policy import BatchPolicy, StopPolicy
from app.core.review import Review
from app.core.saved import SavedBatch
from app.core.states import Shift
from app.engine.engine import Engine

Sift = Callable[[ListingPage], object]
"""Makes of a page what `listing_page` is to tell; called on the engine's thread."""
SECRET_TIMEOUT_S = 300.0


class EngineBridge(Sampler):
    """Owns the engine's thread. Every public method is for the main thread and returns at once.

    A command that has an answer returns a token; the answer's signal carries it. `object` stands for a
    Python value, named in the comment.
    """

    connected = Signal(int, object)  # token, ConnectionInfo
    connect_failed = Signal(int, object)  # token, ErrorRecord
    profiles_listed = Signal(int, object)  # token, tuple of ProfileInfo
    buckets_listed = Signal(int, object)  # token, tuple of Bucket
    buckets_failed = Signal(int, object)  # token, ErrorRecord
    listing_page = Signal(int, object)  # token, ListingPage or what `sift` made of it
    listing_finished = Signal(int, object)  # token, ErrorRecord or None; never after cancel_listing
    unfinished_listed = Signal(int, object)  # token, tuple of SavedBatch of earlier starts, newest first
    history_listed = Signal(int, object)  # token, tuple of PastBatch, newest first
    history_failed = Signal(int, object)  # token, ErrorRecord
    leftover_settled = Signal(int, object)  # token, None: resumed or forgotten, as asked
    leftover_failed = Signal(int, object)  # token, ErrorRecord
    plan_made = Signal(int, object)  # token, PlanSheet
    plan_failed = Signal(int, object)  # token, ErrorRecord
    receipt_made = Signal(int, object)  # token, the receipt's JSON values
    receipt_failed = Signal(int, object)  # token, ErrorRecord
    demo_fault_changed = Signal(object, bool)  # DemoFault, is_on: the server has taken it

    demo_fault_failed = Signal(object, object)  # DemoFault, ErrorRecord: the fault is as it was

    wait_changed = Signal(object)  # Wait or None: what the current connection waits for
    secret_asked = Signal(object)  # SecretRequest: show a dialog, then request.answer(text or None)
    stopped = Signal()  # the engine has closed; the window may go

    def __init__(self, build: Callable[[Callable[[str], str | None]], Engine], parent: QObject | None = None):
        """`build` makes the engine on its own thread; it is given the function that asks a person."""
        super().__init__(self._sample, parent)
        self._build = build
        self._thread = EngineThread()
        self._engine: Engine | None = None  # touched on the engine's thread only
        self._tokens = itertools.count(1)

    def start(self) -> None:
        """Start the engine's thread."""
        self._thread.start(self._make_engine)

    # Commands

    def connect_to(self, spec: ConnectionSpec) -> int:
        """Connect; answers `connected` or `connect_failed`. The newest connection is the current one."""
        return self._ask(lambda engine: engine.connect(spec), self.connected, self.connect_failed)

    def connect_demo(self) -> int:
        """Start the demo bucket and connect to it; answers like `connect_to`."""
        return self._ask(lambda engine: engine.connect_demo(), self.connected, self.connect_failed)

    def list_profiles(self) -> int:
        """Read the AWS config's profiles; answers `profiles_listed`, empty when they cannot be read."""
        return self._ask(lambda engine: engine.list_profiles(), self.profiles_listed, None)

    def list_buckets(self) -> int:
        """List the account's buckets; answers `buckets_listed` or `buckets_failed`."""
        return self._ask(lambda engine: engine.list_buckets(), self.buckets_listed, self.buckets_failed)

    def list_prefix(self, bucket: str, prefix: str, *, after: str = "", sift: Sift | None = None) -> int:
        """List one level of the current connection; answers `listing_page`s, then `listing_finished`.

        It begins behind the name `after`. With `sift` it is everything below `prefix`, and of each page what
        `sift` leaves of it on the engine's thread.
        """
        token = next(self._tokens)
        self._thread.spawn(lambda: self._list(token, bucket, prefix, after, sift))
        return token

    def cancel_listing(self, token: int) -> None:
        """Stop a listing; pages already on their way may still arrive."""
        self._with_engine(lambda engine: engine.cancel_listing(token))

    def download(
        self,
        sources: Sequence[Source],
        destination: str,
        policy: BatchPolicy,
        review: Review = Review.NEVER,
    ) -> None:
        """Start a batch from the current connection into the folder `destination`; answers `batch_added`.

        A batch that cannot start (unwritable folder) is a batch that ended, with its error. Where `review` is
        due it waits, PLANNED, for `start_planned` or `cancel`.
        """
        self._with_engine(lambda engine: engine.start_batch(tuple(sources), destination, policy, review))

    def show_plan(self, batch_id: str) -> int:
        """Ask for the plan of a batch that is PLANNED; answers `plan_made` or `plan_failed`."""
        return self._ask(lambda engine: engine.plan_sheet(batch_id), self.plan_made, self.plan_failed)

    def start_planned(self, batch_id: str, *, without_problems: bool) -> None:
        """Start a batch that is PLANNED, with or without what the plan knows not to get done."""
        self._with_engine(lambda engine: engine.start_planned(batch_id, without_problems=without_problems))

    def set_stop_on_first_error(self, is_on: bool) -> None:
        """Set the toggle of every batch that runs; it counts from now on."""
        self._with_engine(lambda engine: engine.set_stop_on_first_error(is_on))

    def set_stop(self, batch_id: str, stop: StopPolicy) -> None:
        """Change when one batch that runs stops; it counts from now on."""
        self._with_engine(lambda engine: engine.set_stop(batch_id, stop))

    def set_limit(self, limit_bps: int, batch_id: str | None = None) -> None:
        """Limit one batch, or (None) all of them together, to so many bytes a second; 0 is no limit."""
        self._with_engine(lambda engine: engine.set_limit(limit_bps, batch_id))

    def cancel(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Cancel a whole batch, or some of its rows."""
        self._with_engine(lambda engine: engine.cancel(batch_id, indexes))

    def pause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        """Pause every batch (None), a whole batch, or some of its rows; they keep what they have."""
        self._with_engine(lambda engine: engine.pause(batch_id, indexes))

    def unpause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        """Go on with what is paused: everything (None), a whole batch, or some of its rows."""
        self._with_engine(lambda engine: engine.unpause(batch_id, indexes))

    def shift(self, batch_id: str, indexes: Collection[int], shift: Shift) -> None:
        """Change which of a batch's rows that wait start next."""
        self._with_engine(lambda engine: engine.shift(batch_id, indexes, shift))

    def retry(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        """Run again: the given rows, or (None) every row that failed, was stopped or was cancelled."""
        self._with_engine(lambda engine: engine.retry(batch_id, indexes))

    def probe(self, batch_id: str) -> None:
        """Run the file again that stopped a batch, and what else is not done only if that goes well."""
        self._with_engine(lambda engine: engine.probe(batch_id))

    def list_unfinished(self) -> int:
        """Look what earlier starts have left; answers `unfinished_listed`, empty when it cannot be read."""
        return self._ask(lambda engine: engine.unfinished(), self.unfinished_listed, None)

    def list_history(self, limit: int) -> int:
        """Look up the newest batches on record; answers `history_listed` or `history_failed`."""
        return self._ask(lambda engine: engine.history(limit), self.history_listed, self.history_failed)

    def resume(self, saved: SavedBatch) -> int:
        """Go on with an earlier start's batch; answers `leftover_settled` or `leftover_failed`."""
        return self._ask(lambda engine: engine.resume(saved), self.leftover_settled, self.leftover_failed)

    def forget(self, saved: SavedBatch) -> int:
        """Remove its unfinished files and its record; answers `leftover_settled` or `leftover_failed`."""
        return self._ask(lambda engine: engine.forget(saved), self.leftover_settled, self.leftover_failed)

    def sign_in_again(self, batch_id: str) -> None:
        """A person has signed in: the batch's connection asks for new keys, and its batches go on."""
        self._with_engine(lambda engine: engine.sign_in_again(batch_id))

    def make_receipt(self, batch_id: str) -> int:
        """Make the receipt of a batch that has ended; answers `receipt_made` or `receipt_failed`."""
        return self._ask(lambda engine: engine.receipt(batch_id), self.receipt_made, self.receipt_failed)

    def set_demo_fault(self, fault: DemoFault, is_on: bool) -> None:
        """Switch a fault of the demo bucket; answers `demo_fault_changed` or `demo_fault_failed`."""
        self._thread.spawn(lambda: self._set_demo_fault(fault, is_on))

    def shutdown(self, *, discards: bool = False) -> None:
        """Close the engine: cancel everything, let go, then `stopped`. Bounded by the close limit.

        With `discards` what has not ended leaves no unfinished files and is not offered again.
        """
        self.stop()
        self._thread.spawn(lambda: self._close(discards))

    def wait_stopped(self, timeout_s: float) -> bool:
        """Wait for the thread's end after the event loop has ended; True when it is gone. Blocks."""
        return self._thread.join(timeout_s)

    # On the engine's thread

    def _make_engine(self) -> None:
        self._engine = self._build(self._ask_secret)
        self._engine.ledger.on_wake = self.wake
        self._engine.on_wait = self.wait_changed.emit

    def _sample(self) -> None:
        self._with_engine(lambda engine: self.give(engine.ledger.take_changes()))

    def _with_engine(self, command: Callable[[Engine], object]) -> None:
        self._thread.call(lambda: self._engine and command(self._engine))

    def _ask(
        self,
        command: Callable[[Engine], Coroutine[Any, Any, object]],
        answered: Any,
        failed: Any,
    ) -> int:
        token = next(self._tokens)

        async def run() -> None:
            assert self._engine is not None
            try:
                answer = await command(self._engine)
            except Exception as error:  # noqa: BLE001 - a task's top frame: it records
                if failed is None:
                    answered.emit(token, ())
                else:
                    failed.emit(token, ErrorRecord.of(error, None, time.time()))
            else:
                if answered is self.connected:
                    # What starting and connecting made lives on: a full collection that walks all of it
                    # holds every thread for some 70 ms (python -m tests.bench window).
                    gc.freeze()
                answered.emit(token, answer)

        self._thread.spawn(run)
        return token

    async def _list(self, token: int, bucket: str, prefix: str, after: str, sift: Sift | None) -> None:
        assert self._engine is not None

        def tell(page: ListingPage) -> None:
            self.listing_page.emit(token, page if sift is None else sift(page))

        error: ErrorRecord | None = None
        try:
            delimiter = "/" if sift is None else ""
            is_whole = await self._engine.list_prefix(
                token, bucket, prefix, tell, delimiter=delimiter, after=after
            )
        except Exception as caught:  # noqa: BLE001 - a task's top frame: it records
            error, is_whole = ErrorRecord.of(caught, None, time.time()), True
        if is_whole:
            self.listing_finished.emit(token, error)

    async def _set_demo_fault(self, fault: DemoFault, is_on: bool) -> None:
        assert self._engine is not None
        try:
            await self._engine.set_demo_fault(fault, is_on)
        except Exception as error:  # noqa: BLE001 - a task's top frame: it records
            self.demo_fault_failed.emit(fault, ErrorRecord.of(error, None, time.time()))
        else:
            self.demo_fault_changed.emit(fault, is_on)

    async def _close(self, discards: bool) -> None:
        try:
            if self._engine is not None:
                await self._engine.close(discards=discards)
        finally:
            self.stopped.emit()
            self._thread.stop()

    def _ask_secret(self, prompt: str) -> str | None:
        request = SecretRequest(prompt)
        self.secret_asked.emit(request)
        return request.wait(SECRET_TIMEOUT_S)
