"""A computer that slept: how it is noticed, and that no connection from before is trusted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from app.core.errors import ErrorKind
from app.core.timing import Timing
from app.s3.wake import SLEPT_S, WakeWatch
from tests.s3.scripted_server import CUT, KeepingReceiver, Seen, always, failure, get, reply, run, scene


@dataclass
class Clocks:
    """A wall clock and a monotonic one that a test sets."""

    wall: float = 1_795_000_000.0
    ticks: float = 50.0

    def watch(self) -> WakeWatch:
        return WakeWatch(lambda: self.wall, lambda: self.ticks)

    def go_on(self, seconds: float) -> None:
        """Both clocks run, as they do while the computer is awake."""
        self.wall += seconds
        self.ticks += seconds


def test_a_sleep_is_seen_once_when_the_wall_clock_has_jumped_ahead() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.go_on(5000.0)
    assert not watch.has_slept()
    clocks.wall += SLEPT_S + 1
    assert watch.has_slept()
    assert not watch.has_slept()


@pytest.mark.parametrize("jump_s", [SLEPT_S - 1, -3600.0])
def test_a_clock_that_is_corrected_a_little_or_back_is_no_sleep(jump_s: float) -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.wall += jump_s
    assert not watch.has_slept()


@pytest.mark.parametrize(
    ("expected_s", "passed_s", "has_slept"),
    [(3.0, 3.0 + SLEPT_S + 1, True), (3.0, 3.0 + SLEPT_S - 1, False), (None, 3600.0, False)],
)
def test_a_look_that_comes_much_too_late_tells_of_a_sleep_where_both_clocks_go_on(
    expected_s: float | None, passed_s: float, has_slept: bool
) -> None:
    clocks = Clocks()
    watch = clocks.watch()
    watch.expect(3.0)
    watch.expect(expected_s)
    clocks.go_on(passed_s)
    assert watch.has_slept() is has_slept


def test_after_a_sleep_a_running_request_ends_long_before_the_low_speed_limit() -> None:
    async def stall_first(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(CUT if seen.path == "/stall" else reply("200 OK", b"fine"))

    async def main() -> None:
        clocks = Clocks()
        # A look each 0.2 s; the limit itself is the real clock's.
        async with scene(stall_first, Timing(low_speed_s=2.0), clocks.watch()) as (server, transport):
            loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(transport.request(get(server.url + "/stall"), KeepingReceiver()))
            await asyncio.wait_for(server.asked.wait(), 5)
            began = loop.time()
            clocks.wall += 3600.0
            error = await failure(task)
            assert loop.time() - began < 1.0
            assert error.kind is ErrorKind.UNREACHABLE
            assert "has slept" in error.message
            await asyncio.wait_for(server.closed.wait(), 5)
            again = KeepingReceiver()
            await transport.request(get(server.url + "/again"), again)
            assert again.data == b"fine"
            assert server.connections == 2

    run(main())


@pytest.mark.parametrize("slept_s", [0.0, 3600.0])
def test_an_idle_connection_from_before_a_sleep_is_not_used_again(slept_s: float) -> None:
    async def main() -> None:
        clocks = Clocks()
        async with scene(always(reply("200 OK", b"x")), Timing(), clocks.watch()) as (server, transport):
            await transport.request(get(server.url))
            clocks.wall += slept_s
            await transport.request(get(server.url))
            await transport.request(get(server.url))
            assert server.connections == (2 if slept_s else 1)

    run(main())
