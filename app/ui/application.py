"""Runs the window: the QApplication, the order of starting, and the signals that end it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from app.ui.connect.start import StartRequest
from app.ui.main_window import NAME, MainWindow
from app.ui.preferences import Preferences
from app.ui.theme import icon

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

__all__ = ["StartRequest", "run_window"]

LAST_WAIT_S = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_window(
    make_bridge: Callable[[], EngineBridge], settings_file: str, start: StartRequest, argv: Sequence[str]
) -> int:
    """Show the window and run until it is closed; returns the exit code. Blocks.

    The window is on screen before the bridge starts, and with it everything that is slow to import.
    """
    application = QApplication(list(argv))
    application.setApplicationName(NAME.lower())
    application.setApplicationDisplayName(NAME)
    application.setDesktopFileName(NAME.lower())
    application.setQuitOnLastWindowClosed(False)
    application.setWindowIcon(icon(NAME.lower()))
    bridge = make_bridge()
    window = MainWindow(bridge, Preferences(settings_file), start=start)
    window.closed.connect(application.quit)
    window.show()

    def begin() -> None:
        bridge.start()
        window.open_start()
        bridge.list_unfinished()

    # The first turn of the event loop paints the window; this comes after it.
    QTimer.singleShot(0, window, begin)
    with closed_by_signals(window):
        code = application.exec()
    bridge.wait_stopped(LAST_WAIT_S)
    return code


@contextmanager
def closed_by_signals(window: MainWindow) -> Iterator[None]:
    """Close the window without a question on SIGINT and SIGTERM, while the block runs.

    Python's own handlers wait for the interpreter's turn, which Qt's loop does not give while nothing
    happens; so the signal wakes the loop through a socket.
    """
    ours, pythons = socket.socketpair()
    for end in (ours, pythons):
        end.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)

    def wake() -> None:
        ours.recv(64)
        window.close_now()

    notifier.activated.connect(wake)
    old_fd = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    old_handlers = {number: signal.signal(number, _leave_to_the_socket) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(old_fd)
        notifier.setEnabled(False)
        ours.close()
        pythons.close()


def _leave_to_the_socket(_number: int, _frame: object) -> None:
    """Keep the default action, which would end the process, from being taken."""
