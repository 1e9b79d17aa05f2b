"""A wide listing beside the plain walk: the same names, none lost, none twice, whatever the server does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import TransferError
from app.core.objects import ListingPage
from app.engine.wide_listing import MAX_AHEAD, NARROW_PAGES, WIDTH, WideListing
from tests.engine.key_servers import KeyServer

LIMIT_S = 20.0
NUMBERS = [f"{number:05d}.bin" for number in range(600)]


def wide(server: KeyServer) -> WideListing:
    """A listing of everything that the server has, by its clock."""

    async def pull(walk: AsyncIterator[ListingPage]) -> ListingPage:
        return await anext(walk)

    return WideListing(server.open, pull, "", server.delimiter, lambda: server.now)


async def gathered(server: KeyServer, pause: Callable[[], int] = lambda: 0) -> list[ListingPage]:
    """Every page, with so many turns of the loop between two pulls."""
    pages = []
    async with asyncio.timeout(LIMIT_S):
        async for page in wide(server).pages():
            pages.append(page)
            for _ in range(pause()):
                await asyncio.sleep(0)
    return pages


def names_of(pages: list[ListingPage]) -> list[str]:
    """Keys and folders of the pages in order."""
    return [name for page in pages for name in sorted((*page.objects.keys, *page.prefixes))]


def flat(pages: list[ListingPage]) -> list[str]:
    """Keys as they came."""
    return [key for page in pages for key in page.objects.keys]


def _words(draw: random.Random, letters: str, longest: int) -> str:
    return "".join(draw.choices(letters, k=draw.randint(1, longest)))


KINDS: dict[str, Callable[[random.Random], str]] = {
    "words": lambda draw: _words(draw, "abcdeXYZ", 6),
    "numbers": lambda draw: str(draw.randrange(3000)),
    "padded": lambda draw: f"{draw.randrange(3000):06}.bin",
    "hashes": lambda draw: f"{draw.getrandbits(24):06x}",
    "folders": lambda draw: f"d{draw.randrange(9)}/{draw.randrange(300):04}",
    "few folders": lambda draw: _words(draw, "ab/1", 7),
    "scripts": lambda draw: _words(draw, "aZé中\uffee\U0001f600\U0010ffff", 4),
    "anything": lambda draw: _words(draw, "\0\x01 !+/~\x7f\xff\u0100\ud7ff\ue000", 5),
}
key_sets = st.builds(
    lambda kind, count, seed: {KINDS[kind](draw) for draw in [random.Random(seed)] for _ in range(count)},
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 400),
    st.integers(0, 10**6),
)


@settings(deadline=None, max_examples=200)
@given(key_sets, st.integers(1, 9), st.sampled_from(["", "/"]), st.integers(0, 1000))
def test_it_gives_what_the_plain_walk_gives(
    keys: set[str], page_size: int, delimiter: str, seed: int
) -> None:
    schedule = random.Random(seed)
    server = KeyServer(list(keys), page_size, delimiter, schedule=schedule)
    pages = asyncio.run(gathered(server, lambda: schedule.randrange(6)))
    assert names_of(pages) == server.names()
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


ORDERS: dict[str, Callable[[str], Any]] = {
    "bytes": str,
    "utf-16": lambda name: name.encode("utf-16-be", "surrogatepass"),
    "folded": lambda name: (name.casefold(), name),
    "backwards": lambda name: [-ord(character) for character in name] + [1],
    "by length": lambda name: (len(name), name),
    "shuffled by its start": lambda name: (name > "2", ord(name[0]) % 5, name),
    "an odd end": lambda name: (name[-1] in "7d", name),
}


@settings(deadline=None, max_examples=400)
@given(
    key_sets,
    st.integers(1, 5),
    st.sampled_from(sorted(ORDERS)),
    st.sampled_from(sorted(ORDERS)),
    st.integers(0, 3),
    st.integers(0, 1000),
)
def test_a_server_with_an_order_of_its_own_loses_nothing(
    keys: set[str], page_size: int, order: str, start_order: str, slips: int, seed: int
) -> None:
    server = KeyServer(
        list(keys),
        page_size,
        order=ORDERS[order],
        start_order=ORDERS[start_order],
        slips=slips,
        schedule=random.Random(seed),
    )
    assert flat(asyncio.run(gathered(server))) == server.names()


def test_a_server_deaf_to_start_after_is_asked_once_and_no_more() -> None:
    server = KeyServer(NUMBERS, page_size=10, ignores_start=True)
    assert flat(asyncio.run(gathered(server))) == NUMBERS
    assert len(server.requests) <= len(NUMBERS) / 10 + 1


def test_a_level_of_many_folders_becomes_wide_too() -> None:
    server = KeyServer([f"{number:04}/x" for number in range(600)], page_size=5, delimiter="/")
    assert names_of(asyncio.run(gathered(server))) == server.names()
    assert server.most_running > 4


def test_a_long_listing_has_several_requests_at_once_and_few_in_vain() -> None:
    server = KeyServer(NUMBERS, page_size=5)
    pages = asyncio.run(gathered(server))
    assert flat(pages) == NUMBERS
    assert 4 < server.most_running <= WIDTH
    assert len(server.requests) < 1.4 * len(NUMBERS) / 5
    assert len({after for after, _ in server.requests}) > 5


@pytest.mark.parametrize("page_count", range(1, NARROW_PAGES + 1))
def test_a_short_listing_has_no_request_more_than_pages(page_count: int) -> None:
    server = KeyServer(NUMBERS[: 10 * page_count], page_size=10)
    assert len(asyncio.run(gathered(server))) == page_count == len(server.requests)


def test_while_it_is_narrow_a_page_is_asked_for_when_it_is_pulled() -> None:
    async def scene() -> list[int]:
        server = KeyServer(NUMBERS, page_size=10, takes_s=0.001)
        asked = []
        async for page in wide(server).pages():
            await asyncio.sleep(0)
            asked.append(len(server.requests))
            if page.is_last:
                break
        return asked

    assert asyncio.run(scene()) == list(range(1, 61))


def test_what_is_ahead_is_bounded_while_nobody_pulls() -> None:
    async def scene() -> int:
        server = KeyServer([f"{number:05}" for number in range(9000)], page_size=10)
        pages = wide(server).pages()
        for _ in range(NARROW_PAGES):
            await anext(pages)
        for _ in range(5000):
            await asyncio.sleep(0)
        await pages.aclose()
        return len(server.requests)

    assert asyncio.run(scene()) <= NARROW_PAGES + MAX_AHEAD + WIDTH


def test_closing_it_ends_every_request() -> None:
    async def scene() -> tuple[int, int]:
        server = KeyServer(NUMBERS, page_size=5)
        pages = wide(server).pages()
        for _ in range(2 * NARROW_PAGES):
            await anext(pages)
        server.is_stuck = True
        for _ in range(10):
            await asyncio.sleep(0)
        was_running = server.running
        await pages.aclose()
        await asyncio.sleep(0)
        return was_running, server.running

    was_running, running = asyncio.run(scene())
    assert was_running > 1
    assert running == 0


@pytest.mark.parametrize("number", [0, 2, 5, 9, 20, 33])
def test_a_request_that_fails_ends_the_listing_behind_a_part_without_a_gap(number: int) -> None:
    server = KeyServer(NUMBERS, page_size=5, fails=lambda at: at >= number)
    pages: list[ListingPage] = []

    async def scene() -> None:
        async for page in wide(server).pages():
            pages.append(page)

    with pytest.raises(TransferError):
        asyncio.run(scene())
    came = flat(pages)
    assert came == NUMBERS[: len(came)]
    assert len(came) < len(NUMBERS)


def test_a_walk_ahead_that_is_refused_at_its_start_does_no_harm() -> None:
    server = KeyServer(NUMBERS, page_size=5)
    server.fails = lambda at: server.requests[at][0] != ""
    assert flat(asyncio.run(gathered(server))) == NUMBERS


def test_an_object_that_goes_between_two_requests_costs_nothing_but_time() -> None:
    server = KeyServer(NUMBERS, page_size=5)

    def remove(number: int) -> bool:
        after, page = server.requests[number]
        if after and not page and number < 40:
            found = next((name for name in server.keys if name > after), None)
            asyncio.get_running_loop().call_soon(
                lambda: setattr(server, "keys", [name for name in server.keys if name != found])
            )
        return False

    server.fails = remove
    came = flat(asyncio.run(gathered(server)))
    assert came == sorted(set(came))
    assert set(server.keys) <= set(came)


def test_a_server_that_asks_to_slow_down_gets_fewer_requests_at_once() -> None:
    async def scene() -> int:
        server = KeyServer(NUMBERS, page_size=5)
        listing = wide(server)
        for _ in range(2):
            listing.slow_down()
        assert [key async for page in listing.pages() for key in page.objects.keys] == NUMBERS
        return server.most_running

    assert asyncio.run(scene()) == WIDTH // 4
