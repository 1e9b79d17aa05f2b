"""The history of downloads in the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.core.events import Outcome
from app.core.saved import PastBatch, SavedBatch
from app.core.states import State
from app.ui.history.dialog import NOTHING_YET, HistoryDialog
from app.ui.history.model import Column, HistoryModel, files_text
from tests.ui.fakes import FakeBridge, denied, saved_batch


def saved(batch_id: str, outcome: Outcome | None = Outcome.DONE) -> SavedBatch:
    return saved_batch(batch_id, is_listing_complete=True, outcome=outcome)


STOPPED = PastBatch(
    saved("stopped", Outcome.STOPPED), {State.DONE: 37, State.FAILED: 1, State.STOPPED: 200, State.QUEUED: 12}
)
DONE = PastBatch(saved("done"), {State.DONE: 3, State.SKIPPED: 1})


@pytest.fixture
def dialog(bridge: FakeBridge, qtbot: QtBot) -> HistoryDialog:
    dialog = HistoryDialog(bridge)
    qtbot.addWidget(dialog)
    dialog.show()
    bridge.history_listed.emit(bridge.last_token, (STOPPED, DONE))
    return dialog


def test_the_model_is_one_that_views_can_trust(qtmodeltester) -> None:
    model = HistoryModel()
    model.show((STOPPED, DONE))
    qtmodeltester.check(model)


def test_a_line_tells_what_a_batch_came_to(dialog: HistoryDialog) -> None:
    texts = [dialog.model.index(0, column).data() for column in Column]
    assert texts[1:] == ["media/stopped", "/films", "stopped", "37 done, 1 failed, 212 not finished"]
    spoken = dialog.model.index(0, Column.STARTED).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.endswith("media/stopped, /films, stopped, 37 done, 1 failed, 212 not finished")


def test_counts_say_when_the_listing_was_not_finished() -> None:
    past = replace(DONE, batch=replace(DONE.batch, is_listing_complete=False))
    assert files_text(past) == "3 done, 1 skipped, more not listed"
    assert past.has_rest
    assert not DONE.has_rest


@pytest.mark.parametrize("outcome", [None, Outcome.CANCELLED])
def test_a_batch_that_a_kill_or_a_quit_broke_off_is_not_finished(
    bridge: FakeBridge, dialog: HistoryDialog, outcome: Outcome | None
) -> None:
    past = replace(STOPPED, batch=saved("broken off", outcome))
    bridge.history_listed.emit(dialog._listing, (past,))
    assert dialog.model.index(0, Column.OUTCOME).data() == "not finished"
    assert dialog.resume_button.isEnabled()


def test_what_is_left_of_an_earlier_start_is_resumed(bridge: FakeBridge, dialog: HistoryDialog) -> None:
    assert dialog.resume_button.isEnabled()
    dialog.resume_button.click()
    assert bridge.asked[-1][:2] == ("resume", STOPPED.batch)
    assert not dialog.resume_button.isEnabled()
    bridge.leftover_settled.emit(bridge.last_token, None)
    assert not dialog.isVisible()


def test_what_cannot_be_resumed_says_why(bridge: FakeBridge, dialog: HistoryDialog) -> None:
    dialog.resume_button.click()
    bridge.leftover_failed.emit(bridge.last_token, denied())
    assert "Access denied" in dialog.note.text()
    assert dialog.resume_button.isEnabled()


def test_a_batch_that_is_done_has_nothing_to_resume(dialog: HistoryDialog) -> None:
    dialog.table.selectRow(1)
    assert not dialog.resume_button.isEnabled()
    assert not dialog.show_button.isEnabled()


def test_a_batch_of_this_start_is_shown_in_the_transfers(
    bridge: FakeBridge, dialog: HistoryDialog, qtbot: QtBot
) -> None:
    bridge.add_batch("done", 4)
    dialog.table.selectRow(1)
    with qtbot.waitSignal(dialog.show_asked) as asked:
        dialog.show_button.click()
    assert asked.args == ["done", None]


def test_an_empty_history_and_one_that_cannot_be_read_say_so(
    bridge: FakeBridge, dialog: HistoryDialog
) -> None:
    token = dialog._listing
    bridge.history_listed.emit(token, ())
    assert dialog.note.text() == NOTHING_YET
    bridge.history_failed.emit(token, denied())
    assert "Access denied" in dialog.note.text()
