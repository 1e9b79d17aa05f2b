"""The pool under random schedules: whatever happens in whatever order, its invariants hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.policy import InFlight, StopPolicy
from app.engine.pool import FailFastPool
from app.engine.run_report import Ending, RunReport
from tests.engine.pool_stage import NOW, Diary, denied, disk_full, play, reset, settled

GRACE_S = 2.0


class Manner(Enum):
    """What an item's work does when it is cancelled."""

    OBEY = "obey"
    SWALLOW = "swallow"
    RETURN = "return"
    VERDICT = "verdict"
    TRANSPORT = "transport"


class Act(Enum):
    """One step of a schedule. Those that need an item take the n-th running one, or the n-th of all."""

    FINISH = "finish"
    DENY = "deny"
    RESET = "reset"
    FILL_DISK = "fill disk"
    INTERRUPT = "interrupt"
    CANCEL = "cancel"
    CANCEL_ITEM = "cancel item"
    TOGGLE = "toggle"
    FEED = "feed"
    BREAK_SOURCE = "break source"
    PASS_TIME = "pass time"


RAISES: dict[Act, Callable[[], BaseException]] = {
    Act.DENY: denied,
    Act.RESET: reset,
    Act.FILL_DISK: disk_full,
    Act.INTERRUPT: KeyboardInterrupt,
}


class Kind(Enum):
    """How the source hands out its items."""

    SEQUENCE = "sequence"
    STREAM = "stream"
    STOCK = "stock"


@dataclass(frozen=True)
class Schedule:
    """A run to be played: its source, its policy, its items' manners, and what happens when."""

    kind: Kind
    workers: int
    policy: StopPolicy
    manners: list[Manner]
    acts: list[tuple[Act, int, bool]]


@dataclass
class Theatre:
    """Plays one schedule and keeps what the pool cannot know of itself."""

    schedule: Schedule
    diary: Diary = field(default_factory=Diary)
    running: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    most_running: int = 0
    raised: list[int | None] = field(default_factory=list)
    pulled: int = 0
    is_cancelled: bool = False
    has_cancelled_items: bool = False
    report: RunReport[int] | None = None
    ended_s: float = 0.0

    async def work(self, item: int) -> None:
        cue = self.running[item] = asyncio.get_running_loop().create_future()
        self.most_running = max(self.most_running, len(self.running))
        manner = self.schedule.manners[item]
        try:
            while True:
                try:
                    await asyncio.shield(cue)
                    return
                except asyncio.CancelledError:
                    if manner is Manner.SWALLOW:
                        continue
                    if manner is Manner.RETURN:
                        return
                    if manner is not Manner.OBEY:
                        self.raised.append(item)
                        raise (denied() if manner is Manner.VERDICT else reset()) from None
                    raise
                except BaseException:
                    self.raised.append(item)
                    raise
        finally:
            del self.running[item]

    async def stream(self) -> AsyncIterator[int]:
        for item in range(len(self.schedule.manners)):
            await self.feeding()
            self.pulled += 1
            yield item

    async def feeding(self) -> None:
        await self.fed.acquire()
        if self.is_source_broken:
            self.raised.append(None)
            raise denied()

    def source(self) -> Sequence[int] | AsyncIterator[int] | Stock:
        if self.schedule.kind is Kind.SEQUENCE:
            return range(len(self.schedule.manners))
        return self.stream() if self.schedule.kind is Kind.STREAM else Stock(self)

    def act(self, pool: FailFastPool[int], act: Act, number: int) -> None:
        if act in RAISES or act is Act.FINISH:
            waiting = [cue for cue in self.running.values() if not cue.done()]
            if waiting:
                cue = waiting[number % len(waiting)]
                if act is Act.FINISH:
                    cue.set_result(None)
                else:
                    cue.set_exception(RAISES[act]())
        elif act is Act.CANCEL:
            self.is_cancelled = True
            pool.cancel()
        elif act is Act.CANCEL_ITEM and self.schedule.manners:
            self.has_cancelled_items = True
            pool.cancel_item(number % len(self.schedule.manners))
        elif act is Act.TOGGLE:
            pool.policy = StopPolicy(not pool.policy.stop_on_first_error, pool.policy.in_flight)
        elif act is Act.FEED:
            self.fed.release()
        elif act is Act.BREAK_SOURCE:
            self.is_source_broken = True
            self.fed.release()

    async def play(self) -> None:
        """Play the acts, then let all that still runs finish, and note how long the end took."""
        self.fed = asyncio.Semaphore(0)
        self.is_source_broken = False
        loop = asyncio.get_running_loop()
        schedule = self.schedule
        pool = FailFastPool(
            self.work,
            schedule.workers,
            schedule.policy,
            self.diary,
            grace_s=GRACE_S,
            clock=lambda: NOW + loop.time(),
        )
        run = asyncio.ensure_future(pool.run(self.source()))
        for act, number, is_settling in schedule.acts:
            self.act(pool, act, number)
            if act is Act.PASS_TIME:
                await asyncio.sleep(GRACE_S / 3)
            elif is_settling:
                await settled()
        last_act_s = loop.time()
        for _ in range(2 * len(schedule.manners) + 2):
            self.fed.release()
            await settled()
            self.finish_all(but_swallowers=True)
        done, _ = await asyncio.wait([run], timeout=10 * GRACE_S)
        if not done:
            # Swallowers nobody has cancelled: they finish like all others.
            while not run.done():
                self.finish_all(but_swallowers=False)
                await settled()
            last_act_s = loop.time()
        self.report = run.result()
        self.ended_s = loop.time() - last_act_s
        self.finish_all(but_swallowers=False)
        await settled()

    def finish_all(self, *, but_swallowers: bool) -> None:
        for item, cue in self.running.items():
            is_swallower = self.schedule.manners[item] is Manner.SWALLOW
            if not cue.done() and not (but_swallowers and is_swallower):
                cue.set_result(None)


class Stock:
    """An async iterable that is fed three items at a time."""

    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre
        self._items = range(0)
        self._left = range(len(theatre.schedule.manners))

    def __aiter__(self) -> Stock:
        return self

    async def __anext__(self) -> int:
        if not self._items:
            if not self._left:
                raise StopAsyncIteration
            await self._theatre.feeding()
            self._items, self._left = self._left[:3], self._left[3:]
        item, self._items = self._items[0], self._items[1:]
        self._theatre.pulled += 1
        return item

    def ready(self) -> int:
        return len(self._items)


def _schedules() -> st.SearchStrategy[Schedule]:
    manners = st.lists(st.sampled_from(list(Manner)), max_size=12)
    acts = st.tuples(st.sampled_from(list(Act)), st.integers(0, 11), st.booleans())
    policies = st.builds(StopPolicy, st.booleans(), st.sampled_from(list(InFlight)))
    return st.builds(
        Schedule, st.sampled_from(Kind), st.integers(1, 4), policies, manners, st.lists(acts, max_size=25)
    )


@settings(max_examples=300, deadline=None)
@given(_schedules())
def test_every_invariant_holds_under_any_schedule(schedule: Schedule) -> None:
    theatre = Theatre(schedule)
    play(_quietly(theatre.play))
    _check_events(theatre)
    _check_accounts(theatre)
    _check_blame(theatre)


async def _quietly(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scene in which an abandoned cue may end with an error that nobody asks for."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    await scene()


def _check_events(theatre: Theatre) -> None:
    """One terminal event an item, nothing starts after the stop, finished is last and once."""
    events = theatre.diary.events
    names = [event[0] for event in events]
    assert names.count("finished") == 1
    assert names[-1] == "finished"
    assert names.count("stopping") <= 1
    assert names.count("rest") <= 1
    if "stopping" in names:
        assert "started" not in names[names.index("stopping") :]
    else:
        assert "rest" not in names
    assert len(set(theatre.diary.started)) == len(theatre.diary.started)
    ended = [event[1] for event in events if event[0] == "ended"]
    assert len(set(ended)) == len(ended)
    assert set(theatre.diary.started) <= set(ended)
    assert not set(ended) & set(theatre.diary.rest)
    for item in theatre.diary.started:
        ending = next(event for event in events if event[:2] == ("ended", item))
        assert events.index(("started", item)) < events.index(ending)


def _check_accounts(theatre: Theatre) -> None:
    """The counts add up, the endings have their reasons, the bounds hold."""
    diary, report = theatre.diary, theatre.report
    assert report is not None
    assert report is diary.report
    endings = diary.endings()
    is_all_known = theatre.schedule.kind is Kind.SEQUENCE
    known = len(theatre.schedule.manners) if is_all_known else theatre.pulled
    assert len(endings) + len(diary.rest) == known
    # Abandoned work still runs beside its successor, so a person's single cancels may raise the count.
    if not theatre.has_cancelled_items:
        assert theatre.most_running <= theatre.schedule.workers
    of_items = [failure for failure in report.failures if failure.item is not None]
    assert [failure.item for failure in of_items] == [
        event[1] for event in diary.events if event[0] == "ended" and event[2] is Ending.FAILED
    ]
    assert report.failure_count == len(report.failures)
    for item in report.abandoned:
        assert theatre.schedule.manners[item] is Manner.SWALLOW
        assert endings[item] in {Ending.STOPPED, Ending.CANCELLED}
    reasons = {*endings.values(), *(event[2] for event in diary.events if event[0] == "rest")}
    assert Ending.STOPPED not in reasons or report.is_stopped
    assert Ending.CANCELLED not in reasons or theatre.is_cancelled or theatre.has_cancelled_items
    assert not report.is_cancelled or theatre.is_cancelled
    assert theatre.ended_s <= GRACE_S + 0.01


def _check_blame(theatre: Theatre) -> None:
    """The error that stopped the run is the last failure told before the stop, the first one otherwise."""
    report = theatre.report
    assert report is not None
    names = [event[0] for event in theatre.diary.events]
    if report.is_stopped:
        assert report.first_error is not None
        told = theatre.diary.events[: names.index("stopping") + 1]
        assert told[-1] == ("stopping", report.first_error.item)
        if report.first_error.item is not None:
            assert told[-2] == ("ended", report.first_error.item, Ending.FAILED)
    elif report.failures:
        assert report.first_error == report.failures[0]
    else:
        assert report.first_error is None
    toggles = any(act is Act.TOGGLE for act, _, _ in theatre.schedule.acts)
    if report.is_stopped and theatre.schedule.policy.stop_on_first_error and not toggles:
        assert report.first_error == report.failures[0]
    times = [failure.at for failure in report.failures]
    assert times == sorted(times)
    assert [failure.item for failure in report.failures if failure.item in theatre.raised] == [
        failure.item for failure in report.failures
    ]
