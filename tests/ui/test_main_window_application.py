"""The whole window in a process of its own: the order of starting, and how signals end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT_S = 30

PROGRAM = """
import sys
from PySide6.QtWidgets import QApplication
from app.ui.application import StartRequest, run_window
from tests.ui.fakes import FakeBridge


class ClosingBridge(FakeBridge):
    def start(self):
        print("started", any(widget.isVisible() for widget in QApplication.topLevelWidgets()), flush=True)
        print("imported", "boto3" in sys.modules or "pycurl" in sys.modules, flush=True)

    def connect_demo(self):
        print("demo", flush=True)
        return super().connect_demo()

    def shutdown(self, *, discards=False):
        print("shutdown", flush=True)
        self.stopped.emit()


sys.exit(run_window(ClosingBridge, sys.argv[1], StartRequest(is_demo=True), ["downspout"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers these signals to a console only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_window_is_on_screen_before_the_engine_starts_and_a_signal_ends_it_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "settings.ini")],
        cwd=root,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().strip() for _ in range(3)]
            process.send_signal(number)
            rest, _ = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
    assert lines == ["started True", "imported False", "demo"]
    assert rest.split() == ["shutdown"]
    assert process.returncode == 0
    assert (tmp_path / "settings.ini").exists()
