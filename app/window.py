"""Opens the window: gives the bridge its engine and the window its settings."""

from __future__ import annotations

import sys

from app.bridge.bridge import EngineBridge
from app.compose import build_engine, leave_within
from app.core.objects import ConnectionSpec
from app.core.timing import Timing
from app.disk.places import settings_file
from app.ui.application import StartRequest, run_window


def open_window(spec: ConnectionSpec, location: str, *, is_demo: bool) -> int:
    """Run the window until it is closed; returns the exit code."""
    has_spec = spec != ConnectionSpec() or bool(location)
    start = StartRequest(spec if has_spec else None, location, is_demo)
    code = run_window(lambda: EngineBridge(build_engine), str(settings_file()), start, sys.argv)
    leave_within(Timing().close_s, code)
    return code
