"""The engine behind Qt signals: answers, samples, shutdown."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from app.bridge.bridge import EngineBridge
from app.bridge.sampler import SAMPLE_MS
from app.bridge.secrets import SecretRequest
from app.core.errors import ErrorKind
from app.core.events import Outcome, Wait
from app.core.objects import ConnectionInfo, ConnectionSpec, DemoFault, ListingPage
from app.core.policy import BatchPolicy
from app.core.states import Phase, State
from app.core.timing import Timing
from tests.engine.stage import everything, make_engine, spec_of
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation, deny, expired_token
from tests.servers.objects import many

LIMIT_MS = 20_000


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[EngineBridge]:
    made = EngineBridge(lambda ask: make_engine(jobs=8))
    made.start()
    yield made
    with qtbot.waitSignal(made.stopped, timeout=LIMIT_MS):
        made.shutdown()
    assert made.wait_stopped(5)


def _connect(qtbot: QtBot, bridge: EngineBridge, server: FaultServer) -> ConnectionInfo:
    with qtbot.waitSignal(bridge.connected, timeout=LIMIT_MS) as heard:
        token = bridge.connect_to(spec_of(server))
    assert heard.args is not None
    assert heard.args[0] == token
    return heard.args[1]


def test_a_connection_is_answered_with_its_endpoint(qtbot: QtBot, bridge: EngineBridge) -> None:
    with FaultServer() as server:
        assert _connect(qtbot, bridge, server).endpoint == server.endpoint_url


def test_a_connection_that_cannot_be_is_answered_with_the_reason(qtbot: QtBot, bridge: EngineBridge) -> None:
    with qtbot.waitSignal(bridge.connect_failed, timeout=LIMIT_MS) as heard:
        bridge.connect_to(ConnectionSpec(profile="nobody"))
    assert heard.args is not None
    assert heard.args[1].kind is ErrorKind.USAGE


def test_a_listing_comes_page_by_page_and_ends_once(qtbot: QtBot, bridge: EngineBridge) -> None:
    pages: list[ListingPage] = []
    bridge.listing_page.connect(lambda _, page: pages.append(page))
    with FaultServer(many(1500, 1, "p/")) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.listing_finished, timeout=LIMIT_MS) as heard:
            token = bridge.list_prefix(BUCKET, "p/")
    assert heard.args == [token, None]
    assert [len(page.objects) for page in pages] == [1000, 500]


def test_a_cancelled_listing_says_no_more(qtbot: QtBot, bridge: EngineBridge) -> None:
    ends: list[int] = []
    bridge.listing_finished.connect(lambda token, _: ends.append(token))
    with FaultServer(many(3, 1), [Fault(operation=Operation.LIST, times=1, is_held=True)]) as server:
        _connect(qtbot, bridge, server)
        cancelled = bridge.list_prefix(BUCKET, "")
        server.wait_until(lambda: len(server.requests(Operation.LIST)) == 1)
        bridge.cancel_listing(cancelled)
        with qtbot.waitSignal(bridge.listing_finished, timeout=LIMIT_MS):
            second = bridge.list_prefix(BUCKET, "")
    assert ends == [second]


def test_a_batch_is_told_in_the_main_thread_to_its_end(
    qtbot: QtBot, bridge: EngineBridge, tmp_path: Path
) -> None:
    main, threads, ends = QThread.currentThread(), set(), []
    bridge.rows_changed.connect(lambda *_: threads.add(QThread.currentThread()))
    bridge.batch_finished.connect(ends.append)
    with FaultServer(many(200, 1000)) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS) as heard:
            bridge.download(everything(), str(tmp_path), BatchPolicy(jobs=8))
    assert heard.args is not None
    (batch_id,) = heard.args
    assert bridge.mirror.batch(batch_id).outcome is Outcome.DONE
    assert {row.state for row in bridge.mirror.rows(batch_id)} == {State.DONE}
    assert threads == {main}
    assert ends == [batch_id]


def test_every_row_of_a_stopped_batch_says_how_it_ended(
    qtbot: QtBot, bridge: EngineBridge, tmp_path: Path
) -> None:
    with FaultServer(many(300, 1000), [deny("00030.bin")]) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS) as heard:
            bridge.download(everything(), str(tmp_path), BatchPolicy(jobs=8))
        assert heard.args is not None
        (batch_id,) = heard.args
        snapshot, rows = bridge.mirror.batch(batch_id), bridge.mirror.rows(batch_id)
        assert all(row.state.is_terminal for row in rows)
        assert sum(snapshot.counts.values()) == len(rows) == 300
        assert snapshot.first_error_index is not None
        assert bridge.mirror.seed(batch_id, snapshot.first_error_index).key == "00030.bin"
        server.clear_faults()
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS):
            bridge.retry(batch_id)
    assert bridge.mirror.batch(batch_id).outcome is Outcome.DONE


def test_when_nothing_moves_nothing_is_sampled(qtbot: QtBot, bridge: EngineBridge, tmp_path: Path) -> None:
    with FaultServer(many(1, 10)) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS):
            bridge.download(everything(), str(tmp_path), BatchPolicy())
        qtbot.waitUntil(lambda: not bridge._timer.isActive(), timeout=LIMIT_MS)
    with qtbot.assertNotEmitted(bridge.batch_changed, wait=SAMPLE_MS * 3):
        pass


def test_a_fault_of_a_demo_that_does_not_run_is_answered_with_the_reason(
    qtbot: QtBot, bridge: EngineBridge
) -> None:
    with qtbot.waitSignal(bridge.demo_fault_failed, timeout=LIMIT_MS) as heard:
        bridge.set_demo_fault(DemoFault.DENY_ONE, True)
    assert heard.args is not None
    fault, error = heard.args
    assert fault is DemoFault.DENY_ONE
    assert error.message


def test_a_batch_waits_for_a_sign_in_and_goes_on_after_it(qtbot: QtBot, tmp_path: Path) -> None:
    is_renewed = threading.Event()
    waits: list[Wait | None] = []
    bridge = EngineBridge(lambda ask: make_engine(jobs=4, is_attended=True))
    bridge.wait_changed.connect(waits.append)
    bridge.start()

    def is_asking() -> bool:
        batch = bridge.mirror.batch(bridge.mirror.batch_ids()[0])
        return batch.wait is not None and batch.wait.needs_person

    with FaultServer(many(20, 100), [expired_token(skip=9, until=is_renewed)]) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_added, timeout=LIMIT_MS) as added:
            bridge.download(everything(), str(tmp_path), BatchPolicy(jobs=4))
        assert added.args is not None
        batch_id = added.args[0]
        qtbot.waitUntil(is_asking, timeout=LIMIT_MS)
        # A wait that lasts costs nothing.
        qtbot.waitUntil(lambda: not bridge._timer.isActive(), timeout=LIMIT_MS)
        is_renewed.set()
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS):
            bridge.sign_in_again(batch_id)
        batch = bridge.mirror.batch(batch_id)
        assert (batch.outcome, batch.wait) == (Outcome.DONE, None)
        assert waits[-1] is None
        assert {wait.phase for wait in waits if wait is not None} == {Phase.WAITING_FOR_SIGN_IN}
        with qtbot.waitSignal(bridge.stopped, timeout=LIMIT_MS):
            bridge.shutdown()
        assert bridge.wait_stopped(5)


def test_a_question_is_asked_in_the_main_thread_and_its_answer_goes_back(qtbot: QtBot) -> None:
    answers: list[str | None] = []
    bridge = EngineBridge(lambda ask: make_engine())
    bridge.secret_asked.connect(lambda request: request.answer("123456"))
    asking = threading.Thread(target=lambda: answers.append(bridge._ask_secret("MFA code?")), daemon=True)
    asking.start()
    qtbot.waitUntil(lambda: answers == ["123456"], timeout=LIMIT_MS)


def test_a_question_is_answered_once() -> None:
    request = SecretRequest("code?")
    request.answer(None)
    request.answer("late")
    assert request.wait(0.0) is None


def test_shutdown_is_bounded_and_lets_go_of_stalled_connections(qtbot: QtBot, tmp_path: Path) -> None:
    with FaultServer(many(8, 1000), [Fault(operation=Operation.GET, stall_after=10)]) as server:
        bridge = EngineBridge(lambda ask: make_engine(jobs=8, timing=Timing()))
        bridge.start()
        _connect(qtbot, bridge, server)
        bridge.download(everything(), str(tmp_path), BatchPolicy(jobs=8))
        server.wait_until(lambda: len(server.requests(Operation.GET)) == 8)
        before = time.monotonic()
        with qtbot.waitSignal(bridge.stopped, timeout=LIMIT_MS):
            bridge.shutdown()
        assert time.monotonic() - before < 3
        assert bridge.wait_stopped(5)
        server.wait_until(lambda: server.open_connections == 0)
    assert not list(tmp_path.iterdir())


def test_a_batch_that_has_ended_gives_its_receipt(qtbot: QtBot, bridge: EngineBridge, tmp_path: Path) -> None:
    with FaultServer(many(3, 1)) as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS) as heard:
            bridge.download(everything(), str(tmp_path), BatchPolicy())
        batch_id = heard.args[0] if heard.args else ""
        with qtbot.waitSignal(bridge.receipt_made, timeout=LIMIT_MS) as made:
            token = bridge.make_receipt(batch_id)
    assert made.args is not None
    assert made.args[0] == token
    assert made.args[1]["batch_id"] == batch_id
    assert [file["state"] for file in made.args[1]["files"]] == ["done"] * 3


def test_a_batch_that_never_ran_has_no_receipt(qtbot: QtBot, bridge: EngineBridge, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with FaultServer() as server:
        _connect(qtbot, bridge, server)
        with qtbot.waitSignal(bridge.batch_finished, timeout=LIMIT_MS) as heard:
            bridge.download(everything(), str(tmp_path / "file" / "to"), BatchPolicy())
        batch_id = heard.args[0] if heard.args else ""
        with qtbot.waitSignal(bridge.receipt_failed, timeout=LIMIT_MS) as failed:
            bridge.make_receipt(batch_id)
    assert failed.args is not None
    assert failed.args[1].kind is ErrorKind.USAGE
