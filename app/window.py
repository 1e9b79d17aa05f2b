"""Opens the window: gives the bridge its engine and the window its settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from app.bridge.bridge import EngineBridge
from app.core.objects import ConnectionSpec
from app.disk.places import settings_file
from app.engine.engine import Engine
from app.ui.application import StartRequest, run_window
from app.ui.preferences import Preferences


def open_window(spec: ConnectionSpec, location: str, *, is_demo: bool) -> int:
    """Run the window until it is closed; returns the exit code. Blocks."""
    has_spec = spec != ConnectionSpec() or bool(location)
    start = StartRequest(spec if has_spec else None, location, is_demo)
    bridges: list[EngineBridge] = []
    jobs = Preferences(str(settings_file())).defaults.jobs

    def make_bridge() -> EngineBridge:
        bridges.append(EngineBridge(partial(_build, jobs)))
        return bridges[0]

    code = run_window(make_bridge, str(settings_file()), start, sys.argv[:1])
    if bridges and not bridges[0].wait_stopped(0.0):
        # Something hangs that cannot be called back (a name look-up): an orderly exit would wait for it.
        os._exit(code)
    return code


def _build(jobs: int, ask_secret: Callable[[str], str | None]) -> Engine:
    # On the engine's thread, when the window is on screen: boto, libcurl and their likes are slow to import.
    from app.compose import build_engine, open_journal

    return build_engine(ask_secret, jobs=jobs, journal=open_journal(), is_attended=True)
