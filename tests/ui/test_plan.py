"""The plan of a batch in the window: its table, its summary, its buttons."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import BatchPhase, Outcome
from app.core.plan import Verdict
from app.core.review import PlanLine, PlanSheet
from app.ui.plan.dialog import PlanDialog
from app.ui.plan.model import Column, PlanFilter, PlanModel
from app.ui.plan.reviews import PlanReviews
from tests.ui.fakes import MIB, FakeBridge

LINES = (
    PlanLine("a/1.tif", "1.tif", 48 * MIB, Verdict.NEW, "", False),
    PlanLine("a/2.tif", "2.tif", 48 * MIB, Verdict.NEW, "", False),
    PlanLine("a/=3.tif", "=3.tif", 10, Verdict.SAME, "The same file is already there.", False),
    PlanLine("a/4.tif", "4.tif", 10, Verdict.EXISTS, "A different file is there.", True),
    PlanLine("a/5.tif", "5.tif", 0, None, "Access denied to a/5.tif.", True),
)


def sheet(lines: tuple[PlanLine, ...] = LINES, batch_id: str = "a") -> PlanSheet:
    return PlanSheet(batch_id, "media-archive/stills", "/data/Footage", lines, 12, 96 * MIB, 300 << 30)


@pytest.fixture
def dialog(qtbot: QtBot) -> PlanDialog:
    made = PlanDialog(sheet())
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_model_is_one_that_views_can_trust(qtmodeltester) -> None:
    model = PlanModel(sheet())
    qtmodeltester.check(model)
    model.set_filter(PlanFilter.PROBLEMS)
    qtmodeltester.check(model)
    assert model.rowCount() == 2


def test_each_line_tells_the_file_its_target_its_size_and_what_will_happen_why() -> None:
    model = PlanModel(sheet())
    texts = [model.index(3, column).data() for column in Column]
    assert texts == ["a/4.tif", "4.tif", "10 bytes", "another file is there", "A different file is there."]
    spoken = model.index(4, Column.FILE).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "a/5.tif, not readable, Access denied to a/5.tif."


def test_the_summary_adds_up_files_bytes_requests_and_room(dialog: PlanDialog) -> None:
    assert dialog.summary.text() == (
        "5 files to /data/Footage: 2 new, 1 already there, 1 another file is there, 1 not readable.\n"
        "96.0 MiB to fetch in 12 requests, 300.0 GiB free on the disk."
    )


def test_the_filter_offers_the_verdicts_that_there_are(dialog: PlanDialog) -> None:
    texts = [dialog.filter.itemText(number) for number in range(dialog.filter.count())]
    assert texts == [
        "All (5)",
        "Problems (2)",
        "New (2)",
        "Already there (1)",
        "Another file is there (1)",
        "Not readable (1)",
    ]
    dialog.filter.setCurrentIndex(2)
    assert [dialog.model.line(row).key for row in range(dialog.model.rowCount())] == ["a/1.tif", "a/2.tif"]


def test_what_is_shown_is_exported_and_calculates_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"

    def choose(_parent: QWidget, _title: str, _begin: str, chosen: Callable[[str], None]) -> None:
        chosen(str(file))

    dialog = PlanDialog(sheet(), choose=choose)
    qtbot.addWidget(dialog)
    dialog.filter.setCurrentIndex(3)
    dialog.export_button.click()
    qtbot.waitUntil(lambda: dialog.note.text() == f"Saved {file}")
    with file.open(newline="") as text:
        (line,) = csv.DictReader(text)
    assert (line["path"], line["verdict"], line["is_problem"]) == ("'=3.tif", "same", "no")


def test_without_problems_there_is_one_way_to_start(qtbot: QtBot) -> None:
    dialog = PlanDialog(sheet(LINES[:2]))
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.without_button.isVisible()
    assert dialog.start_button.isDefault()
    assert not dialog.isModal()


# Which plans are shown


@pytest.fixture
def reviews(bridge: FakeBridge, qtbot: QtBot) -> PlanReviews:
    window = QWidget()
    qtbot.addWidget(window)
    return PlanReviews(bridge, lambda: list(bridge.mirror.batch_ids()), window)


def plan(bridge: FakeBridge) -> None:
    bridge.add_batch("a", 5, phase=BatchPhase.PLANNED)
    bridge.plan_made.emit(bridge.last_token, sheet())


def test_a_batch_that_waits_shows_its_plan_once(bridge: FakeBridge, reviews: PlanReviews) -> None:
    plan(bridge)
    bridge.set_batch("a")
    assert [asked[:2] for asked in bridge.asked] == [("show_plan", "a")]
    assert reviews.dialogs["a"].isVisible()


@pytest.mark.parametrize("without", [True, False])
def test_the_word_to_start_is_passed_on_and_the_plan_goes(
    bridge: FakeBridge, reviews: PlanReviews, without: bool
) -> None:
    plan(bridge)
    dialog = reviews.dialogs["a"]
    (dialog.without_button if without else dialog.start_button).click()
    assert bridge.commands[-1] == ("start_planned", "a", without)
    bridge.set_batch("a", phase=BatchPhase.RUNNING)
    assert reviews.dialogs == {}


def test_cancelling_a_plan_cancels_the_batch(bridge: FakeBridge, reviews: PlanReviews) -> None:
    plan(bridge)
    reviews.dialogs["a"].cancel_button.click()
    assert bridge.commands[-1] == ("cancel", "a", None)
    bridge.end_batch("a", Outcome.CANCELLED)
    assert reviews.dialogs == {}


def test_a_plan_that_was_closed_can_be_shown_again_while_the_batch_waits(
    bridge: FakeBridge, reviews: PlanReviews
) -> None:
    plan(bridge)
    reviews.dialogs["a"].reject()
    assert reviews.dialogs == {}
    reviews.update_enabled()
    assert reviews.show_plan.isEnabled()
    reviews.show_plan.trigger()
    bridge.plan_made.emit(bridge.last_token, sheet())
    assert reviews.dialogs["a"].isVisible()


def test_a_plan_that_comes_too_late_is_not_shown(bridge: FakeBridge, reviews: PlanReviews) -> None:
    bridge.add_batch("a", 5, phase=BatchPhase.PLANNED)
    bridge.set_batch("a", phase=BatchPhase.RUNNING)
    bridge.plan_made.emit(bridge.last_token, sheet())
    assert reviews.dialogs == {}


def test_a_plan_that_cannot_be_made_is_told(bridge: FakeBridge, reviews: PlanReviews, qtbot: QtBot) -> None:
    bridge.add_batch("a", 5, phase=BatchPhase.PLANNED)
    with qtbot.waitSignal(reviews.told) as told:
        bridge.plan_failed.emit(
            bridge.last_token, ErrorRecord(None, ErrorKind.DISK, "", "The folder is gone.", "", 0.0)
        )
    assert told.args == ["The plan cannot be shown. The folder is gone."]
