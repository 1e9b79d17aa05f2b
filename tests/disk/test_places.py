"""Where state lies."""

from pathlib import Path

import pytest

from app.disk.places import settings_file


def test_everything_lies_in_the_folder_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOWNSPOUT_HOME", str(tmp_path))
    assert settings_file() == tmp_path / "settings.ini"


def test_without_it_the_platforms_own_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOWNSPOUT_HOME", raising=False)
    assert settings_file().parent.name == "downspout"
    assert settings_file().is_absolute()
