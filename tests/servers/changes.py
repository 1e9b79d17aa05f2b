"""A test waits until a server's thread has come to some state: told at each change, never polled."""

from __future__ import annotations

import threading
from collections.abc import Callable

WAIT_S = 10.0


class Changes:
    """The bell between a server's thread and a test's."""

    def __init__(self, owner: str) -> None:
        """`owner` names the server in a TimeoutError."""
        self._owner = owner
        self._changed = threading.Condition()

    def tell(self, change: Callable[[], object] | None = None) -> None:
        """Make a change, if one is given, and have every waiting condition asked again. Any thread."""
        with self._changed:
            if change is not None:
                change()
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until `condition` holds. Raises TimeoutError. Not for the server's own thread."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise TimeoutError(f"{self._owner} did not come to the awaited state within {timeout_s:g} s")
