"""Where state lies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.disk.places import journal_file, locks_folder, settings_file

EVERY_PLACE = pytest.mark.parametrize(
    ("place", "name"),
    [(settings_file, "settings.ini"), (journal_file, "journal.sqlite3"), (locks_folder, "locks")],
)


@EVERY_PLACE
def test_everything_lies_in_the_folder_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Callable[[], Path], name: str
) -> None:
    monkeypatch.setenv("DOWNSPOUT_HOME", str(tmp_path))
    assert place() == tmp_path / name


@EVERY_PLACE
def test_without_it_the_platforms_own_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, place: Callable[[], Path], name: str
) -> None:
    monkeypatch.delenv("DOWNSPOUT_HOME", raising=False)
    assert place().parent.name == "downspout"
    assert place().name == name
    assert place().is_absolute()
