"""A network that is gone: who waits for it, how it is looked for, and when it is given up."""

from __future__ import annotations

import asyncio

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.states import Phase
from app.engine.slots import Slots
from tests.engine.patience_stage import REFUSED, SERVED, TIMING, Asking, Stage, failure_of, play, stage
from tests.engine.stage import until

GONE = [ErrorKind.HOST_NOT_FOUND, ErrorKind.UNREACHABLE, ErrorKind.CONNECTION_REFUSED]


def error(kind: ErrorKind, code: str = "") -> TransferError:
    return TransferError(kind, f"It failed: {kind.value}.", code=code)


@pytest.mark.parametrize("kind", GONE)
def test_all_wait_for_one_probe_at_a_time_and_go_on_together_without_a_try_lost(kind: ErrorKind) -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            made.connection.break_off(error(kind))
            askers = [Asking() for _ in range(20)]
            tasks = [made.ask(asker) for asker in askers]
            for _ in range(TIMING.tries * 3):
                await made.time.pass_by()
            await until(lambda: made.time.sleepers == 1)
            assert made.connection.requests == 20
            made.connection.mend()
            await made.time.pass_by()
            assert await asyncio.gather(*tasks) == [SERVED] * 20
            assert made.connection.requests == 40
            assert made.connection.most_probes_at_once == 1
            assert made.connection.probes == ["bucket"] * (TIMING.tries * 3 + 1)
            assert {(*asker.phases, asker.tried_again) for asker in askers} == {
                (Phase.WAITING_FOR_NETWORK, 0)
            }

    play(scene())


def test_before_the_first_answer_a_network_that_is_gone_is_an_error_like_others() -> None:
    async def scene() -> None:
        async with stage(is_quick=True) as made:
            made.connection.break_off(REFUSED)
            asker = Asking()
            assert (await failure_of(made.ask(asker))).kind is ErrorKind.CONNECTION_REFUSED
            assert made.connection.requests == TIMING.tries_refused
            assert set(asker.phases) == {Phase.WAITING_TO_RETRY}
            assert (made.connection.probes, made.changes) == ([], 0)

    play(scene())


@pytest.mark.parametrize("first", ["a refusal", "some bytes"])
def test_a_server_that_refused_or_sent_a_part_has_been_there(first: str) -> None:
    async def scene() -> None:
        async with stage() as made:
            held = 0

            async def request() -> str:
                nonlocal held
                if made.connection.requests == 0:
                    made.connection.requests += 1
                    held = 100 if first == "some bytes" else 0
                    raise error(ErrorKind.NETWORK) if held else error(ErrorKind.SERVER_ERROR, "500")
                return await made.connection.request()

            made.connection.break_off(REFUSED)
            task = asyncio.ensure_future(made.patience.ask(Asking(), request, lambda: held))
            made.tasks.append(task)
            await made.time.pass_by()
            await made.waiting(Phase.WAITING_FOR_NETWORK)
            made.connection.mend()
            await made.time.pass_by()
            assert await task == SERVED

    play(scene())


def test_nothing_is_asked_while_the_network_is_gone_nor_after_a_wait_for_a_slot_in_which_it_went() -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            slots = Slots(1)
            await slots.acquire("another")
            queued = made.ask(Asking(slots))
            await asyncio.sleep(0)
            made.connection.break_off(REFUSED)
            first = made.ask()
            await made.waiting(Phase.WAITING_FOR_NETWORK)
            late = made.ask()
            slots.release()
            await until(lambda: slots.used == 0)
            await made.time.pass_by()
            await until(lambda: len(made.connection.probes) == 1 and made.time.sleepers == 1)
            assert made.connection.requests == 1
            made.connection.mend()
            await made.time.pass_by()
            assert await asyncio.gather(queued, first, late) == [SERVED] * 3
            assert made.connection.requests == 4

    play(scene())


@pytest.mark.parametrize(
    ("answer", "is_back"),
    [
        (error(ErrorKind.ACCESS_DENIED, "403"), True),
        (error(ErrorKind.EXPIRED_CREDENTIALS), True),
        (error(ErrorKind.NETWORK), False),
        (error(ErrorKind.TIMEOUT), False),
        (error(ErrorKind.TLS_UNTRUSTED), False),
        (error(ErrorKind.HOST_NOT_FOUND), False),
    ],
    ids=lambda value: value.kind.value if isinstance(value, TransferError) else "",
)
def test_the_network_is_back_when_a_server_answers_whatever_it_says(
    answer: TransferError, is_back: bool
) -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            made.connection.break_off(REFUSED)
            task = made.ask()
            await made.waiting(Phase.WAITING_FOR_NETWORK)
            made.connection.error, made.connection.probe_error = None, answer
            await made.time.pass_by()
            await until(lambda: task.done() if is_back else made.time.sleepers == 1)
            assert task.done() is is_back

    play(scene())


def test_probes_come_ever_later_up_to_a_limit() -> None:
    async def scene() -> list[float]:
        async with stage(is_quick=True) as made:
            await made.succeed()
            made.connection.break_off(REFUSED)
            await failure_of(made.ask())
            return made.time.slept

    slept = play(scene())
    # `random` is 0 here: half of what the back-off allows.
    assert slept[:6] == [0.125, 0.25, 0.5, 1.0, 2.0, 2.0]
    assert max(slept) == TIMING.probe_max_s / 2
    assert sum(slept) == TIMING.outage_s


@pytest.mark.parametrize("kind", [*GONE, ErrorKind.NETWORK])
def test_a_network_that_stays_away_is_given_up_with_an_error_that_ends_the_batch(kind: ErrorKind) -> None:
    async def scene() -> None:
        async with stage(is_quick=True) as made:
            await made.succeed()
            made.connection.break_off(REFUSED)
            made.connection.probe_error = error(kind)
            failures = [await failure_of(task) for task in [made.ask() for _ in range(3)]]
            assert len(set(map(id, failures))) == 1
            (failure, *_) = failures
            assert failure.kind.is_systemic
            assert f"did not come back within {TIMING.outage_s:g} s" in failure.message
            assert error(kind).message in failure.message
            assert "resume" in failure.message
            assert made.patience.wait is None

    play(scene())


def test_after_it_was_given_up_the_connection_is_like_one_that_has_never_answered() -> None:
    async def scene() -> None:
        async with stage(is_quick=True) as made:
            await made.succeed()
            made.connection.break_off(REFUSED)
            await failure_of(made.ask())
            made.connection.requests, made.connection.probes = 0, []
            await failure_of(made.ask())
            assert (made.connection.requests, made.connection.probes) == (TIMING.tries_refused, [])

    play(scene())


async def _in_outage(made: Stage, count: int) -> list[asyncio.Task[str]]:
    await made.succeed()
    made.connection.break_off(REFUSED)
    tasks = [made.ask() for _ in range(count)]
    await made.waiting(Phase.WAITING_FOR_NETWORK)
    return tasks


def test_a_cancelled_wait_ends_in_that_turn_and_the_others_go_on() -> None:
    async def scene() -> None:
        async with stage() as made:
            first, second = await _in_outage(made, 2)
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first], timeout=1)
            assert first.cancelled()
            made.connection.mend()
            await made.time.pass_by()
            assert await second == SERVED

    play(scene())


def test_the_last_who_leaves_ends_the_probing_and_the_next_failure_begins_a_new_one() -> None:
    async def scene() -> None:
        async with stage() as made:
            tasks = await _in_outage(made, 2)
            await until(lambda: made.time.sleepers == 1)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await until(lambda: made.time.sleepers == 0)
            assert made.patience.wait is None
            assert made.connection.probes == []
            again = made.ask()
            await made.waiting(Phase.WAITING_FOR_NETWORK)
            made.connection.mend()
            await made.time.pass_by()
            assert await again == SERVED

    play(scene())


def test_a_request_that_fails_after_each_wait_is_no_endless_loop() -> None:
    async def scene() -> None:
        async with stage(is_quick=True) as made:
            await made.succeed()
            made.connection.error = REFUSED
            assert await failure_of(made.ask()) is REFUSED
            assert len(made.connection.probes) == TIMING.tries
            assert made.connection.requests == TIMING.tries + TIMING.tries_refused

    play(scene())


def test_the_wait_is_told_when_it_begins_and_ends() -> None:
    async def scene() -> None:
        async with stage() as made:
            (task,) = await _in_outage(made, 1)
            assert made.changes == 1
            assert made.patience.wait is not None
            assert made.patience.wait.error.message == REFUSED.message
            assert not made.patience.wait.needs_person
            made.connection.mend()
            await made.time.pass_by()
            await task
            assert (made.changes, made.patience.wait) == (2, None)

    play(scene())
