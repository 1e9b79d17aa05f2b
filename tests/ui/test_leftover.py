"""The strip that offers what an earlier start has left unfinished."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.ui.transfers.panel import TransfersPanel
from tests.ui.fakes import FakeBridge, denied, saved_batch


@pytest.fixture
def panel(bridge: FakeBridge, qtbot: QtBot) -> TransfersPanel:
    panel = TransfersPanel(bridge)
    qtbot.addWidget(panel)
    panel.show()
    bridge.unfinished_listed.emit(1, (saved_batch("new"), saved_batch("old")))
    return panel


def test_nothing_left_is_not_worth_a_word(bridge: FakeBridge, qtbot: QtBot) -> None:
    panel = TransfersPanel(bridge)
    qtbot.addWidget(panel)
    panel.show()
    bridge.unfinished_listed.emit(1, ())
    assert not panel.leftover.isVisible()


def test_the_newest_is_offered_first_and_resumed(bridge: FakeBridge, panel: TransfersPanel) -> None:
    assert panel.leftover.isVisible()
    assert "media/new to /films" in panel.leftover.sentence.text()
    assert "1 more" in panel.leftover.accessibleDescription()
    panel.leftover.resume_button.click()
    assert not panel.leftover.isEnabled()
    assert bridge.asked[-1][:2] == ("resume", saved_batch("new"))
    bridge.leftover_settled.emit(bridge.last_token, None)
    assert panel.leftover.isEnabled()
    assert "media/old" in panel.leftover.sentence.text()


def test_discard_forgets_and_not_now_asks_nothing(bridge: FakeBridge, panel: TransfersPanel) -> None:
    panel.leftover.discard_button.click()
    assert bridge.asked[-1][:2] == ("forget", saved_batch("new"))
    bridge.leftover_settled.emit(bridge.last_token, None)
    asked = len(bridge.asked)
    panel.leftover.later_button.click()
    assert len(bridge.asked) == asked
    assert not panel.leftover.isVisible()


def test_what_is_taken_up_elsewhere_is_no_longer_offered(bridge: FakeBridge, panel: TransfersPanel) -> None:
    bridge.leftover_settled.emit(bridge.resume(saved_batch("new")), None)
    assert "media/new" in panel.leftover.sentence.text()
    bridge.add_batch("new", 1)
    assert "media/old" in panel.leftover.sentence.text()


def test_what_cannot_be_resumed_says_why_and_stays(bridge: FakeBridge, panel: TransfersPanel) -> None:
    panel.leftover.resume_button.click()
    bridge.leftover_failed.emit(bridge.last_token, denied())
    assert panel.leftover.isEnabled()
    assert panel.leftover.problem.isVisible()
    assert "media/new" in panel.leftover.sentence.text()
