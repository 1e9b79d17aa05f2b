"""The connect dialog: fields to a ConnectionSpec, problems and errors in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.bridge.secrets import SecretRequest
from app.core.errors import ErrorKind, ErrorRecord
from app.core.objects import Addressing, ConnectionSpec, ProfileInfo
from app.ui.browser.location import Location
from app.ui.connect.dialog import ConnectDialog
from app.ui.connect.form import ANONYMOUS, KEYS, PROFILE
from app.ui.connect.secret_dialog import SecretDialog
from tests.ui.fakes import FakeBridge

EXPIRED = ErrorRecord(
    None, ErrorKind.EXPIRED_CREDENTIALS, "ExpiredToken", "The sign-in has expired. Sign in again.", "R1", 1.0
)


@pytest.fixture
def dialog(qtbot: QtBot, bridge: FakeBridge) -> Iterator[ConnectDialog]:
    dialog = ConnectDialog(bridge)
    qtbot.addWidget(dialog)
    dialog.open()
    yield dialog


def asked(qtbot: QtBot, dialog: ConnectDialog) -> tuple[ConnectionSpec, Location | None]:
    with qtbot.waitSignal(dialog.connect_asked) as signal:
        qtbot.mouseClick(dialog.connect_button, Qt.MouseButton.LeftButton)
    spec, start = signal.args
    return spec, start


def test_untouched_fields_ask_for_what_boto3_would_pick(qtbot: QtBot, dialog: ConnectDialog) -> None:
    assert asked(qtbot, dialog) == (ConnectionSpec(), None)


def test_profiles_are_offered_and_the_sso_ones_marked(
    qtbot: QtBot, dialog: ConnectDialog, bridge: FakeBridge
) -> None:
    bridge.profiles_listed.emit(bridge.last_token, (ProfileInfo("work", is_sso=True), ProfileInfo("home")))
    box = dialog.form.profile
    assert [box.itemText(row) for row in range(box.count())] == ["Default", "work (sso)", "home"]
    box.setCurrentIndex(1)
    assert asked(qtbot, dialog)[0] == ConnectionSpec(profile="work")


def test_a_computer_without_profiles_still_connects(
    qtbot: QtBot, dialog: ConnectDialog, bridge: FakeBridge
) -> None:
    bridge.profiles_listed.emit(bridge.last_token, ())
    assert asked(qtbot, dialog)[0] == ConnectionSpec()


def test_every_field_reaches_the_connection(qtbot: QtBot, dialog: ConnectDialog, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificates")
    form = dialog.form
    form.sign_in.setCurrentIndex(KEYS)
    for field, text in (
        (form.access_key_id, " AKID "),
        (form.secret_access_key, "hush"),
        (form.session_token, "token"),
        (form.endpoint_url, "https://minio.local:9000"),
        (form.region, "eu-central-1"),
        (form.bucket, "s3://media/2026/11"),
        (form.ca_bundle, str(bundle)),
    ):
        qtbot.keyClicks(field, text)
    form.addressing.setCurrentIndex(form.addressing.findData(Addressing.PATH))
    form.requester_pays.setChecked(True)
    spec, start = asked(qtbot, dialog)
    assert spec == ConnectionSpec(
        endpoint_url="https://minio.local:9000",
        region="eu-central-1",
        addressing=Addressing.PATH,
        ca_bundle=str(bundle),
        requester_pays=True,
        access_key_id="AKID",
        secret_access_key="hush",
        session_token="token",
    )
    assert start == Location("media", "2026/11/")


def test_an_anonymous_connection_carries_no_key_that_was_typed_before(
    qtbot: QtBot, dialog: ConnectDialog
) -> None:
    dialog.form.sign_in.setCurrentIndex(KEYS)
    dialog.form.access_key_id.setText("AKID")
    dialog.form.secret_access_key.setText("hush")
    dialog.form.sign_in.setCurrentIndex(ANONYMOUS)
    assert asked(qtbot, dialog)[0] == ConnectionSpec(is_anonymous=True)


def test_secrets_are_hidden_while_they_are_typed(dialog: ConnectDialog) -> None:
    for line in (dialog.form.secret_access_key, dialog.form.session_token):
        assert line.echoMode() is QLineEdit.EchoMode.Password


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("endpoint_url", "minio.local:9000", "https://"),
        ("endpoint_url", "ftp://minio.local", "https://"),
        ("endpoint_url", "https://", "names a host"),
        ("endpoint_url", "https://minio.local:99999", "not a URL"),
        ("endpoint_url", "https://user:pass@minio.local", "Keys do not belong in the URL"),
        ("bucket", "two words", "names no bucket"),
        ("ca_bundle", "/no/such/file.pem", "no such file"),
        ("access_key_id", "AKID", "secret access key is missing"),
        ("secret_access_key", "hush", "access key ID is needed"),
    ],
)
def test_a_field_that_cannot_be_right_is_told_in_place(
    qtbot: QtBot, dialog: ConnectDialog, field: str, text: str, words: str
) -> None:
    dialog.form.sign_in.setCurrentIndex(KEYS if "key" in field else PROFILE)
    getattr(dialog.form, field).setText(text)
    with qtbot.assertNotEmitted(dialog.connect_asked):
        dialog.connect_button.click()
    assert words in dialog.message.text()
    assert dialog.isVisible()


def test_a_failure_keeps_the_dialog_open_with_its_fields_and_a_retry(
    qtbot: QtBot, dialog: ConnectDialog
) -> None:
    dialog.form.region.setText("eu-north-1")
    first = asked(qtbot, dialog)
    assert not dialog.connect_button.isEnabled()
    dialog.show_error("default", EXPIRED)
    assert dialog.isVisible()
    assert EXPIRED.message in dialog.message.text()
    assert "ExpiredToken · request R1" in dialog.message.text()
    assert dialog.connect_button.text() == "Retry"
    assert asked(qtbot, dialog) == first


def test_typing_after_a_failure_takes_its_message_away(qtbot: QtBot, dialog: ConnectDialog) -> None:
    dialog.show_error("default", EXPIRED)
    qtbot.keyClicks(dialog.form.region, "x")
    assert dialog.message.text() == ""
    assert dialog.connect_button.text() == "Connect"


def test_a_connection_that_is_shown_comes_back_unchanged(qtbot: QtBot, dialog: ConnectDialog) -> None:
    spec = ConnectionSpec(
        profile="gone", endpoint_url="http://127.0.0.1:9000", region="r", requester_pays=True
    )
    dialog.show_spec(spec, Location("media", "a/"))
    assert asked(qtbot, dialog) == (spec, Location("media", "a/"))


def test_profiles_that_come_late_keep_the_profile_that_is_shown(
    qtbot: QtBot, dialog: ConnectDialog, bridge: FakeBridge
) -> None:
    dialog.show_spec(ConnectionSpec(profile="home"), None)
    bridge.profiles_listed.emit(bridge.last_token, (ProfileInfo("work"), ProfileInfo("home")))
    assert asked(qtbot, dialog)[0].profile == "home"


def test_a_sign_in_question_is_answered_with_what_was_typed(qtbot: QtBot) -> None:
    request = SecretRequest("MFA code for <b>ann</b>: ")
    dialog = SecretDialog(request)
    dialog.open()
    qtbot.keyClicks(dialog.line, " 123456")
    qtbot.keyClick(dialog.line, Qt.Key.Key_Return)
    assert request.wait(0) == "123456"


def test_a_sign_in_question_that_is_closed_is_refused(qtbot: QtBot) -> None:
    request = SecretRequest("MFA code: ")
    dialog = SecretDialog(request)
    dialog.open()
    qtbot.keyClicks(dialog.line, "123456")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    request.answer("too late")
    assert request.wait(0) is None


def test_a_file_of_certificates_can_be_looked_for(
    qtbot: QtBot, dialog: ConnectDialog, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    dialog.form.ca_bundle.setText(str(bundle))
    dialog.show_error("work", EXPIRED)
    qtbot.mouseClick(dialog.form.ca_bundle_row.button, Qt.MouseButton.LeftButton)
    (chooser,) = dialog.findChildren(QFileDialog)
    assert Path(chooser.directory().absolutePath()) == tmp_path
    chooser.fileSelected.emit("/etc/ssl/own.pem")
    chooser.reject()
    assert dialog.form.spec().ca_bundle == "/etc/ssl/own.pem"
    assert dialog.message.text() == ""
