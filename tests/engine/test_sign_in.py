"""Keys that expire: how they are renewed, who waits for a person, and what is told where nobody is."""

from __future__ import annotations

import asyncio

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.states import Phase
from tests.engine.patience_stage import EXPIRED, SERVED, TIMING, Asking, Stage, failure_of, play, stage
from tests.engine.stage import until

NO_TOKEN = TransferError(ErrorKind.EXPIRED_CREDENTIALS, "Run `aws sso login --profile work`.")
NO_ANSWER = TransferError(ErrorKind.NETWORK, "The token service did not answer.")


def _renews(made: Stage, *answers: bool | TransferError) -> None:
    """Keys come as told; other ones, and no error, are served again."""
    made.connection.error = EXPIRED
    made.connection.renewals = list(answers)
    renew = made.connection.renew_keys

    async def renewing() -> bool:
        is_new = await renew()
        if is_new:
            made.connection.mend()
        return is_new

    made.patience.sign_in._renew = renewing


async def _asking_person(made: Stage) -> None:
    await until(lambda: made.patience.wait is not None and made.patience.wait.needs_person)


def test_keys_are_renewed_once_for_all_requests_and_none_loses_a_try() -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            _renews(made, True)
            askers = [Asking() for _ in range(20)]
            tasks = [made.ask(asker) for asker in askers]
            assert await asyncio.gather(*tasks) == [SERVED] * 20
            assert (made.connection.renewed, made.connection.requests) == (1, 40)
            assert {(*asker.phases, asker.tried_again) for asker in askers} == {
                (Phase.WAITING_FOR_SIGN_IN, 0)
            }
            assert made.connection.probes == []

    play(scene())


def test_a_request_refused_with_the_keys_before_is_made_again_without_another_renewal() -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            _renews(made, True)
            late_refusal = asyncio.Event()
            tries = 0

            async def slow() -> str:
                nonlocal tries
                tries += 1
                if tries == 1:
                    await late_refusal.wait()
                    raise EXPIRED
                return SERVED

            late = asyncio.ensure_future(made.patience.ask(Asking(), slow))
            made.tasks.append(late)
            await asyncio.sleep(0)
            assert await made.ask() == SERVED
            late_refusal.set()
            assert await late == SERVED
            assert (made.connection.renewed, tries) == (1, 2)

    play(scene())


def test_each_expiry_is_renewed_as_long_as_the_keys_between_were_good() -> None:
    async def scene() -> None:
        async with stage() as made:
            for expiry in range(1, 4):
                _renews(made, True)
                assert await made.ask() == SERVED
                assert made.connection.renewed == expiry

    play(scene())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (False, [EXPIRED.message]),
        (NO_TOKEN, [NO_TOKEN.message]),
        (NO_ANSWER, [EXPIRED.message, NO_ANSWER.message]),
    ],
    ids=["the same keys", "no token", "no answer"],
)
def test_where_nobody_can_sign_in_it_is_an_error_that_ends_the_batch_and_says_what_to_do(
    answer: bool | TransferError, words: list[str]
) -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            _renews(made, answer)
            failures = [await failure_of(task) for task in [made.ask() for _ in range(3)]]
            assert made.connection.renewed == 1
            assert {failure.kind for failure in failures} == {ErrorKind.EXPIRED_CREDENTIALS}
            assert all(word in failures[0].message for word in words)
            assert failures[0].code == EXPIRED.code
            assert made.patience.wait is None

    play(scene())


def test_new_keys_that_are_refused_are_not_renewed_for_ever() -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            made.connection.error = EXPIRED
            made.connection.renewals = [True] * 9
            await failure_of(made.ask())
            assert (made.connection.renewed, made.connection.requests) == (1, 2)
            await failure_of(made.ask())
            assert made.connection.renewed == 2

    play(scene())


def test_a_person_is_asked_once_and_all_go_on_from_where_they_were() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, NO_TOKEN, True)
            tasks = [made.ask() for _ in range(10)]
            await _asking_person(made)
            assert made.patience.wait is not None
            assert made.patience.wait.error.message == NO_TOKEN.message
            changes = made.changes
            late = made.ask()
            await asyncio.sleep(0)
            assert (made.changes, made.connection.requests) == (changes, 10)
            made.patience.sign_in.try_again()
            assert await asyncio.gather(*tasks, late) == [SERVED] * 11
            assert (made.connection.renewed, made.connection.requests) == (2, 21)
            assert made.patience.wait is None

    play(scene())


def test_a_person_who_has_not_signed_in_yet_is_asked_again_with_what_is_wrong_now() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, NO_TOKEN, NO_ANSWER, True)
            task = made.ask()
            await _asking_person(made)
            made.patience.sign_in.try_again()
            assert made.patience.wait is not None
            await until(lambda: made.connection.renewed == 2)
            await _asking_person(made)
            assert NO_ANSWER.message in made.patience.wait.error.message
            assert made.connection.requests == 1
            made.patience.sign_in.try_again()
            assert await task == SERVED

    play(scene())


def test_who_says_that_they_signed_in_is_believed_even_if_the_keys_look_the_same() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, False, False, False)
            task = made.ask()
            await _asking_person(made)
            made.patience.sign_in.try_again()
            # Refused again: the person is asked at once, without a renewal that nobody wished for.
            await until(lambda: made.connection.requests == 2)
            await _asking_person(made)
            assert made.connection.renewed == 2
            made.connection.mend()
            made.patience.sign_in.try_again()
            assert await task == SERVED

    play(scene())


def test_a_person_may_try_again_as_often_as_they_like() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            presses = TIMING.tries * 3
            _renews(made, *[False] * (presses + 1))
            task = made.ask()
            for press in range(presses):
                await _asking_person(made)
                if press == presses - 1:
                    made.connection.mend()
                made.patience.sign_in.try_again()
                await until(lambda press=press: made.connection.requests == press + 2)
            assert await task == SERVED

    play(scene())


def test_a_request_that_alone_is_refused_whatever_the_keys_is_no_endless_loop() -> None:
    async def scene() -> None:
        async with stage() as made:
            await made.succeed()
            made.connection.renewals = [True] * 99

            async def refused() -> str:
                assert await made.patience.ask(Asking(), made.connection.request) == SERVED
                raise EXPIRED

            task = asyncio.ensure_future(made.patience.ask(Asking(), refused))
            made.tasks.append(task)
            assert await failure_of(task) is EXPIRED
            assert made.connection.renewed == TIMING.tries

    play(scene())


def test_a_look_of_who_does_not_wait_lets_nobody_go_on_with_keys_that_are_the_same() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, False, False)
            made.ask()
            await _asking_person(made)
            assert (await failure_of(made.ask(Asking(is_patient=False)))).message == EXPIRED.message
            await _asking_person(made)
            assert made.connection.requests == 1

    play(scene())


def test_who_does_not_wait_for_a_person_gets_the_error_and_leaves_the_others_waiting() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, NO_TOKEN, NO_ANSWER, True)
            patient = made.ask()
            await _asking_person(made)
            failure = await failure_of(made.ask(Asking(is_patient=False)))
            assert NO_ANSWER.message in failure.message
            await _asking_person(made)
            assert not patient.done()
            # Whoever looks again after a sign-in has the keys renewed for everybody.
            assert await made.ask(Asking(is_patient=False)) == SERVED
            assert await patient == SERVED

    play(scene())


def test_no_person_is_asked_for_one_that_does_not_wait() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, NO_TOKEN)
            assert (await failure_of(made.ask(Asking(is_patient=False)))).message == NO_TOKEN.message
            assert made.patience.wait is None

    play(scene())


def test_a_cancel_ends_the_wait_and_with_the_last_one_the_question() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            _renews(made, False, True)
            tasks = [made.ask(), made.ask()]
            await _asking_person(made)
            tasks[0].cancel()
            await asyncio.wait([tasks[0]], timeout=1)
            assert tasks[0].cancelled()
            assert made.patience.wait is not None
            tasks[1].cancel()
            await asyncio.wait([tasks[1]], timeout=1)
            assert made.patience.wait is None
            made.patience.sign_in.try_again()
            assert await made.ask() == SERVED

    play(scene())


def test_other_refusals_of_keys_are_no_matter_of_renewal() -> None:
    async def scene() -> None:
        async with stage(is_attended=True) as made:
            await made.succeed()
            made.connection.error = TransferError(ErrorKind.BAD_CREDENTIALS, "No.", code="InvalidAccessKeyId")
            assert await failure_of(made.ask()) is made.connection.error
            assert made.connection.renewed == 0

    play(scene())
