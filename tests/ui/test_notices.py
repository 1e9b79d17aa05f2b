"""What is told on the desktop, and when it is not."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.events import BatchPhase, Outcome
from app.ui.notices import DesktopTray, Notices
from tests.ui.fakes import FakeBridge, denied, done, failed, stopped


class FakeTray:
    """Keeps what it was asked to show."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def show(self, title: str, text: str) -> None:
        self.shown.append((title, text))


class Front(QWidget):
    """A window that a test puts in front, or not."""

    is_in_front = False

    def isActiveWindow(self) -> bool:
        return self.is_in_front


@pytest.fixture
def window(qtbot: QtBot) -> Front:
    widget = Front()
    qtbot.addWidget(widget)
    widget.show()
    return widget


@pytest.fixture
def tray() -> FakeTray:
    return FakeTray()


@pytest.fixture
def notices(bridge: FakeBridge, window: Front, tray: FakeTray) -> Notices:
    return Notices(bridge, window, tray)


def stop_batch(bridge: FakeBridge) -> None:
    bridge.add_batch("a", 3)
    bridge.set_rows("a", {0: done(), 1: failed(is_culprit=True), 2: stopped(1)})
    bridge.set_batch("a", phase=BatchPhase.STOPPING, first_error=denied(), first_error_index=1)
    bridge.end_batch("a", Outcome.STOPPED)


def test_a_stop_is_told_once_with_the_file_and_the_counts(
    bridge: FakeBridge, notices: Notices, tray: FakeTray
) -> None:
    assert notices.is_on
    stop_batch(bridge)
    text = "media-archive/stills: access denied (0002.tif). 1 done, 1 failed, 1 not finished."
    assert tray.shown == [("Download stopped", text)]


def test_each_stop_of_a_batch_that_runs_again_is_told(
    bridge: FakeBridge, notices: Notices, tray: FakeTray
) -> None:
    assert notices.is_on
    stop_batch(bridge)
    bridge.set_batch("a", phase=BatchPhase.RUNNING, outcome=None, first_error=None, first_error_index=None)
    bridge.set_batch("a", phase=BatchPhase.STOPPING, first_error=denied(), first_error_index=1)
    bridge.end_batch("a", Outcome.STOPPED)
    assert len(tray.shown) == 2


def test_an_end_is_told(bridge: FakeBridge, notices: Notices, tray: FakeTray) -> None:
    assert notices.is_on
    bridge.add_batch("a", 1)
    bridge.set_rows("a", {0: done()})
    bridge.end_batch("a", Outcome.DONE)
    assert tray.shown == [("Download done", "media-archive/stills: 1 done, 0 failed, 0 not finished.")]


def test_what_is_told_holds_no_markup(bridge: FakeBridge, notices: Notices, tray: FakeTray) -> None:
    assert notices.is_on
    bridge.add_batch("a", 0, title="<img src=x>")
    bridge.end_batch("a", Outcome.DONE)
    assert tray.shown[0][1].startswith("‹img src=x›: ")


def test_nothing_is_told_while_the_window_is_in_front(
    bridge: FakeBridge, notices: Notices, tray: FakeTray, window: Front
) -> None:
    assert notices.is_on
    window.is_in_front = True
    stop_batch(bridge)
    assert tray.shown == []


def test_nothing_is_told_when_switched_off(bridge: FakeBridge, notices: Notices, tray: FakeTray) -> None:
    notices.is_on = False
    stop_batch(bridge)
    assert tray.shown == []


def test_a_desktop_without_a_tray_is_no_error(window: Front) -> None:
    tray = DesktopTray(window)
    tray.show("Download done", "all of it")
    tray.hide()
    assert tray.parent() is window
