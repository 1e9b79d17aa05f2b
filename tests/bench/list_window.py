"""A million rows in the real window: how soon, in how much memory, and how late a timer fires meanwhile.

The window is shown where `QT_QPA_PLATFORM` says, offscreen by default.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.lateness import TICK_MS, Lateness
from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.processes import scripted_server_process

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

COUNT = 1_000_000
REST_MS = 300
SCROLLS = 200


def main() -> int:
    """List, sort, filter and scroll; print a line of figures for each."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with (
        scripted_server_process({"ready": {"count": COUNT}}) as endpoint,
        tempfile.TemporaryDirectory() as folder,
    ):
        return _measure(endpoint, Path(folder))


def _measure(endpoint: Endpoint, folder: Path) -> int:
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from app.bridge.bridge import EngineBridge
    from app.compose import build_engine
    from app.core.objects import ConnectionSpec
    from app.ui.application import StartRequest
    from app.ui.browser.entry import Column
    from app.ui.browser.location import Location
    from app.ui.main_window import MainWindow
    from app.ui.preferences import Preferences

    application = QApplication(sys.argv[:1])
    spec = ConnectionSpec(
        endpoint_url=endpoint.url,
        access_key_id=endpoint.access_key_id,
        secret_access_key=endpoint.secret_access_key,
    )
    bridge = EngineBridge(build_engine)
    window = MainWindow(bridge, Preferences(str(folder / "s.ini")), start=StartRequest(spec, "", False))
    window.resize(1280, 860)
    window.show()
    bridge.start()
    watch = Watch(window)
    watch.until(bridge.connected, window.open_start)
    table, line = window.browser.table, window.browser.filter_line
    up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
    print(f"{COUNT:,} rows; lateness of a {TICK_MS} ms timer")
    print("| what | first result | all | shown | p99 | max | memory | at most |")
    print("|---|---|---|---|---|---|---|---|")
    watch.step("idle", lambda: None)
    watch.step("list", lambda: window.browser.session.open(Location(BUCKET)))
    is_whole = window.browser.session.model.shown_count == COUNT
    watch.step("sort by size", lambda: table.sortByColumn(Column.SIZE, down))
    watch.step("other way round", lambda: table.sortByColumn(Column.SIZE, up))
    watch.step("sort by date", lambda: table.sortByColumn(Column.MODIFIED, up))
    watch.step("sort by class", lambda: table.sortByColumn(Column.STORAGE_CLASS, up))
    watch.step("sort by name", lambda: table.sortByColumn(Column.NAME, up))
    for text in ("77", "*1*.bin", "/7.+9/", "size>2k date>2020", ""):
        watch.step(f"filter {text!r}", lambda text=text: line.setText(text))
    table.selectAll()
    watch.step("sort, all selected", lambda: table.sortByColumn(Column.NAME, down))
    watch.scroll()
    watch.until(bridge.stopped, bridge.shutdown)
    bridge.wait_stopped(3)
    window.hide()
    application.quit()
    return 0 if is_whole else 1


class Watch:
    """Runs the event loop, with a timer whose lateness is noted."""

    def __init__(self, window: MainWindow) -> None:
        from PySide6.QtCore import QEventLoop

        self._window = window
        self._session = window.browser.session
        self._loop = QEventLoop()
        self._lateness = Lateness()
        self._first_at: float | None = None
        self._session.model.arranged.connect(self._note)

    def until(self, signal: object, act: Callable[[], object]) -> None:
        """Run until a signal comes."""
        signal.connect(self._loop.quit)  # type: ignore[attr-defined]
        act()
        self._loop.exec()
        signal.disconnect(self._loop.quit)  # type: ignore[attr-defined]

    def step(self, name: str, act: Callable[[], object]) -> None:
        """Do something, run until all of it is in place and on the screen, print what it took."""
        self._begin()
        began = time.perf_counter()
        act()
        if not self._is_settled():
            self._session.model.arranged.connect(self._leave_when_settled)
            self._session.changed.connect(self._leave_when_settled)
            self._loop.exec()
            self._session.changed.disconnect(self._leave_when_settled)
            self._session.model.arranged.disconnect(self._leave_when_settled)
        took = time.perf_counter() - began
        first = took if self._first_at is None else self._first_at - began
        self._rest(REST_MS)
        self._print(name, f"{first:.2f} s | {took:.2f} s")

    def scroll(self) -> None:
        """Scroll from the first row to the last."""
        self._begin()
        bar = self._window.browser.table.verticalScrollBar()
        for number in range(SCROLLS):
            bar.setValue(bar.maximum() * number // SCROLLS)
            self._rest(5)
        self._print("scroll", " | ")

    def _begin(self) -> None:
        self._first_at = None
        self._lateness.start()

    def _print(self, name: str, times: str) -> None:
        late = self._lateness.stop()
        p99 = late[int(len(late) * 0.99)]
        shown = self._session.model.shown_count
        now, most = _memory_mib("VmRSS"), _memory_mib("VmHWM")
        print(
            f"| {name} | {times} | {shown:,} | {p99:.1f} ms | {late[-1]:.1f} ms | {now} MiB | {most} MiB |",
            flush=True,
        )

    def _rest(self, ms: int) -> None:
        from PySide6.QtCore import QTimer

        QTimer.singleShot(ms, self._loop.quit)
        self._loop.exec()

    def _is_settled(self) -> bool:
        return self._session.model.is_settled and not self._session.is_loading

    def _leave_when_settled(self) -> None:
        if self._is_settled():
            self._loop.quit()

    def _note(self) -> None:
        if self._first_at is None:
            self._first_at = time.perf_counter()


def _memory_mib(field: str) -> int:
    """A field of this process's memory, 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(field)), 0)
