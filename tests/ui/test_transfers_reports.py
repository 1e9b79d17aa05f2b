"""What a person takes out of the Transfers panel: failures, receipts, and the files themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import Outcome
from app.ui.csv_text import csv_line
from app.ui.transfers.layout import Place
from app.ui.transfers.opening import Opening, is_program, reveal_command
from app.ui.transfers.reports import Reports
from tests.ui.fakes import FakeBridge, denied, done, failed, stopped


class FileChooser:
    """Stands for the file dialog: answers at once."""

    def __init__(self, answer: Path) -> None:
        self.answer = str(answer)

    def __call__(self, _parent: QWidget, _title: str, _begin: str, chosen: Callable[[str], None]) -> None:
        chosen(self.answer)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def reports(bridge: FakeBridge, window: QWidget, tmp_path: Path) -> Reports:
    return Reports(bridge, lambda: list(bridge.mirror.batch_ids()), window, FileChooser(tmp_path / "out"))


def stop_batch(bridge: FakeBridge, destination: str = "/data") -> None:
    bridge.add_batch("a", 4, destination=destination)
    evil = replace(denied("stills/0004.tif"), message="=cmd|' /C calc'!A0")
    bridge.set_rows("a", {0: done(), 1: failed(is_culprit=True), 2: stopped(1), 3: failed(evil)})
    bridge.end_batch("a", Outcome.STOPPED, first_error=denied(), first_error_index=1)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    ((cell,),) = csv.reader([csv_line([f'{start}1+"x",2'])])
    assert cell == f'\'{start}1+"x",2'


def test_a_number_and_any_text_can_be_a_cell() -> None:
    assert csv_line([7, "a,b", "\ud800"]) == '"7","a,b","\\ud800"\r\n'


def test_failures_are_copied_each_with_its_key_and_its_error(
    bridge: FakeBridge, reports: Reports, qtbot: QtBot
) -> None:
    stop_batch(bridge)
    reports.update_enabled()
    with qtbot.waitSignal(reports.told) as told:
        reports.copy_failures.trigger()
    assert told.args == ["2 failures copied"]
    first, second = QGuiApplication.clipboard().text().split("\n\n")
    assert first.startswith("stills/0002.tif\nAccess denied")
    assert "request 7F3A90C1D2E4B5A6" in first
    assert second.startswith("stills/0004.tif\n=cmd")


def test_failures_are_exported_as_a_table_that_calculates_nothing(
    bridge: FakeBridge, reports: Reports, qtbot: QtBot, tmp_path: Path
) -> None:
    stop_batch(bridge)
    reports.update_enabled()
    with qtbot.waitSignal(reports.told):
        reports.export_failures.trigger()
    with (tmp_path / "out").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["key"], line["stopped_the_batch"]) for line in lines] == [
        ("stills/0002.tif", "yes"),
        ("stills/0004.tif", "no"),
    ]
    assert lines[1]["message"] == "'=cmd|' /C calc'!A0"


def test_a_file_that_cannot_be_written_is_told(
    bridge: FakeBridge, window: QWidget, qtbot: QtBot, tmp_path: Path
) -> None:
    stop_batch(bridge)
    chooser = FileChooser(tmp_path / "missing" / "out.csv")
    reports = Reports(bridge, lambda: ["a"], window, chooser)
    with qtbot.waitSignal(reports.told) as told:
        reports.export_failures.trigger()
    assert "could not be saved" in told.args[0]


def test_nothing_can_be_reported_where_nothing_failed_or_ended(bridge: FakeBridge, reports: Reports) -> None:
    bridge.add_batch("a", 2)
    reports.update_enabled()
    assert not any(action.isEnabled() for action in reports.actions)
    bridge.set_rows("a", {0: done(), 1: done()})
    bridge.end_batch("a", Outcome.DONE)
    reports.update_enabled()
    assert [action.isEnabled() for action in reports.actions] == [False, False, True]


def test_a_receipt_is_saved_as_json(
    bridge: FakeBridge, reports: Reports, qtbot: QtBot, tmp_path: Path
) -> None:
    stop_batch(bridge)
    reports.update_enabled()
    reports.save_receipt.trigger()
    assert bridge.commands == [("make_receipt", "a")]
    receipt = {"schema": "downspout.receipt/1", "files": [{"key": "a"}, {"key": "b"}]}
    with qtbot.waitSignal(reports.told):
        bridge.receipt_made.emit(bridge.last_token, receipt)
    assert json.loads((tmp_path / "out").read_text()) == receipt


def test_a_receipt_that_cannot_be_made_is_told(bridge: FakeBridge, reports: Reports, qtbot: QtBot) -> None:
    stop_batch(bridge)
    reports.update_enabled()
    reports.save_receipt.trigger()
    with qtbot.waitSignal(reports.told) as told:
        bridge.receipt_failed.emit(
            bridge.last_token, ErrorRecord(None, ErrorKind.USAGE, "", "It has not run.", "", 0.0)
        )
    assert told.args == ["There is no receipt. It has not run."]


# Opening


class Desktop:
    """Stands for the desktop: remembers what it was asked to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, url: QUrl) -> bool:
        self.opened.append(url.toLocalFile())
        return True


def opening_of(bridge: FakeBridge, window: QWidget, index: int | None) -> tuple[Opening, Desktop]:
    desktop = Desktop()
    opening = Opening(bridge, lambda: Place("a", index), window, desktop)
    return opening, desktop


def test_a_done_file_is_opened_and_one_that_is_not_here_is_not(
    bridge: FakeBridge, window: QWidget, tmp_path: Path
) -> None:
    (tmp_path / "0001.tif").write_bytes(b"x")
    stop_batch(bridge, str(tmp_path))
    opening, desktop = opening_of(bridge, window, 0)
    opening.open.trigger()
    assert desktop.opened == [str(tmp_path / "0001.tif")]
    assert not opening_of(bridge, window, 2)[0].open.isEnabled()


def test_a_file_that_is_gone_is_told(bridge: FakeBridge, window: QWidget, qtbot: QtBot) -> None:
    stop_batch(bridge, "/nowhere")
    opening, desktop = opening_of(bridge, window, 0)
    with qtbot.waitSignal(opening.told) as told:
        opening.open.trigger()
    assert told.args == ["/nowhere/0001.tif is no longer there."]
    assert desktop.opened == []


def test_a_program_is_opened_only_after_a_question(
    bridge: FakeBridge, window: QWidget, tmp_path: Path
) -> None:
    file = tmp_path / "0001.tif"
    file.write_bytes(b"x")
    file.chmod(0o700)
    stop_batch(bridge, str(tmp_path))
    opening, desktop = opening_of(bridge, window, 0)
    opening.open.trigger()
    assert desktop.opened == []
    assert opening.question is not None
    assert opening.question.defaultButton().text() == "Do not open"
    next(button for button in opening.question.buttons() if button.text() == "Open it").click()
    assert desktop.opened == [str(file)]


@pytest.mark.parametrize("name", ["a.exe", "a.SH", "a.desktop", "b/c.tar.py", "a.lnk"])
def test_program_types_are_known(name: str) -> None:
    assert is_program(name)


@pytest.mark.parametrize("name", ["a.tif", "a.txt", "exe", "a.mp4"])
def test_other_types_are_no_programs(name: str) -> None:
    assert not is_program(name)


def test_where_a_file_is_not_yet_its_nearest_folder_is_shown(
    bridge: FakeBridge, window: QWidget, tmp_path: Path
) -> None:
    stop_batch(bridge, str(tmp_path / "to" / "come"))
    opening, desktop = opening_of(bridge, window, 2)
    opening.reveal.trigger()
    assert desktop.opened == [str(tmp_path)]


def test_each_platform_selects_the_file_in_its_folder() -> None:
    assert reveal_command("darwin", "/a/b.tif") == ("/usr/bin/open", ["-R", "/a/b.tif"])
    program, arguments = reveal_command("win32", "C:/a/b.tif") or ("", [])
    assert (program, arguments[0]) == ("explorer.exe", "/select,")
    assert reveal_command("linux", "/a/b.tif") is None
