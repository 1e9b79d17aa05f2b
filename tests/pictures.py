"""Makes the README's picture from the real window on the demo bucket: `python -m tests.pictures`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer, SignalInstance
from PySide6.QtWidgets import QApplication

from app.bridge.bridge import EngineBridge
from app.compose import build_engine
from app.core.objects import DEMO_BUCKET, DemoFault, Source
from app.core.policy import BatchPolicy
from app.ui.application import StartRequest
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "screenshots"
LIMIT_MS = 30_000
SIZE = (1280, 860)


def main() -> int:
    """Stop a batch of the demo at its denied object and save what the window shows."""
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        bridge = EngineBridge(build_engine)
        window = MainWindow(
            bridge, Preferences(f"{folder}/settings.ini"), start=StartRequest(None, "s3://demo/stills/", True)
        )
        window.resize(*SIZE)
        window.show()
        bridge.start()
        _wait(bridge.listing_finished, window.open_start)
        _wait(bridge.demo_fault_changed, lambda: bridge.set_demo_fault(DemoFault.DENY_ONE, True))
        source = Source(DEMO_BUCKET, "stills/", True, "stills/")
        _wait(
            bridge.batch_finished, lambda: bridge.download([source], f"{folder}/Footage", BatchPolicy(jobs=8))
        )
        (batch_id,) = bridge.mirror.batch_ids()
        culprit = bridge.mirror.batch(batch_id).first_error_index
        assert culprit is not None
        window.browser.table.selectRow(3)
        window.transfers.show_place(batch_id, culprit)
        _pause(300)
        FOLDER.mkdir(parents=True, exist_ok=True)
        is_saved = window.grab().save(str(FOLDER / "stopped.png"))
        _wait(bridge.stopped, bridge.shutdown)
        bridge.wait_stopped(3)
        window.hide()
    application.quit()
    return 0 if is_saved else 1


def _wait(signal: SignalInstance, begin: object) -> None:
    assert callable(begin)
    loop = QEventLoop()
    signal.connect(loop.quit)
    QTimer.singleShot(LIMIT_MS, loop.quit)
    QTimer.singleShot(0, begin)
    loop.exec()
    signal.disconnect(loop.quit)


def _pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
