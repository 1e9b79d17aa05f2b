"""The store that asks again: what is retried, how often, and that a wait can be cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ListingPage
from app.core.timing import Timing
from app.engine.engine import Engine
from tests.engine import stage
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.listing import repeat_token
from tests.servers.objects import many
from tests.servers.ready_objects import ReadyObjects

BUSY = Fault(operation=Operation.LIST, status=503, code="SlowDown")


async def _pages(engine: Engine) -> list[ListingPage]:
    return [page async for page in engine.store.list_pages(BUCKET, "")]


def _failure(server: FaultServer) -> TransferError:
    with pytest.raises(TransferError) as caught:
        stage.run(server, _pages)
    return caught.value


def test_each_page_is_asked_for_again_until_it_comes() -> None:
    with FaultServer(many(2500, 1), [replace(BUSY, times=3), replace(BUSY, skip=3, times=4)]) as server:
        pages = stage.run(server, _pages)
        tokens = [entry.query.get("continuation-token", "") for entry in server.requests(Operation.LIST)]
    assert [len(page.objects) for page in pages] == [1000, 1000, 500]
    assert len(tokens) > 3
    assert len(set(tokens)) == 3


def test_a_page_cut_short_on_its_way_is_asked_for_again() -> None:
    cut = Fault(operation=Operation.LIST, times=1, declared_bytes=10_000_000)
    with FaultServer(many(10, 1), [cut]) as server:
        pages = stage.run(server, _pages)
    assert [len(page.objects) for page in pages] == [10]


def test_a_listing_that_stays_busy_fails_by_name_after_the_tries() -> None:
    with FaultServer(many(1500, 1), [replace(BUSY, skip=1)]) as server:
        error = _failure(server)
        assert len(server.requests(Operation.LIST)) == 1 + Timing().tries_throttled
    assert error.kind is ErrorKind.THROTTLED
    assert "after 1,000 keys" in error.message


def test_a_listing_that_cannot_be_trusted_says_which_it_was_and_how_far_it_came() -> None:
    with FaultServer(many(1500, 1), [Fault(operation=Operation.LIST, page=repeat_token)]) as server:
        error = _failure(server)
    assert error.kind is ErrorKind.LISTING
    assert f"The listing of s3://{BUCKET}/ ended after 1,000 keys" in error.message
    assert "List it again" in error.message


def test_a_listing_that_is_denied_is_asked_for_once() -> None:
    with FaultServer(many(1, 1), [replace(BUSY, status=403, code="AccessDenied")]) as server:
        assert _failure(server).kind is ErrorKind.ACCESS_DENIED
        assert len(server.requests(Operation.LIST)) == 1


def test_a_head_is_asked_for_again() -> None:
    async def head(engine: Engine) -> int:
        return (await engine.store.head(BUCKET, "00000.bin")).size_bytes

    with FaultServer(many(1, 7), [Fault(operation=Operation.HEAD, times=2, status=500)]) as server:
        assert stage.run(server, head) == 7


def test_a_cancel_ends_the_wait_before_the_next_try() -> None:
    async def cancelled(engine: Engine) -> bool:
        task = asyncio.ensure_future(_pages(engine))
        await stage.until(lambda: len(server.requests(Operation.LIST)) == 1)
        task.cancel()
        await asyncio.wait([task], timeout=1)
        return task.cancelled()

    never = Timing(backoff_first_s=600.0, backoff_max_s=600.0)
    wait = replace(BUSY, headers={"Retry-After": "600"})
    with FaultServer(many(1, 1), [wait]) as server:
        assert stage.run(server, cancelled, timing=never)


def test_a_long_listing_of_a_slow_server_comes_over_several_connections_in_key_order() -> None:
    ready = ReadyObjects(30_000)
    with FaultServer(ready, [Fault(operation=Operation.LIST, delay_s=0.05)]) as server:
        pages = stage.run(server, _pages)
        requests = server.requests(Operation.LIST)
    assert [key for page in pages for key in page.objects.keys] == ready.keys_in_order
    assert len({entry.connection for entry in requests}) > 2
    assert len(requests) < 1.5 * len(pages)


def test_a_long_listing_of_a_slow_server_that_fails_part_way_gives_what_came_before_without_a_gap() -> None:
    ready = ReadyObjects(30_000)
    faults = [
        Fault(operation=Operation.LIST, skip=14, status=403, code="AccessDenied"),
        Fault(operation=Operation.LIST, delay_s=0.05),
    ]
    keys: list[str] = []

    async def gather(engine: Engine) -> None:
        async for page in engine.store.list_pages(BUCKET, ""):
            keys.extend(page.objects.keys)

    with FaultServer(ready, faults) as server, pytest.raises(TransferError) as caught:
        stage.run(server, gather)
    assert keys == ready.keys_in_order[: len(keys)]
    assert f"after {len(keys):,} keys" in caught.value.message
