"""Where a pool's items come from: sequences, blocking iterables and async iterables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from enum import Enum
from typing import Generic, Protocol, TypeVar, runtime_checkable

from app.engine.daemon import DaemonThreads

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _End(Enum):
    """What a thread hands over in place of an item when there is none: StopIteration cannot cross."""

    END = 0


class Source(Protocol[T_co]):
    """Items handed out one by one to whoever pulls. Used on the loop's thread."""

    def can_pull(self, pulls: int) -> bool:
        """True when one more pull beside the `pulls` under way may bring an item.

        Never true again after the end, an error or a cancelled pull.
        """

    async def pull(self) -> T_co:
        """The next item. Raises StopAsyncIteration at the end, and whatever the origin raises."""

    def rest(self) -> Sequence[T_co]:
        """The items known to be left, which no pull will bring any more. Empty unless all are known."""

    async def close(self) -> None:
        """Let the origin go after the last pull."""


class SequenceSource(Generic[T]):
    """Hands out a sequence: all items are known, pulling never waits."""

    def __init__(self, sequence: Sequence[T]) -> None:
        self._sequence = sequence
        self._next = 0

    def can_pull(self, pulls: int) -> bool:
        return self._next + pulls < len(self._sequence)

    async def pull(self) -> T:
        if not self.can_pull(0):
            raise StopAsyncIteration
        index, self._next = self._next, len(self._sequence)
        item = self._sequence[index]
        self._next = index + 1
        return item

    def rest(self) -> Sequence[T]:
        left = self._sequence[self._next :]
        self._next = len(self._sequence)
        return left

    async def close(self) -> None:
        return


class BlockingSource(Generic[T]):
    """Hands out an iterable whose `next` may block: a daemon thread of its own asks for each item.

    A cancelled pull leaves the thread behind where it blocks; what it brings later is dropped.
    """

    def __init__(self, iterable: Iterable[T]) -> None:
        self._iterable = iterable
        self._iterator: Iterator[T] | None = None
        self._thread = DaemonThreads(limit=1, name="downspout-source")
        self._is_exhausted = False

    def can_pull(self, pulls: int) -> bool:
        return pulls == 0 and not self._is_exhausted

    async def pull(self) -> T:
        # Whatever ends this pull but an item ends the source.
        self._is_exhausted = True
        item = await self._thread(self._advance)
        if isinstance(item, _End):
            raise StopAsyncIteration
        self._is_exhausted = False
        return item

    def rest(self) -> Sequence[T]:
        return ()

    async def close(self) -> None:
        self._thread.close()

    def _advance(self) -> T | _End:
        if self._iterator is None:
            self._iterator = iter(self._iterable)
        return next(self._iterator, _End.END)


@runtime_checkable
class Stocked(Protocol):
    """An async iterable that has some of its items ready: as many pulls may be under way at once."""

    def ready(self) -> int:
        """How many items it can hand out without waiting; roughly, for a pull may wait all the same."""


class AsyncSource(Generic[T]):
    """Hands out an async iterable; closing waits for a pull under way, then closes an async generator.

    Items that are not ready are asked for one by one, and so are started one by one, each a turn of the loop
    after the other.
    """

    def __init__(self, iterable: AsyncIterable[T]) -> None:
        self._iterable = iterable
        self._ready = iterable.ready if isinstance(iterable, Stocked) else int
        self._iterator: AsyncIterator[T] | None = None
        self._turn = asyncio.Lock()
        self._is_exhausted = False

    def can_pull(self, pulls: int) -> bool:
        if self._is_exhausted:
            return False
        return pulls == 0 or pulls < self._ready()

    async def pull(self) -> T:
        try:
            async with self._turn:
                if self._is_exhausted:
                    raise StopAsyncIteration
                if self._iterator is None:
                    self._iterator = aiter(self._iterable)
                return await anext(self._iterator)
        except BaseException:
            self._is_exhausted = True
            raise

    def rest(self) -> Sequence[T]:
        return ()

    async def close(self) -> None:
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            async with self._turn:
                await close()


def open_source(items: Sequence[T] | Iterable[T] | AsyncIterable[T]) -> Source[T]:
    """The source that pulls `items` in the way their kind needs. Touches no item yet."""
    if isinstance(items, AsyncIterable):
        return AsyncSource(items)
    if isinstance(items, Sequence):
        return SequenceSource(items)
    return BlockingSource(items)
