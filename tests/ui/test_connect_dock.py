"""The connection controller and the dock that shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from app.core.errors import ErrorKind, ErrorRecord
from app.core.objects import Bucket, ConnectionInfo, ConnectionSpec
from app.ui.browser.location import Location
from app.ui.connect.controller import ConnectionController
from app.ui.connect.dock import MAY_NOT_LIST, ConnectionDock
from app.ui.connect.remembered import Remembered
from tests.ui.fakes import FakeBridge, denied

WORK = ConnectionSpec(profile="work")
LOST = ErrorRecord(None, ErrorKind.NETWORK, "", "The connection was lost.", "", 1.0)


@pytest.fixture
def controller(bridge: FakeBridge) -> ConnectionController:
    return ConnectionController(bridge, bridge)


@pytest.fixture
def dock(qtbot: QtBot, controller: ConnectionController) -> Iterator[ConnectionDock]:
    window = QMainWindow()
    qtbot.addWidget(window)
    dock = ConnectionDock(controller, QAction("Add", window), QAction("Open", window), window)
    yield dock


def connect(controller: ConnectionController, bridge: FakeBridge, spec: ConnectionSpec = WORK) -> None:
    controller.connect_to(spec)
    bridge.connected.emit(bridge.last_token, ConnectionInfo(spec, "https://s3.example"))


def test_a_connection_that_stands_asks_for_its_buckets(
    controller: ConnectionController, bridge: FakeBridge, qtbot: QtBot
) -> None:
    controller.connect_to(WORK, Location("media"))
    info = ConnectionInfo(WORK, "https://s3.example")
    with qtbot.waitSignal(controller.connected) as signal:
        bridge.connected.emit(bridge.last_token, info)
    assert signal.args == [info, Location("media")]
    assert bridge.commands[-1] == ("list_buckets",)


def test_the_answer_to_an_older_question_is_dropped(
    controller: ConnectionController, bridge: FakeBridge
) -> None:
    controller.connect_to(WORK)
    older = bridge.last_token
    controller.connect_to(ConnectionSpec(profile="home"))
    bridge.connected.emit(older, ConnectionInfo(WORK, "https://s3.example"))
    assert controller.info is None


def test_a_failed_change_leaves_the_connection_that_stands(
    controller: ConnectionController, bridge: FakeBridge, qtbot: QtBot
) -> None:
    connect(controller, bridge)
    controller.connect_to(ConnectionSpec(profile="home"), keep_current=True)
    with qtbot.waitSignal(controller.failed):
        bridge.connect_failed.emit(bridge.last_token, LOST)
    assert controller.info is not None
    assert controller.info.spec == WORK


def test_reconnect_asks_the_same_again(controller: ConnectionController, bridge: FakeBridge) -> None:
    controller.connect_to(WORK)
    bridge.connect_failed.emit(bridge.last_token, LOST)
    controller.reconnect()
    assert bridge.commands[-1] == ("connect_to", WORK)
    controller.connect_demo()
    controller.reconnect()
    assert bridge.commands[-1] == ("connect_demo",)


def test_the_buckets_stand_below_their_connection_and_a_choice_opens_one(
    dock: ConnectionDock, controller: ConnectionController, bridge: FakeBridge, qtbot: QtBot
) -> None:
    connect(controller, bridge)
    bridge.buckets_listed.emit(bridge.last_token, (Bucket("media"), Bucket("raw")))
    top = dock.tree.topLevelItem(0)
    assert [top.child(row).text(0) for row in range(top.childCount())] == ["media", "raw"]
    with qtbot.waitSignal(dock.bucket_chosen) as signal:
        dock.tree.itemActivated.emit(top.child(1), 0)
    assert signal.args == ["raw"]


def test_an_account_that_may_not_list_is_told_calmly(
    dock: ConnectionDock, controller: ConnectionController, bridge: FakeBridge
) -> None:
    connect(controller, bridge)
    bridge.buckets_failed.emit(bridge.last_token, denied())
    assert dock.note.text() == MAY_NOT_LIST
    assert not dock.open_button.isHidden()
    assert dock.retry_button.isHidden()


def test_another_failure_shows_its_words_and_a_retry(
    dock: ConnectionDock, controller: ConnectionController, bridge: FakeBridge
) -> None:
    connect(controller, bridge)
    bridge.buckets_failed.emit(bridge.last_token, LOST)
    assert dock.note.text() == LOST.message
    dock.retry_button.click()
    assert bridge.commands[-1] == ("list_buckets",)


def test_remembered_connections_stand_below_without_the_current_one(
    dock: ConnectionDock, controller: ConnectionController, bridge: FakeBridge, qtbot: QtBot
) -> None:
    home = Remembered.of(ConnectionSpec(profile="home"), "photos")
    dock.show_remembered((Remembered.of(WORK), home))
    connect(controller, bridge)
    assert [dock.tree.topLevelItem(row).text(0) for row in range(dock.tree.topLevelItemCount())] == [
        "work",
        "home",
    ]
    with qtbot.waitSignal(dock.remembered_chosen) as signal:
        dock.tree.itemActivated.emit(dock.tree.topLevelItem(1), 0)
    assert signal.args == [home]


def test_the_open_bucket_is_marked_whenever_its_row_comes(
    dock: ConnectionDock, controller: ConnectionController, bridge: FakeBridge
) -> None:
    connect(controller, bridge)
    dock.mark_bucket("media")
    bridge.buckets_listed.emit(bridge.last_token, (Bucket("docs"), Bucket("media")))
    assert dock.tree.currentItem().text(0) == "media"
    dock.show_remembered((Remembered.of(WORK, "media"),))
    assert dock.tree.currentItem().text(0) == "media"
