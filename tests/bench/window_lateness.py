"""How late a 10 ms timer fires in the real window while many small objects are fetched."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.lateness import TICK_MS, Lateness
from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.processes import fault_server_process

COUNT = 5000
SIZE_BYTES = 16 * 1024
LIMIT_MS = 120_000


def main() -> int:
    """Fetch into a window that is shown, print the timer's lateness beside that of the idle window."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with fault_server_process(COUNT, SIZE_BYTES) as endpoint, tempfile.TemporaryDirectory() as folder:
        idle, busy, done = _measure(endpoint, Path(folder))
    print(f"{COUNT:,} objects of {SIZE_BYTES // 1024} KiB in the window, {done:,} done")
    print(f"lateness of a {TICK_MS} ms timer:")
    print("| window | ticks | median | p99 | max |\n|---|---|---|---|---|")
    for name, late in (("idle", idle), ("fetching", busy)):
        median, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
        print(f"| {name} | {len(late)} | {median:.1f} ms | {p99:.1f} ms | {late[-1]:.1f} ms |")
    return 0 if done == COUNT else 1


def _measure(endpoint: Endpoint, folder: Path) -> tuple[list[float], list[float], int]:
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from app.bridge.bridge import EngineBridge
    from app.compose import build_engine
    from app.core.objects import ConnectionSpec, Source
    from app.core.policy import BatchPolicy
    from app.core.states import State
    from app.ui.application import StartRequest
    from app.ui.main_window import MainWindow
    from app.ui.preferences import Preferences

    application = QApplication(sys.argv[:1])
    spec = ConnectionSpec(
        endpoint_url=endpoint.url,
        access_key_id=endpoint.access_key_id,
        secret_access_key=endpoint.secret_access_key,
    )
    bridge = EngineBridge(build_engine)
    window = MainWindow(
        bridge, Preferences(str(folder / "s.ini")), start=StartRequest(spec, f"s3://{BUCKET}/", False)
    )
    window.resize(1280, 860)
    window.show()
    bridge.start()
    loop = QEventLoop()
    QTimer.singleShot(LIMIT_MS, loop.quit)
    bridge.listing_finished.connect(loop.quit)
    window.open_start()
    loop.exec()

    lateness = Lateness()
    lateness.start()
    QTimer.singleShot(2000, loop.quit)
    loop.exec()
    idle = lateness.stop()
    lateness.start()
    bridge.batch_finished.connect(loop.quit)
    bridge.download([Source(BUCKET, "", True, "")], str(folder / "to"), BatchPolicy())
    loop.exec()
    late = lateness.stop()
    (batch_id,) = bridge.mirror.batch_ids()
    done = bridge.mirror.batch(batch_id).counts[State.DONE]
    bridge.stopped.connect(loop.quit)
    bridge.shutdown()
    loop.exec()
    bridge.wait_stopped(3)
    window.hide()
    application.quit()
    return idle, late, done
