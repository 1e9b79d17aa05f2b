"""Pinned and recent places: what is kept, shown, and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from app.core.objects import ConnectionInfo, ConnectionSpec
from app.ui.browser.location import Location
from app.ui.browser.session import BrowserSession
from app.ui.connect.controller import ConnectionController
from app.ui.connect.remembered import Remembered
from app.ui.places import Places
from app.ui.preferences import MAX_PLACES, Preferences
from tests.ui.fakes import FakeBridge

WORK, HOME = ConnectionSpec(profile="work"), ConnectionSpec(profile="home")


class Stage:
    """Places over a fake bridge."""

    def __init__(self, bridge: FakeBridge, settings: Path) -> None:
        self.bridge = bridge
        self.preferences = Preferences(str(settings))
        self.connections = ConnectionController(bridge)
        self.session = BrowserSession(bridge)
        self.places = Places(self.preferences, self.connections, self.session)
        self.menu = QMenu()
        self.places.fill(self.menu)

    def connect(self, spec: ConnectionSpec, *, is_demo: bool = False) -> None:
        self.connections.connect_to(spec)
        self.bridge.connected.emit(self.bridge.last_token, ConnectionInfo(spec, "https://s3", is_demo))
        self.session.show_connected("label")

    def shown(self) -> list[str]:
        self.menu.aboutToShow.emit()
        actions = self.menu.actions()
        begin = actions.index(self.places.pin_action) + 1
        return [action.text().split("   ")[0] for action in actions[begin:] if action.text()]

    def choose(self, text: str) -> None:
        next(action for action in self.menu.actions() if action.text().startswith(text)).trigger()


@pytest.fixture
def stage(qtbot: QtBot, bridge: FakeBridge, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(bridge, tmp_path / "settings.ini")
    yield stage
    stage.menu.deleteLater()


def test_places_that_were_open_are_shown_newest_first_without_the_open_one(stage: Stage) -> None:
    stage.connect(WORK)
    for prefix in ("a/", "b&c/", "a/", "d/"):
        stage.session.open(Location("media", prefix))
    assert stage.shown() == ["Recent", "s3://media/a/", "s3://media/b&&c/"]


def test_a_place_is_pinned_stays_so_and_is_let_go(stage: Stage) -> None:
    stage.connect(WORK)
    stage.session.open(Location("media", "a/"))
    stage.places.pin_action.trigger()
    stage.session.open(Location("media", "b/"))
    assert not stage.places.pin_action.isChecked()
    assert stage.shown() == ["s3://media/a/"]
    stage.choose("s3://media/a/")
    assert stage.session.location == Location("media", "a/")
    assert stage.places.pin_action.isChecked()
    stage.places.pin_action.trigger()
    assert stage.preferences.pinned_places == ()


def test_a_place_of_another_connection_is_opened_through_it(stage: Stage, qtbot: QtBot) -> None:
    stage.connect(HOME)
    stage.session.open(Location("photos", "x/"))
    stage.connect(WORK)
    stage.session.open(Location("media", "a/"))
    stage.shown()
    with qtbot.waitSignal(stage.places.elsewhere) as caught:
        stage.choose("s3://photos/x/")
    assert caught.args == [Remembered.of(HOME, "photos", "x/")]
    assert stage.session.location == Location("media", "a/")


def test_the_demo_is_no_place_to_come_back_to(stage: Stage) -> None:
    stage.connect(WORK, is_demo=True)
    stage.session.open(Location("demo", ""))
    assert not stage.places.pin_action.isEnabled()
    assert stage.shown() == []


def test_typed_keys_are_not_kept_with_a_place(stage: Stage, tmp_path: Path) -> None:
    stage.connect(ConnectionSpec(access_key_id="AKIA", secret_access_key="very-secret"))
    stage.session.open(Location("media", "a/"))
    stage.places.pin_action.trigger()
    stage.preferences.save()
    text = (tmp_path / "settings.ini").read_text()
    assert "media" in text
    assert "very-secret" not in text
    assert "AKIA" not in text


def test_only_so_many_recent_places_are_kept(stage: Stage) -> None:
    stage.connect(WORK)
    for number in range(MAX_PLACES + 5):
        stage.session.open(Location("media", f"{number}/"))
    assert len(stage.preferences.recent_places) == MAX_PLACES
    assert stage.preferences.recent_places[0].prefix == f"{MAX_PLACES + 4}/"
