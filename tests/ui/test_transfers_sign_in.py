"""A batch that waits until somebody has signed in: one banner, one button."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from app.core.events import BatchPhase, Outcome, RowSnapshot
from app.core.states import Phase, State
from app.ui.transfers.cells import Column
from app.ui.transfers.panel import TransfersPanel
from tests.ui.fakes import FakeBridge, denied, failed, network_gone, signed_out, stopped

WAITING = RowSnapshot(State.RUNNING, Phase.WAITING_FOR_SIGN_IN, done_bytes=1 << 20, tries=1)


@pytest.fixture
def panel(transfers: TransfersPanel) -> TransfersPanel:
    return transfers


def wait_for_sign_in(bridge: FakeBridge, batch_id: str = "a", count: int = 50) -> None:
    bridge.add_batch(batch_id, count)
    bridge.set_span(batch_id, 0, count - 1, WAITING)
    bridge.set_batch(batch_id, wait=signed_out())


def buttons(panel: TransfersPanel) -> list[str]:
    """What the banner offers."""
    found = [*panel.banner.findChildren(QPushButton), *panel.banner.findChildren(QToolButton)]
    return [button.text() or button.accessibleName() for button in found if button.isVisible()]


def test_the_banner_says_what_to_do_and_offers_one_button(bridge: FakeBridge, panel: TransfersPanel) -> None:
    wait_for_sign_in(bridge)
    assert panel.banner.isVisible()
    assert panel.banner.sentence.text() == (
        "The sign-in has expired. media-archive/stills waits, and then goes on where it was."
    )
    assert panel.banner.accessibleDescription() == panel.banner.sentence.text()
    assert "aws sso login --profile work" in panel.banner.details.text()
    assert "request 7F3A90C1D2E4B5A6" in panel.banner.details.text()
    assert panel.banner.details.textFormat() == Qt.TextFormat.PlainText
    assert buttons(panel) == ["Try again"]
    assert panel.model.index(1, Column.STATUS).data() == "waiting for sign-in"


def test_try_again_asks_once_for_the_batchs_connection(bridge: FakeBridge, panel: TransfersPanel) -> None:
    wait_for_sign_in(bridge)
    panel.banner.sign_in_button.click()
    assert bridge.commands == [("sign_in_again", "a")]


def test_however_many_wait_there_is_one_banner_and_one_question(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    with qtbot.waitSignal(panel.sign_in_asked):
        wait_for_sign_in(bridge)
    with qtbot.assertNotEmitted(panel.sign_in_asked):
        bridge.set_batch("a", done_bytes=5)
    wait_for_sign_in(bridge, "b")
    bridge.set_batch("a", wait=None)
    assert panel.banner.isVisible()
    bridge.set_batch("b", wait=None)
    assert not panel.banner.isVisible()


def test_a_try_that_was_no_use_shows_what_is_wrong_now(bridge: FakeBridge, panel: TransfersPanel) -> None:
    wait_for_sign_in(bridge)
    bridge.set_batch("a", wait=signed_out("The token service did not answer."))
    assert "The token service did not answer." in panel.banner.details.text()


def test_the_question_goes_when_the_batch_goes_on_or_ends(bridge: FakeBridge, panel: TransfersPanel) -> None:
    wait_for_sign_in(bridge)
    bridge.set_batch("a", wait=None)
    assert not panel.banner.isVisible()
    bridge.set_batch("a", wait=signed_out())
    bridge.end_batch("a", Outcome.CANCELLED, wait=None)
    assert not panel.banner.isVisible()


def test_a_renewal_without_a_person_and_a_lost_network_ask_nobody(
    bridge: FakeBridge, panel: TransfersPanel
) -> None:
    bridge.add_batch("a", 2)
    bridge.set_batch("a", wait=network_gone())
    assert not panel.banner.isVisible()
    assert panel.model.index(0, Column.STATUS).data().startswith("waiting for network")


def test_the_question_stands_before_an_older_message_which_comes_back_whole(
    bridge: FakeBridge, panel: TransfersPanel, qtbot
) -> None:
    bridge.add_batch("old", 2)
    bridge.set_rows("old", {0: failed(is_culprit=True), 1: stopped(0)})
    bridge.end_batch("old", Outcome.STOPPED, first_error=denied(), first_error_index=0)
    before, offered = panel.banner.sentence.text(), buttons(panel)
    wait_for_sign_in(bridge)
    qtbot.keyClick(panel.table, Qt.Key.Key_Escape)
    assert "sign-in" in panel.banner.sentence.text()
    bridge.set_batch("a", wait=None)
    assert (panel.banner.sentence.text(), buttons(panel)) == (before, offered)
    assert bridge.mirror.batch("a").phase is BatchPhase.RUNNING
