"""Lets the main thread have the interpreter to itself for a few milliseconds: to paint, to take in a change.

Threads that compute share the interpreter in turns of half a millisecond, and a paint of the window enters
Python a thousand times: it took three times as long, and its last turns came too late for the next frame
(python -m tests.bench list-window). So the others stand aside for as long as it lasts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LIMIT_S = 0.1
"""Nobody stands aside for longer, whatever the main thread does."""

_is_free = threading.Event()
_is_free.set()


@contextmanager
def right_of_way() -> Iterator[None]:
    """Run the block while the other threads stand aside. Main thread only; blocks may be nested."""
    was_free = _is_free.is_set()
    _is_free.clear()
    try:
        yield
    finally:
        if was_free:
            _is_free.set()


def give_way() -> None:
    """Wait while the main thread has the right of way; called between two small steps of a computation."""
    if not _is_free.is_set():
        _is_free.wait(LIMIT_S)
