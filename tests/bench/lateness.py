"""A timer that tells how late the window's event loop lets it fire."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer

TICK_MS = 10


class Lateness:
    """Fires every TICK_MS once it is started; `late_ms` has how late each time was. Main thread only."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin anew."""
        self.late_ms = []
        self._last = time.perf_counter()
        self._timer.start(TICK_MS)

    def stop(self) -> list[float]:
        """Fire no more; returns how late it was, the least first."""
        self._timer.stop()
        return sorted(self.late_ms)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, (now - self._last) * 1000 - TICK_MS))
        self._last = now
