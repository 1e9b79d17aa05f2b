"""A plan that waits for a person: what it says, and what each word on it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.events import BatchPhase, Outcome
from app.core.objects import ObjectInfo, Source
from app.core.plan import Verdict
from app.core.policy import BatchPolicy
from app.core.review import SHORT_PLAN, PlanSheet, Review
from app.core.states import State
from app.engine.engine import Engine
from app.engine.order import Order
from tests.engine.stage import chosen, everything, run, until
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many

MIB = 1 << 20
HIDDEN = Fault("hidden", Operation.HEAD, status=404, code="NoSuchKey", message="No such key")


def known(objects: list[SeededObject]) -> list[Source]:
    """A selection of which one is archived, one is unknown, and one stands in the way of itself."""
    archived = ObjectInfo("cold", 10, "e", storage_class="DEEP_ARCHIVE")
    cold = Source(BUCKET, "cold", False, "", archived)
    return [*chosen(objects), cold, Source(BUCKET, "hidden", False, "")]


async def planned(
    engine: Engine, folder: Path, sources: list[Source], review: Review = Review.IF_NEEDED
) -> Order:
    engine.start_batch(sources, str(folder), BatchPolicy(), review)
    (order,) = engine.orders
    await until(lambda: order.rows.phase in (BatchPhase.PLANNED, BatchPhase.ENDED))
    return order


def gets(server: FaultServer, key: str | None = None) -> int:
    return len(server.requests(Operation.GET, key))


def test_a_plan_with_problems_waits_and_tells_them_before_the_first_get(tmp_path: Path) -> None:
    objects = [SeededObject("a", 20 * MIB), SeededObject("b", 10), SeededObject("c", 0)]
    (tmp_path / "b").write_bytes(b"mine")
    with FaultServer(objects, [HIDDEN]) as server:

        async def scene(engine: Engine) -> PlanSheet:
            order = await planned(engine, tmp_path, known(objects))
            assert order.rows.phase is BatchPhase.PLANNED
            sheet = await engine.plan_sheet(order.rows.batch_id)
            assert not any(gets(server, item.key) for item in objects)
            return sheet

        sheet = run(server, scene)
    assert [(line.key, line.verdict, line.is_problem) for line in sheet.lines] == [
        ("a", Verdict.NEW, False),
        ("b", Verdict.EXISTS, True),
        ("c", Verdict.NEW, False),
        ("cold", Verdict.ARCHIVED, True),
        ("hidden", None, True),
    ]
    assert all(line.reason for line in sheet.lines if line.is_problem)
    assert (sheet.requests, sheet.fetch_bytes) == (3 + 1, 20 * MIB)
    assert sheet.free_bytes > 0


def test_started_without_the_problem_files_a_batch_is_done_and_says_what_it_left_out(tmp_path: Path) -> None:
    objects = many(3, 100)
    with FaultServer(objects, [HIDDEN]) as server:

        async def scene(engine: Engine) -> Order:
            order = await planned(engine, tmp_path, known(objects))
            engine.start_planned(order.rows.batch_id, without_problems=True)
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            return order

        order = run(server, scene)
    assert order.rows.outcome is Outcome.DONE
    assert order.rows.counts()[State.SKIPPED] == 2
    notes = [order.rows[index].note for index in order.rows.in_state(State.SKIPPED)]
    assert all(note.startswith("left out: ") for note in notes)
    assert order.rows.snapshot().size_bytes == 300


def test_started_with_all_a_batch_fails_by_what_the_plan_knew(tmp_path: Path) -> None:
    objects = many(3, 100)
    with FaultServer(objects) as server:

        async def scene(engine: Engine) -> Order:
            order = await planned(engine, tmp_path, known(objects)[:4])
            engine.start_planned(order.rows.batch_id, without_problems=False)
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            return order

        order = run(server, scene)
    assert order.rows.outcome is Outcome.FAILED
    assert order.rows.counts()[State.DONE] == 3
    assert order.rows.counts()[State.FAILED] == 1


def test_a_cancelled_plan_fetches_nothing(tmp_path: Path) -> None:
    with FaultServer(many(3, 100)) as server:

        async def scene(engine: Engine) -> Order:
            order = await planned(engine, tmp_path, chosen(many(3, 100)), Review.ALWAYS)
            engine.cancel(order.rows.batch_id)
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            return order

        order = run(server, scene)
        assert gets(server) == 0
    assert order.rows.outcome is Outcome.CANCELLED
    assert order.rows.counts()[State.CANCELLED] == 3


def test_a_waiting_plan_does_not_hold_the_end_of_the_program(tmp_path: Path) -> None:
    with FaultServer(many(3, 100)) as server:

        async def scene(engine: Engine) -> Order:
            return await planned(engine, tmp_path, chosen(many(3, 100)), Review.ALWAYS)

        assert run(server, scene).rows.outcome is Outcome.CANCELLED


def test_rows_that_are_cancelled_or_retried_while_the_plan_waits_are_heeded(tmp_path: Path) -> None:
    objects = many(3, 100)
    with FaultServer(objects) as server:

        async def scene(engine: Engine) -> Order:
            order = await planned(engine, tmp_path, known(objects)[:4])
            engine.cancel(order.rows.batch_id, [0])
            engine.retry(order.rows.batch_id, [3])
            engine.start_planned(order.rows.batch_id, without_problems=True)
            await until(lambda: order.rows.phase is BatchPhase.ENDED)
            return order

        order = run(server, scene)
    states = [order.rows[index].state for index in range(4)]
    assert states == [State.CANCELLED, State.DONE, State.DONE, State.SKIPPED]


def _starts_at_once(
    sources: list[Source], review: Review, folder: Path
) -> Callable[[Engine], Awaitable[bool]]:
    async def scene(engine: Engine) -> bool:
        return (await planned(engine, folder, sources, review)).rows.phase is BatchPhase.ENDED

    return scene


@pytest.mark.parametrize(
    ("sources", "review", "is_at_once"),
    [
        (chosen(many(3, 10)), Review.IF_NEEDED, True),
        (chosen(many(3, 10)), Review.ALWAYS, False),
        (chosen(many(3, 10)), Review.NEVER, True),
        (everything(), Review.ALWAYS, True),
    ],
)
def test_short_plans_without_problems_and_streams_start_at_once(
    sources: list[Source], review: Review, is_at_once: bool, tmp_path: Path
) -> None:
    with FaultServer(many(3, 10)) as server:
        assert run(server, _starts_at_once(sources, review, tmp_path)) is is_at_once


def test_a_long_plan_is_shown_where_a_short_one_is_not() -> None:
    assert not Review.IF_NEEDED.is_due(SHORT_PLAN, 0)
    assert Review.IF_NEEDED.is_due(SHORT_PLAN + 1, 0)
    assert Review.IF_NEEDED.is_due(1, 1)
    assert not Review.NEVER.is_due(10**6, 10**6)


def test_a_batch_that_does_not_wait_has_no_plan_to_show(tmp_path: Path) -> None:
    with FaultServer(many(1, 10)) as server:

        async def scene(engine: Engine) -> ErrorKind:
            order = await planned(engine, tmp_path, chosen(many(1, 10)), Review.NEVER)
            engine.start_planned(order.rows.batch_id, without_problems=False)
            with pytest.raises(TransferError) as caught:
                await engine.plan_sheet(order.rows.batch_id)
            return caught.value.kind

        assert run(server, scene) is ErrorKind.USAGE
