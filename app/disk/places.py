"""Where state lies: the platform's folders, or everything in one folder when DOWNSPOUT_HOME is set."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

NAME = "downspout"


def settings_file() -> Path:
    """The window's settings file; it and its folder may not exist yet."""
    home = os.environ.get("DOWNSPOUT_HOME")
    folder = (
        Path(home).expanduser().absolute() if home else platformdirs.user_config_path(NAME, appauthor=False)
    )
    return folder / "settings.ini"
