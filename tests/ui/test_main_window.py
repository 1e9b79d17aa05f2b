"""The main window over a fake bridge: starting, connecting, downloading, remembering, closing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.bridge.secrets import SecretRequest
from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import Outcome
from app.core.objects import ConnectionInfo, ConnectionSpec, DemoFault, Source
from app.core.policy import BatchPolicy, StopPolicy
from app.core.review import Review
from app.ui import closing
from app.ui.application import closed_by_signals
from app.ui.browser.destination import choose_folder
from app.ui.browser.entry import Column
from app.ui.browser.location import Location
from app.ui.browser.session import BrowserPhase
from app.ui.connect.form import KEYS
from app.ui.connect.remembered import Remembered
from app.ui.connect.secret_dialog import SecretDialog
from app.ui.connect.start import StartRequest
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from tests.ui.browser_pages import page, thing
from tests.ui.fakes import FakeBridge, network_gone, signed_out

WORK = ConnectionSpec(profile="work")
LOST = ErrorRecord(None, ErrorKind.NETWORK, "", "The connection was lost.", "", 1.0)
MakeWindow = Callable[..., MainWindow]


class FolderChooser:
    """Stands for the folder dialog: remembers what it began with, and answers at once."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.began_with: list[str] = []

    def __call__(self, _parent: QWidget, begin: str, chosen: Callable[[str], None]) -> None:
        self.began_with.append(begin)
        if self.answer:
            chosen(self.answer)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


@pytest.fixture
def chooser() -> FolderChooser:
    return FolderChooser("/data/Footage")


@pytest.fixture
def make_window(
    qtbot: QtBot, bridge: FakeBridge, settings: Path, chooser: FolderChooser
) -> Iterator[MakeWindow]:
    made: list[MainWindow] = []

    def make(start: StartRequest | None = None) -> MainWindow:
        preferences = Preferences(str(settings))
        window = MainWindow(bridge, preferences, start=start or StartRequest(), choose_folder=chooser)
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        window.open_start()
        return window

    yield make
    for window in made:
        window.close_now()
        bridge.stopped.emit()
        window.deleteLater()


def connect(
    window: MainWindow, bridge: FakeBridge, spec: ConnectionSpec = WORK, *, is_demo: bool = False
) -> None:
    bridge.connected.emit(bridge.last_token, ConnectionInfo(spec, "https://s3.example", is_demo))


def fill(bridge: FakeBridge) -> None:
    token = next(asked[-1] for asked in reversed(bridge.asked) if asked[0] == "list_prefix")
    bridge.listing_page.emit(token, page(thing("a/1.tif"), thing("a/2.tif"), prefixes=("a/b/",)))
    bridge.listing_finished.emit(token, None)


def opened(window: MainWindow, bridge: FakeBridge) -> None:
    connect(window, bridge)
    fill(bridge)


def activate(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitActive(window, timeout=2000):
        window.activateWindow()


def asked_names(bridge: FakeBridge) -> list[str]:
    return [asked[0] for asked in bridge.asked]


# Starting


def test_a_first_run_shows_the_cards_and_asks_nothing_of_the_network(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window()
    assert window.browser.first_run.isVisible()
    assert bridge.commands == []


def test_the_command_lines_connection_and_location_are_opened(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window(StartRequest(WORK, "s3://media/2026"))
    assert bridge.commands == [("connect_to", WORK)]
    connect(window, bridge)
    assert ("list_prefix", "media", "2026/") in bridge.commands
    assert window.windowTitle() == "s3://media/2026/ - Downspout"


def test_a_location_alone_is_opened_with_the_default_connection(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    make_window(StartRequest(None, "s3://media"))
    assert bridge.commands == [("connect_to", ConnectionSpec())]


def test_without_a_request_the_last_place_is_opened_again(
    make_window: MakeWindow, bridge: FakeBridge, settings: Path
) -> None:
    Preferences(str(settings)).keep_connection(Remembered.of(WORK, "media", "a/"))
    window = make_window()
    connect(window, bridge)
    assert ("list_prefix", "media", "a/") in bridge.commands


def test_a_remembered_connection_with_keys_asks_for_them_again(
    make_window: MakeWindow, bridge: FakeBridge, settings: Path
) -> None:
    typed = ConnectionSpec(endpoint_url="http://minio.local", access_key_id="AK", secret_access_key="hush")
    Preferences(str(settings)).keep_connection(Remembered.of(typed, "media"))
    window = make_window()
    assert asked_names(bridge) == ["list_profiles"]
    assert window.connect_dialog is not None
    assert window.connect_dialog.form.endpoint_url.text() == "http://minio.local"
    assert window.connect_dialog.form.sign_in.currentIndex() == KEYS


def test_the_demo_opens_its_bucket_and_brings_its_menu(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window(StartRequest(is_demo=True))
    assert not window.demo_menu.menu.menuAction().isVisible()
    connect(window, bridge, is_demo=True)
    assert ("list_prefix", "demo", "") in bridge.commands
    assert window.demo_menu.menu.menuAction().isVisible()


def test_a_fault_is_ticked_only_when_the_server_has_taken_it(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window(StartRequest(is_demo=True))
    connect(window, bridge, is_demo=True)
    action = window.demo_menu.actions[DemoFault.DENY_ONE]
    action.trigger()
    assert bridge.commands[-1] == ("set_demo_fault", DemoFault.DENY_ONE, True)
    assert not action.isChecked()
    bridge.demo_fault_changed.emit(DemoFault.DENY_ONE, True)
    assert action.isChecked()
    action.trigger()
    assert bridge.commands[-1] == ("set_demo_fault", DemoFault.DENY_ONE, False)


# Connecting


def test_the_dialog_closes_when_the_connection_stands(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window()
    window.browser.first_run.add_card.button.click()
    dialog = window.connect_dialog
    assert dialog is not None
    dialog.form.bucket.setText("media")
    dialog.connect_button.click()
    assert window.browser.first_run.isVisible()
    connect(window, bridge, ConnectionSpec())
    assert window.connect_dialog is None
    assert window.browser.session.location == Location("media")


def test_a_failure_stays_in_the_dialog_and_retry_asks_again(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window()
    window.connect_action.trigger()
    dialog = window.connect_dialog
    assert dialog is not None
    dialog.connect_button.click()
    bridge.connect_failed.emit(bridge.last_token, LOST)
    assert dialog.isVisible()
    assert LOST.message in dialog.message.text()
    dialog.connect_button.click()
    assert asked_names(bridge).count("connect_to") == 2


def test_a_start_that_cannot_connect_shows_the_error_in_the_middle(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window(StartRequest(WORK))
    bridge.connect_failed.emit(bridge.last_token, LOST)
    assert window.browser.session.phase is BrowserPhase.CONNECT_FAILED
    assert window.browser.table.page.text.text() == LOST.message
    window.browser.table.page.buttons[1].click()
    assert window.connect_dialog is not None
    assert window.connect_dialog.form.spec() == WORK


def test_a_sign_in_question_opens_a_dialog(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window()
    request = SecretRequest("MFA code: ")
    bridge.secret_asked.emit(request)
    (dialog,) = window.findChildren(SecretDialog)
    dialog.line.setText("123456")
    dialog.accept()
    assert request.wait(0) == "123456"


# Downloading


def test_a_download_takes_the_selection_the_folder_and_the_toggle(
    make_window: MakeWindow, bridge: FakeBridge, chooser: FolderChooser
) -> None:
    window = make_window(StartRequest(WORK, "s3://media/a/"))
    opened(window, bridge)
    window.select_action.trigger()
    window.transfers.stop_action.setChecked(False)
    window.browser.download_action.trigger()
    sources = (
        Source("media", "a/b/", True, "a/"),
        Source("media", "a/1.tif", False, "a/", thing("a/1.tif")),
        Source("media", "a/2.tif", False, "a/", thing("a/2.tif")),
    )
    policy = BatchPolicy(stop=StopPolicy(stop_on_first_error=False))
    assert bridge.commands[-1] == ("download", sources, "/data/Footage", policy, Review.IF_NEEDED)
    window.browser.download_action.trigger()
    assert chooser.began_with == ["", "/data/Footage"]


def test_without_a_folder_nothing_starts(
    make_window: MakeWindow, bridge: FakeBridge, chooser: FolderChooser
) -> None:
    chooser.answer = ""
    window = make_window(StartRequest(WORK, "s3://media/a/"))
    opened(window, bridge)
    window.select_action.trigger()
    window.browser.download_action.trigger()
    assert "download" not in [command[0] for command in bridge.commands]


def test_the_folder_dialog_hands_over_the_chosen_folder(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    chosen: list[str] = []
    choose_folder(parent, str(tmp_path), partial(list.append, chosen))
    (dialog,) = parent.findChildren(QFileDialog)
    assert Path(dialog.directory().absolutePath()) == tmp_path
    dialog.fileSelected.emit("/data/new")
    dialog.reject()
    assert chosen == ["/data/new"]


def test_ctrl_d_downloads_the_selection(make_window: MakeWindow, bridge: FakeBridge, qtbot: QtBot) -> None:
    window = make_window(StartRequest(WORK, "s3://media/a/"))
    opened(window, bridge)
    table = window.browser.table
    activate(window, qtbot)
    table.setFocus()
    flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
    table.selectionModel().select(window.browser.session.model.index(1, 0), flags)
    qtbot.keyClick(table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert bridge.commands[-1][0] == "download"
    assert [source.key for source in bridge.commands[-1][1]] == ["a/1.tif"]


@pytest.mark.parametrize(
    ("key", "modifier", "action"),
    [
        (Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier, "filter_action"),
        (Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier, "path_action"),
        (Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier, "reload_action"),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier, "up_action"),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier, "back_action"),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier, "forward_action"),
    ],
)
def test_the_shortcuts_reach_their_actions(
    make_window: MakeWindow,
    bridge: FakeBridge,
    qtbot: QtBot,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier,
    action: str,
) -> None:
    window = make_window(StartRequest(WORK, "s3://media/a/"))
    opened(window, bridge)
    browser = window.browser
    browser.session.open(Location("media", "a/b/"))
    browser.session.open(Location("media", "a/c/"))
    browser.session.go_back()
    activate(window, qtbot)
    browser.table.setFocus()
    with qtbot.waitSignal(getattr(browser, action).triggered, timeout=2000):
        qtbot.keyClick(browser.table, key, modifier)


def test_a_new_batch_raises_the_transfers(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window()
    window.transfers_dock.hide()
    bridge.add_batch("b1", 3)
    assert window.transfers_dock.isVisible()


def test_the_status_bar_says_what_the_connection_waits_for(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window(StartRequest(WORK))
    connect(window, bridge)
    connected = window.statusBar().connection.text()
    bridge.wait_changed.emit(network_gone())
    assert window.statusBar().connection.text() == f"waiting for network · {connected}"
    bridge.wait_changed.emit(None)
    assert window.statusBar().connection.text() == connected


def test_a_sign_in_that_is_asked_for_is_in_sight(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window(StartRequest(WORK))
    connect(window, bridge)
    bridge.add_batch("a", 2)
    window.transfers_dock.hide()
    bridge.set_batch("a", wait=signed_out())
    assert window.transfers.banner.isVisible()


def test_the_status_bar_adds_up_what_runs(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window()
    bridge.add_batch("b1", 3, speed_bps=3 * 2**20, eta_s=120.0, slots_used=8)
    words = window.statusBar().transfers.text()
    assert words == "3.0 MiB/s · ETA 2 min · 8 of 32 slots"
    bridge.end_batch("b1", Outcome.DONE)
    assert window.statusBar().transfers.text() == "No transfers running"


# Remembering and closing


def test_the_window_comes_back_as_it_was_without_a_typed_secret(
    make_window: MakeWindow, bridge: FakeBridge, settings: Path
) -> None:
    secret = "wJalrXUtnFEMI"
    spec = ConnectionSpec(
        endpoint_url="http://minio.local", access_key_id="AKIDEXAMPLE", secret_access_key=secret
    )
    window = make_window(StartRequest(spec, "s3://media/a/"))
    connect(window, bridge, spec)
    fill(bridge)
    window.resize(782, 702)
    window.browser.table.sortByColumn(Column.SIZE, Qt.SortOrder.DescendingOrder)
    window.transfers.stop_action.setChecked(False)
    window.close()
    text = settings.read_text()
    assert secret not in text
    assert "AKIDEXAMPLE" not in text
    again = MainWindow(bridge, Preferences(str(settings)), start=StartRequest())
    assert (again.width(), again.height()) == (782, 702)
    assert again.browser.table.horizontalHeader().sortIndicatorSection() == Column.SIZE
    assert not again.transfers.stop_action.isChecked()
    (kept,) = Preferences(str(settings)).recent
    assert (kept.bucket, kept.prefix, kept.needs_keys) == ("media", "a/", True)
    again.deleteLater()


def test_the_demo_is_not_remembered(make_window: MakeWindow, bridge: FakeBridge, settings: Path) -> None:
    window = make_window(StartRequest(is_demo=True))
    connect(window, bridge, is_demo=True)
    window.close()
    assert Preferences(str(settings)).recent == ()


def test_closing_hides_at_once_and_ends_when_the_engine_has_closed(
    make_window: MakeWindow, bridge: FakeBridge, qtbot: QtBot
) -> None:
    window = make_window()
    window.close()
    assert not window.isVisible()
    assert bridge.commands[-1] == ("shutdown", False)
    with qtbot.waitSignal(window.closed, timeout=1000):
        bridge.stopped.emit()
    with qtbot.assertNotEmitted(window.closed):
        bridge.stopped.emit()
        window.close()
    assert bridge.commands.count(("shutdown", False)) == 1


def test_an_engine_that_never_closes_does_not_hold_the_window(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "CLOSE_LIMIT_MS", 50)
    window = make_window()
    with qtbot.waitSignal(window.closed, timeout=2000):
        window.close()
    assert not window.isVisible()


def test_closing_while_a_batch_runs_asks_once_and_staying_stays(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window()
    bridge.add_batch("b1", 3)
    window.close()
    question = window.closing.question
    assert question is not None
    window.close()
    assert window.closing.question is question
    question.reject()
    assert window.isVisible()
    assert ("shutdown", False) not in bridge.commands
    assert window.closing.question is None


@pytest.mark.parametrize(("text", "discards"), [("Pause and quit", False), ("Cancel them and quit", True)])
def test_a_running_batch_is_paused_or_cancelled_for_good(
    make_window: MakeWindow, bridge: FakeBridge, text: str, discards: bool
) -> None:
    window = make_window()
    bridge.add_batch("b1", 3)
    window.close()
    assert window.closing.question is not None
    (button,) = (button for button in window.closing.question.buttons() if button.text() == text)
    button.click()
    assert not window.isVisible()
    assert bridge.commands[-1] == ("shutdown", discards)


def test_a_question_that_is_open_while_closing_is_refused(
    make_window: MakeWindow, bridge: FakeBridge
) -> None:
    window = make_window()
    early, late = SecretRequest("MFA code: "), SecretRequest("MFA code: ")
    bridge.secret_asked.emit(early)
    window.close()
    bridge.secret_asked.emit(late)
    for request in (early, late):
        request.answer("from nobody")
        assert request.wait(0) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(os.name == "nt", reason="Windows delivers these signals to a console only")
def test_a_signal_closes_the_window_without_a_question(
    make_window: MakeWindow, bridge: FakeBridge, qtbot: QtBot, number: signal.Signals
) -> None:
    window = make_window()
    bridge.add_batch("b1", 3)
    before = signal.getsignal(number)
    with closed_by_signals(window):
        os.kill(os.getpid(), number)
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=2000)
    assert bridge.commands[-1] == ("shutdown", False)
    assert signal.getsignal(number) is before


def test_the_widths_of_the_columns_are_remembered(
    make_window: MakeWindow, bridge: FakeBridge, settings: Path
) -> None:
    window = make_window()
    window.transfers.table.setColumnWidth(1, 333)
    window.browser.table.setColumnWidth(Column.STORAGE_CLASS, 222)
    window.browser.table.sortByColumn(Column.SIZE, Qt.SortOrder.DescendingOrder)
    window.close()
    again = make_window()
    assert again.transfers.table.columnWidth(1) == 333
    assert again.browser.table.columnWidth(Column.STORAGE_CLASS) == 222
    assert again.browser.table.horizontalHeader().sortIndicatorSection() == Column.SIZE


def test_a_fault_that_could_not_be_switched_is_told(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window(StartRequest(is_demo=True))
    connect(window, bridge, is_demo=True)
    bridge.demo_fault_failed.emit(DemoFault.DENY_ONE, LOST)
    assert LOST.message in window.statusBar().currentMessage()
    assert not window.demo_menu.actions[DemoFault.DENY_ONE].isChecked()


def test_the_window_goes_down_to_640_pixels(make_window: MakeWindow, bridge: FakeBridge) -> None:
    window = make_window()
    bridge.add_batch("a", 250)
    assert window.minimumSizeHint().width() <= 640


def test_the_first_window_is_no_larger_than_the_screen(make_window: MakeWindow) -> None:
    window = make_window()
    screen = window.screen().availableSize()
    assert window.width() <= screen.width()
    assert window.height() <= screen.height()
