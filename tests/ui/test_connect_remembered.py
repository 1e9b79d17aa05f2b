"""What is kept of a connection and of the window between two runs, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt

from app.core.objects import Addressing, ConnectionSpec
from app.ui.browser.entry import Column
from app.ui.connect.remembered import Remembered
from app.ui.preferences import MAX_RECENT, Preferences

SECRET = "wJalrXUtnFEMI-hush"
FULL = ConnectionSpec(
    profile="work",
    endpoint_url="https://ann:" + SECRET + "@minio.local:9000/x",
    region="eu-central-1",
    addressing=Addressing.PATH,
    ca_bundle="ca.pem",
    requester_pays=True,
    access_key_id="AKID" + SECRET,
    secret_access_key=SECRET,
    session_token=SECRET,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


def test_a_connection_is_kept_without_its_secrets(file: Path) -> None:
    preferences = Preferences(str(file))
    preferences.keep_connection(Remembered.of(FULL, "media", "a b/ü/"))
    preferences.save()
    assert SECRET not in file.read_text()
    (kept,) = Preferences(str(file)).recent
    assert kept.spec == ConnectionSpec(
        profile="work",
        endpoint_url="https://minio.local:9000/x",
        region="eu-central-1",
        addressing=Addressing.PATH,
        ca_bundle="ca.pem",
        requester_pays=True,
    )
    assert (kept.bucket, kept.prefix, kept.needs_keys) == ("media", "a b/ü/", True)


def test_the_newest_connection_comes_first_and_only_once(file: Path) -> None:
    preferences = Preferences(str(file))
    for profile in ("a", "b", "a"):
        preferences.keep_connection(Remembered.of(ConnectionSpec(profile=profile), f"bucket-{profile}"))
    assert [kept.spec.profile for kept in preferences.recent] == ["a", "b"]


def test_old_connections_are_forgotten(file: Path) -> None:
    preferences = Preferences(str(file))
    for number in range(MAX_RECENT + 3):
        preferences.keep_connection(Remembered.of(ConnectionSpec(profile=str(number))))
    assert len(preferences.recent) == MAX_RECENT


def test_everything_else_that_is_kept_comes_back(file: Path) -> None:
    preferences = Preferences(str(file))
    preferences.keep_window(QByteArray(b"\x00geometry"), QByteArray(b"docks"))
    preferences.keep_download_folder("/data/Füße, and more")
    preferences.keep_stop_on_first_error(False)
    preferences.keep_sorting(Column.SIZE, Qt.SortOrder.DescendingOrder)
    preferences.save()
    again = Preferences(str(file))
    assert (again.geometry, again.window_state) == (QByteArray(b"\x00geometry"), QByteArray(b"docks"))
    assert again.defaults.folder == "/data/Füße, and more"
    assert again.defaults.stop_on_first_error is False
    assert again.sorting == (Column.SIZE, Qt.SortOrder.DescendingOrder)


def test_a_fresh_file_stops_on_the_first_error_and_sorts_by_name(file: Path) -> None:
    preferences = Preferences(str(file))
    assert preferences.defaults.stop_on_first_error is True
    assert preferences.sorting == (Column.NAME, Qt.SortOrder.AscendingOrder)
    assert preferences.recent == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe garbage \x80\n[[[",
        b"[connections]\n0=not json\n1={}\n2=[1]\n3=null\n",
        b'[connections]\n0="{\\"addressing\\": \\"sideways\\"}"\n',
        b"[browser]\nsort_column=99\ndescending=maybe\n[download]\nstop_on_first_error=a, b\n",
        b"[window]\ngeometry=@ByteArray(broken\ndocks=@Variant(\\0)\n",
        b"[window]\ngeometry=12\n[download]\nfolder=@Invalid()\n",
    ],
)
def test_a_damaged_file_reads_as_an_empty_one(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    preferences = Preferences(str(file))
    assert preferences.recent == ()
    assert preferences.sorting[0] is Column.NAME
    assert preferences.defaults.stop_on_first_error is True
    assert isinstance(preferences.geometry, QByteArray)
    assert preferences.defaults.folder == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"addressing": "auto"}', "[" * 5000])
def test_text_that_is_no_connection_is_none(text: str) -> None:
    assert Remembered.from_text(text) is None
