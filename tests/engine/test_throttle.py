"""The limits on bytes a second, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from app.engine.throttle import LEAST_BYTES, MOST_BYTES, Allowance, Limits, Throttle

KIB = 1 << 10


class _Call:
    """What is called at a time, unless it was cancelled."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def __call__(self) -> None:
        if not self.is_cancelled:
            self._call()


class _Time:
    """Seconds that pass only when nothing else is left to do."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._numbers = count()
        self._due: list[tuple[float, int, _Call]] = []

    def ticks(self) -> float:
        return self.now_s

    def later(self, delay_s: float, call: Callable[[], None]) -> _Call:
        due = _Call(call)
        heapq.heappush(self._due, (self.now_s + delay_s, next(self._numbers), due))
        return due

    async def pass_until(self, end_s: float) -> None:
        """Let the time pass, and all happen that is due by then."""
        await _turns()
        while self._due and self._due[0][0] <= end_s:
            self.now_s, _, call = heapq.heappop(self._due)
            call()
            await _turns()
        self.now_s = end_s

    def throttle(self, limit_bps: int = 0) -> Throttle:
        return Throttle(limit_bps, ticks=self.ticks, later=self.later)


async def _turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


def _play(scene: Callable[[_Time], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene(_Time())

    asyncio.run(act())


class _Body:
    """An endless answer, taken as fast as its allowance lets it, in writes of 16 KiB as libcurl's are."""

    def __init__(self, limits: Limits, owner: str, size_bytes: int = 1 << 40) -> None:
        self.came_bytes = 0
        self.allowance: Allowance = limits.allow(owner)
        self.task = asyncio.ensure_future(self._run(limits, size_bytes))

    async def _run(self, limits: Limits, size_bytes: int) -> None:
        try:
            await self.allowance.begin(size_bytes)
            while self.came_bytes < size_bytes:
                n_bytes = min(16 * KIB, size_bytes - self.came_bytes)
                self.came_bytes += n_bytes
                wait = self.allowance.spend(n_bytes) if limits.is_on else None
                await (asyncio.sleep(0) if wait is None else asyncio.wait([wait]))
        finally:
            self.allowance.end()


async def _end(*bodies: _Body) -> None:
    for body in bodies:
        body.task.cancel()
    await asyncio.gather(*(body.task for body in bodies), return_exceptions=True)


@pytest.mark.parametrize("limit_bps", [10 * KIB, 300 * KIB, 5 << 20])
@pytest.mark.parametrize("bodies", [1, 7])
def test_all_together_keep_to_the_limit(limit_bps: int, bodies: int) -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle(limit_bps))
        all_bodies = [_Body(limits, str(number)) for number in range(bodies)]
        await time.pass_until(60.0)
        came = sum(body.came_bytes for body in all_bodies)
        assert came == pytest.approx(60 * limit_bps, rel=0.1, abs=bodies * 32 * KIB)
        await _end(*all_bodies)

    _play(scene)


def test_the_tighter_one_of_two_limits_holds() -> None:
    async def scene(time: _Time) -> None:
        total = time.throttle(300 * KIB)
        slow, fast = Limits(time.throttle(100 * KIB), total), Limits(time.throttle(), total)
        bodies = [_Body(slow, "a"), _Body(fast, "b")]
        await time.pass_until(60.0)
        assert bodies[0].came_bytes == pytest.approx(60 * 100 * KIB, rel=0.1)
        assert bodies[1].came_bytes == pytest.approx(60 * 200 * KIB, rel=0.1)
        await _end(*bodies)

    _play(scene)


def test_small_files_take_turns_with_the_many_ranges_of_a_large_one() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle(1 << 20))
        ranges = [_Body(limits, "large") for _ in range(30)]
        await time.pass_until(1.0)
        small = [_Body(limits, f"small {number}", 16 * KIB) for number in range(10)]
        await time.pass_until(1.5)
        assert [body.came_bytes for body in small] == [16 * KIB] * 10
        await _end(*ranges, *small)

    _play(scene)


def test_a_large_file_opens_no_more_ranges_than_the_limit_needs() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(100 * KIB), time.throttle())
        ranges = [_Body(limits, "large") for _ in range(30)]
        await time.pass_until(30.0)
        assert sum(body.came_bytes > 0 for body in ranges) == 1
        await _end(*ranges)

    _play(scene)


def test_a_change_of_the_limit_counts_at_once_and_none_lets_go() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(KIB), time.throttle())
        body = _Body(limits, "a")
        await time.pass_until(10.0)
        held = body.came_bytes
        limits.own.limit_bps = 100 * KIB
        await time.pass_until(20.0)
        assert body.came_bytes - held == pytest.approx(1000 * KIB, rel=0.1)
        limits.own.limit_bps = KIB
        limits.own.limit_bps = 0
        held = body.came_bytes
        await _turns()
        assert not limits.is_on
        assert body.came_bytes > held
        await _end(body)

    _play(scene)


def test_a_limit_that_is_set_while_bytes_come_holds_for_them() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle())
        body = _Body(limits, "a")
        await _turns()
        limits.total.limit_bps = 10 * KIB
        before = body.came_bytes
        await time.pass_until(20.0)
        assert 0 < body.came_bytes - before <= 240 * KIB
        await _end(body)

    _play(scene)


def test_what_a_cancelled_piece_had_asked_for_is_left_to_the_others() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle(100 * KIB))
        first, second = _Body(limits, "a"), _Body(limits, "b")
        await time.pass_until(10.0)
        await _end(first)
        before = second.came_bytes
        await time.pass_until(20.0)
        assert second.came_bytes - before == pytest.approx(1000 * KIB, rel=0.1)
        await _end(second)

    _play(scene)


def test_an_idle_second_is_not_made_up_for() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle(100 * KIB))
        await time.pass_until(100.0)
        body = _Body(limits, "a")
        await time.pass_until(101.0)
        assert body.came_bytes <= 150 * KIB
        await _end(body)

    _play(scene)


def test_without_a_limit_nobody_waits() -> None:
    async def scene(time: _Time) -> None:
        limits = Limits(time.throttle(), time.throttle())
        await limits.allow("a").begin(1 << 30)
        assert not limits.is_on
        assert limits.portion_bytes == 0

    _play(scene)


def test_portions_stay_within_their_bounds() -> None:
    assert Throttle(1).portion_bytes == LEAST_BYTES
    assert Throttle(1 << 40).portion_bytes == MOST_BYTES
