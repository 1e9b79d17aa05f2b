"""What a person sets for new downloads: the dialog, the file, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.review import Review
from app.ui.connect.start import StartRequest
from app.ui.defaults import Defaults
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.preferences_dialog import PreferencesDialog
from tests.ui.fakes import FakeBridge

OTHER = Defaults(
    stop_on_first_error=False,
    in_flight=InFlight.FINISH,
    if_exists=IfExists.KEEP_BOTH,
    jobs=7,
    folder="/data/Füße",
    review=Review.ALWAYS,
    has_notices=False,
    log_level="debug",
    limit_kib=2048,
)


@pytest.fixture(autouse=True)
def root_level() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


@pytest.fixture
def window(qtbot: QtBot, bridge: FakeBridge, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(bridge, Preferences(str(tmp_path / "s.ini")), start=StartRequest())
    made.show()
    yield made
    made.close_now()
    bridge.stopped.emit()
    made.deleteLater()


def test_every_default_outlives_the_program(tmp_path: Path) -> None:
    assert all(getattr(OTHER, field.name) != getattr(Defaults(), field.name) for field in fields(Defaults))
    file = str(tmp_path / "s.ini")
    preferences = Preferences(file)
    assert preferences.defaults == Defaults()
    preferences.keep_defaults(OTHER)
    preferences.save()
    assert Preferences(file).defaults == OTHER


@pytest.mark.parametrize("jobs", ["0", "257", "-1", "x", "9" * 400, "²", ""])
def test_what_makes_no_sense_in_the_file_is_as_at_first(jobs: str) -> None:
    texts = {
        "jobs": jobs,
        "limit_kib": f"-{jobs}",
        "in_flight": "burn",
        "if_exists": "",
        "review": "1",
        "log_level": "shout",
    }
    assert Defaults.from_texts(texts) == Defaults()


def test_the_policy_of_a_new_batch_is_what_is_set_with_the_toggle_as_it_stands() -> None:
    assert OTHER.policy(stop_on_first_error=True) == BatchPolicy(
        StopPolicy(True, InFlight.FINISH), IfExists.KEEP_BOTH, 7
    )


def test_the_dialog_shows_what_is_set_and_gives_it_back(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(OTHER)
    qtbot.addWidget(dialog)
    assert dialog.defaults() == OTHER


def test_a_folder_is_chosen(qtbot: QtBot) -> None:
    def choose(_parent: QWidget, begin: str, chosen: Callable[[str], None]) -> None:
        assert begin == "/data/Füße"
        chosen("/data/new")

    dialog = PreferencesDialog(OTHER, choose=choose)
    qtbot.addWidget(dialog)
    dialog.browse.click()
    assert dialog.defaults().folder == "/data/new"


def test_ok_is_kept_and_heeded_at_once(window: MainWindow, bridge: FakeBridge, tmp_path: Path) -> None:
    window.sides.preferences_action.trigger()
    dialog = window.sides.preferences
    assert dialog is not None
    dialog.stop.setChecked(False)
    dialog.notices.setChecked(False)
    dialog.log_level.setCurrentText("Error")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert bridge.commands[-1] == ("set_stop_on_first_error", False)
    assert not window.notices.is_on
    assert logging.getLogger().level == logging.ERROR
    assert not Preferences(str(tmp_path / "s.ini")).defaults.has_notices
    assert window.sides.preferences is None


def test_a_speed_limit_is_told_to_the_engine_when_it_is_another(
    window: MainWindow, bridge: FakeBridge, tmp_path: Path
) -> None:
    for limit_kib in (2048, 2048, 0):
        window.sides.preferences_action.trigger()
        dialog = window.sides.preferences
        assert dialog is not None
        dialog.limit.setValue(limit_kib)
        dialog.accept()
    limits = [command for command in bridge.commands if command[0] == "set_limit"]
    assert limits == [("set_limit", 2048 << 10, None), ("set_limit", 0, None)]


def test_a_speed_limit_of_an_earlier_start_holds_from_the_first_batch_on(
    window: MainWindow, bridge: FakeBridge, tmp_path: Path
) -> None:
    Preferences(str(tmp_path / "s.ini")).keep_defaults(OTHER)
    window.open_start()
    assert bridge.commands == [("set_limit", 2048 << 10, None)]


def test_cancel_changes_nothing(window: MainWindow, bridge: FakeBridge, tmp_path: Path) -> None:
    window.sides.preferences_action.trigger()
    dialog = window.sides.preferences
    assert dialog is not None
    dialog.stop.setChecked(False)
    dialog.reject()
    assert bridge.commands == []
    assert Preferences(str(tmp_path / "s.ini")).defaults == Defaults()


def test_the_history_opens_once(window: MainWindow, bridge: FakeBridge) -> None:
    window.sides.history_action.trigger()
    first = window.sides.history
    window.sides.history_action.trigger()
    assert first is not None
    assert window.sides.history is first
    assert [asked[0] for asked in bridge.asked] == ["list_history"]
    first.reject()
    assert window.sides.history is None
