"""The fail-fast worker pool: which item runs when, what stops a run, and how each item ended."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

from app.core.policy import InFlight, StopPolicy, is_verdict
from app.engine.run_report import Ending, FirstError, PoolObserver, RunRecord, RunReport
from app.engine.sources import Source, open_source

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Worker(Generic[T]):
    """One task, serving one item at most: a cancellation can never leak into the next item.

    `asked` is how its item ends if it obeys the cancellation it was sent, None while it was sent none.
    """

    task: asyncio.Task[None] | None = None
    item: T | None = None
    is_busy: bool = False
    is_abandoned: bool = False
    asked: Ending | None = None
    deadline: asyncio.TimerHandle | None = None


class FailFastPool(Generic[T]):
    """Runs `work(item)` for each item of a source, `workers` at once, until the first error stops it all.

    Items are hashable values. All methods belong to the loop's thread, except `cancel`. Assigning `policy`
    counts for errors from then on. `grace_s` is how long work may take to obey a cancellation. `count_items`
    tells how many items a percentage is of.
    """

    def __init__(
        self,
        work: Callable[[T], Awaitable[None]],
        workers: int,
        policy: StopPolicy,
        observer: PoolObserver[T],
        *,
        grace_s: float = 2.0,
        clock: Callable[[], float] = time.time,
        count_items: Callable[[], int] = int,
    ) -> None:
        if workers < 1:
            raise ValueError("a pool needs at least one worker")
        self.policy = policy
        self._work = work
        self._limit = workers
        self._observer = observer
        self._grace_s = grace_s
        self._clock = clock
        self._count_items = count_items
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._is_cancel_asked = False
        self._cancel_reason = ""
        self._workers: dict[_Worker[T], None] = {}
        self._pullers: set[_Worker[T]] = set()
        self._is_closing = False
        self._ending: Ending | None = None
        self._unwanted: set[T] = set()
        self._record: RunRecord[T] = RunRecord()

    async def run(self, source: Sequence[T] | Iterable[T] | AsyncIterable[T]) -> RunReport[T]:
        """Run the whole source and report; may be called once.

        Returns within `grace_s` of a stop whatever the work or the source does. Cancelling the task that
        awaits this cancels the run, and CancelledError is raised once the run is over.
        """
        if self._loop is not None:
            raise RuntimeError("a pool runs once")
        self._source: Source[T] = open_source(source)
        self._thread_id = threading.get_ident()
        loop = self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = loop.create_future()
        if self._is_cancel_asked:
            self._cancel_now()
        self._go_on()
        cancelled: asyncio.CancelledError | None = None
        while not self._over.done():
            try:
                await asyncio.wait([self._over])
            except asyncio.CancelledError as error:
                cancelled = error
                self._cancel_now()
        report = self._record.report(is_stopped=self._ending is Ending.STOPPED)
        self._observer.finished(report)
        if cancelled is not None:
            raise cancelled
        return report

    def cancel(self, reason: str = "") -> None:
        """End the run as cancelled by a person; from any thread, from inside work, any number of times.

        Before `run` nothing starts then; after it, nothing happens. Work sees `reason` in its CancelledError.
        """
        if not self._is_cancel_asked:
            self._cancel_reason = reason
            self._is_cancel_asked = True
        # Read after the flag is set: either this thread sees the loop or `run` sees the flag.
        loop = self._loop
        if loop is None:
            return
        if threading.get_ident() == self._thread_id:
            self._cancel_now()
        else:
            # A closed loop has no run left to cancel.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._cancel_now)

    def cancel_item(self, item: T) -> None:
        """End one item as CANCELLED and go on with the others.

        One not yet pulled ends when it is, without having started, or with the items of `rest_ended`.
        """
        running = [worker for worker in self._workers if worker.is_busy and worker.item == item]
        for worker in running:
            self._ask(worker, Ending.CANCELLED)
        if not running:
            self._unwanted.add(item)

    def _go_on(self) -> None:
        """Have free workers pull the next items; when nothing is left to do, close the source and end."""
        while (
            self._ending is None
            and len(self._workers) < self._limit
            and self._source.can_pull(len(self._pullers))
        ):
            puller: _Worker[T] = _Worker()
            self._pullers.add(puller)
            self._start(puller, self._serve(puller))
        if not self._workers:
            if self._is_closing:
                self._over.set_result(None)
            else:
                self._close_source()

    def _start(self, worker: _Worker[T], life: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        self._workers[worker] = None
        worker.task = self._loop.create_task(life)
        worker.task.add_done_callback(partial(self._left, worker))

    async def _serve(self, worker: _Worker[T]) -> None:
        """One worker's life: pull an item, run it, tell how it ended."""
        try:
            if await self._take(worker):
                self._go_on()
                await self._work(cast(T, worker.item))
                self._end(worker, Ending.DONE)
        except BaseException as error:  # noqa: BLE001 (a task's top frame: a worker never dies silently)
            self._judge(worker, error)

    async def _take(self, worker: _Worker[T]) -> bool:
        """Pull an item for this worker; True when its work is to start, which happens in the same step."""
        try:
            item = await self._source.pull()
        except StopAsyncIteration:
            return False
        finally:
            self._pullers.discard(worker)
        if worker.is_abandoned:
            return False
        if self._ending is not None or item in self._unwanted:
            self._unwanted.discard(item)
            self._observer.item_ended(item, self._ending or Ending.CANCELLED, None)
            return False
        worker.item, worker.is_busy = item, True
        self._observer.item_started(item)
        return True

    def _end(self, worker: _Worker[T], ending: Ending, error: BaseException | None = None) -> None:
        """Tell how the worker's item ended, unless it has none or its end was told before."""
        if worker.is_busy:
            worker.is_busy = False
            self._observer.item_ended(cast(T, worker.item), ending, error)

    def _left(self, worker: _Worker[T], task: asyncio.Task[None] | None = None) -> None:
        """Strike the worker off and go on; `task` is None when it was given up before its task ended."""
        if worker not in self._workers:
            return
        del self._workers[worker]
        if worker.deadline is not None:
            worker.deadline.cancel()
        self._pullers.discard(worker)
        # Only an observer that raises brings an error past a worker's top frame.
        if task is not None and not task.cancelled() and (error := task.exception()) is not None:
            self._record.add_internal_error(error)
            if self._ending is None:
                self._let_nothing_start(Ending.STOPPED)
            self._ask_running(Ending.STOPPED)
        self._go_on()

    def _abandon(self, worker: _Worker[T]) -> None:
        """Give up on a worker that did not obey in time: its item ends now, its late result is dropped."""
        assert worker.asked is not None
        worker.is_abandoned = True
        self._left(worker)
        if worker.is_busy:
            self._record.add_abandoned(cast(T, worker.item))
            self._end(worker, worker.asked)

    def _judge(self, worker: _Worker[T], error: BaseException) -> None:
        """Tell apart an obeyed cancellation from a failure."""
        if worker.is_abandoned:
            return
        if isinstance(error, asyncio.CancelledError):
            leaving = worker.asked
        else:
            is_cancellation = isinstance(error, Exception) and not is_verdict(error)
            leaving = (worker.asked or self._ending) if is_cancellation else None
        if leaving is not None:
            self._end(worker, leaving)
        else:
            self._fail(worker, error)

    def _fail(self, worker: _Worker[T], error: BaseException) -> None:
        """Record a failure and, if it stops the run, stop it: one step, with no await on the way."""
        failure = FirstError(worker.item if worker.is_busy else None, error, self._clock())
        self._record.add_failure(failure)
        is_internal = not isinstance(error, Exception)
        if is_internal:
            self._record.add_internal_error(error)
        is_stop = self._ending is None and (is_internal or self._is_stopped_by(error))
        if is_stop:
            self._record.cause = failure
            self._let_nothing_start(Ending.STOPPED)
        # The failed item is told before any item that it stopped, and is itself not asked to leave.
        self._end(worker, Ending.FAILED, error)
        if is_internal or (is_stop and self.policy.in_flight is not InFlight.FINISH):
            self._ask_running(Ending.STOPPED)
        if is_stop:
            self._tell_stop(failure)

    def _is_stopped_by(self, error: BaseException) -> bool:
        return self.policy.is_stopped_by(error, self._record.failure_count, self._count_items())

    def _cancel_now(self) -> None:
        """Stop for a person. After a stop that lets running items finish, end those."""
        if self._ending is None and not self._is_closing:
            self._record.is_cancelled = True
            self._let_nothing_start(Ending.CANCELLED)
            self._ask_running(Ending.CANCELLED)
            self._tell_stop(None)
        elif self._ask_running(Ending.CANCELLED):
            self._record.is_cancelled = True

    def _let_nothing_start(self, ending: Ending) -> None:
        self._ending = ending
        for puller in self._pullers:
            self._ask(puller, ending)
        self._close_source()

    def _ask_running(self, ending: Ending) -> bool:
        """Cancel all running work that was not cancelled before; True when there was any."""
        running = [worker for worker in self._workers if worker.is_busy and worker.asked is None]
        for worker in running:
            self._ask(worker, ending)
        return bool(running)

    def _ask(self, worker: _Worker[T], ending: Ending) -> None:
        """Cancel a worker once, and give it up when it has not obeyed in time."""
        assert self._loop is not None and worker.task is not None
        if worker.asked is None:
            worker.asked = ending
            worker.deadline = self._loop.call_later(self._grace_s, self._abandon, worker)
            worker.task.cancel(self._cancel_reason)

    def _tell_stop(self, cause: FirstError[T] | None) -> None:
        assert self._ending is not None
        self._observer.stopping(cause)
        if rest := self._source.rest():
            self._observer.rest_ended(rest, self._ending)

    def _close_source(self) -> None:
        """Let the source go, in time or not. Every run does this once."""
        assert self._loop is not None
        if not self._is_closing:
            self._is_closing = True
            closer: _Worker[T] = _Worker(asked=self._ending or Ending.DONE)
            closer.deadline = self._loop.call_later(self._grace_s, self._abandon, closer)
            self._start(closer, self._close(closer))

    async def _close(self, closer: _Worker[T]) -> None:
        try:
            await self._source.close()
        except BaseException as error:  # noqa: BLE001 (a task's top frame)
            self._judge(closer, error)
