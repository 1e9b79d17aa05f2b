"""Whether and when a failed request is tried again."""

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.timing import Timing
from app.engine.retry import RetryBudget

TIMING = Timing(backoff_first_s=0.2, backoff_max_s=1.0, tries=6, tries_refused=3)


def _error(kind: ErrorKind, retry_after_s: float | None = None) -> TransferError:
    return TransferError(kind, "told", retry_after_s=retry_after_s)


@pytest.mark.parametrize(
    "kind", [ErrorKind.ACCESS_DENIED, ErrorKind.NOT_FOUND, ErrorKind.CHANGED, ErrorKind.BAD_CREDENTIALS]
)
def test_a_verdict_of_the_server_is_never_tried_again(kind: ErrorKind) -> None:
    assert RetryBudget(TIMING, lambda: 0.5).delay_s(_error(kind)) is None


def test_the_wait_doubles_up_to_its_ceiling_with_full_jitter() -> None:
    budget = RetryBudget(TIMING, lambda: 0.5)
    waits = [budget.delay_s(_error(ErrorKind.NETWORK)) for _ in range(6)]
    assert waits == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.4), 0.5, 0.5, None]


def test_a_refused_connection_gets_three_tries() -> None:
    budget = RetryBudget(TIMING, lambda: 0.0)
    waits = [budget.delay_s(_error(ErrorKind.CONNECTION_REFUSED)) for _ in range(3)]
    assert waits == [0.0, 0.0, None]


def test_the_servers_wish_is_waited_for_up_to_the_ceiling() -> None:
    budget = RetryBudget(TIMING, lambda: 0.0)
    assert budget.delay_s(_error(ErrorKind.THROTTLED, 0.7)) == pytest.approx(0.7)
    assert budget.delay_s(_error(ErrorKind.THROTTLED, 900.0)) == pytest.approx(1.0)


def test_enough_new_bytes_begin_the_count_again() -> None:
    budget = RetryBudget(TIMING, lambda: 0.0)
    for _ in range(20):
        budget.add_progress(TIMING.progress_bytes)
        assert budget.delay_s(_error(ErrorKind.NETWORK)) is not None


def test_waits_for_the_connection_cost_no_try_and_come_to_an_end_without_progress() -> None:
    budget = RetryBudget(TIMING, lambda: 0.0)
    for _ in range(TIMING.tries):
        assert budget.can_wait
        budget.count_wait()
    assert not budget.can_wait
    assert budget.failed_tries == 0
    budget.add_progress(TIMING.progress_bytes)
    assert budget.can_wait
