"""The permits for GETs in flight."""

import asyncio

import pytest

from app.engine.slots import Slots


async def _turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class _Holder:
    """Takes a slot for an owner, notes when it got it, lets go when told."""

    def __init__(self, slots: Slots, owner: str, order: list[str]) -> None:
        self.release = asyncio.Event()
        self.task = asyncio.ensure_future(self._run(slots, owner, order))

    async def _run(self, slots: Slots, owner: str, order: list[str]) -> None:
        async with slots.hold(owner):
            order.append(owner)
            await self.release.wait()


def test_no_more_than_the_given_number_are_held_at_once() -> None:
    async def scene() -> tuple[int, int]:
        slots, order = Slots(2), []
        holders = [_Holder(slots, str(number), order) for number in range(5)]
        await _turns()
        held = (len(order), slots.used)
        for holder in holders:
            holder.release.set()
        await asyncio.gather(*(holder.task for holder in holders))
        assert slots.used == 0
        return held

    assert asyncio.run(scene()) == (2, 2)


def test_an_owner_with_many_waiters_takes_turns_with_the_others() -> None:
    async def scene() -> list[str]:
        slots, order = Slots(1), []
        holders = [_Holder(slots, owner, order) for owner in ("first", "big", "big", "big", "small", "small")]
        await _turns()
        for holder in holders:
            holder.release.set()
        await asyncio.gather(*(holder.task for holder in holders))
        return order

    assert asyncio.run(scene()) == ["first", "big", "small", "big", "small", "big"]


def test_a_cancelled_wait_passes_its_turn_on() -> None:
    async def scene() -> list[str]:
        slots, order = Slots(1), []
        first, second, third = (_Holder(slots, owner, order) for owner in ("a", "b", "c"))
        await _turns()
        second.task.cancel()
        third.release.set()
        first.release.set()
        await asyncio.gather(first.task, second.task, third.task, return_exceptions=True)
        assert slots.used == 0
        return order

    assert asyncio.run(scene()) == ["a", "c"]


def test_a_wait_cancelled_after_its_turn_came_gives_the_slot_back() -> None:
    async def scene() -> int:
        slots, order = Slots(1), []
        first, second = _Holder(slots, "a", order), _Holder(slots, "b", order)
        await _turns()
        first.release.set()
        await asyncio.sleep(0)
        second.task.cancel()
        await asyncio.gather(first.task, second.task, return_exceptions=True)
        return slots.used

    assert asyncio.run(scene()) == 0


def test_no_slot_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Slots(0)
