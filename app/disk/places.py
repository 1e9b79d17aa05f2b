"""Where state lies: the platform's folders, or everything in one folder when DOWNSPOUT_HOME is set."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

NAME = "downspout"


def settings_file() -> Path:
    """The window's settings file; it and its folder may not exist yet."""
    return _home_or(platformdirs.user_config_path(NAME, appauthor=False)) / "settings.ini"


def journal_file() -> Path:
    """The journal of all batches; it and its folder may not exist yet."""
    return _home_or(platformdirs.user_state_path(NAME, appauthor=False)) / "journal.sqlite3"


def locks_folder() -> Path:
    """Where each batch that a process works on has its lock file; may not exist yet."""
    return journal_file().parent / "locks"


def _home_or(platform_folder: Path) -> Path:
    home = os.environ.get("DOWNSPOUT_HOME")
    return Path(home).expanduser().absolute() if home else platform_folder
