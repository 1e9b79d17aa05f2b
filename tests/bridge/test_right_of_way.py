"""Who stands aside for the main thread, and that nobody does for long."""

from __future__ import annotations

import threading
import time

from app.bridge import right_of_way as module
from app.bridge.right_of_way import give_way, right_of_way

LIMIT_S = 10.0


def test_a_computation_stands_aside_until_the_main_thread_is_done() -> None:
    has_passed, begins = threading.Event(), threading.Event()

    def compute() -> None:
        begins.wait(LIMIT_S)
        give_way()
        has_passed.set()

    thread = threading.Thread(target=compute)
    thread.start()
    with right_of_way():
        with right_of_way():
            begins.set()
        assert not has_passed.wait(module.LIMIT_S / 4)
    assert has_passed.wait(LIMIT_S)
    thread.join(LIMIT_S)


def test_nobody_stands_aside_for_ever() -> None:
    with right_of_way():
        began = time.monotonic()
        give_way()
        assert time.monotonic() - began < LIMIT_S


def test_an_error_in_the_block_gives_the_way_back() -> None:
    try:
        with right_of_way():
            raise ValueError
    except ValueError:
        pass
    began = time.monotonic()
    give_way()
    assert time.monotonic() - began < module.LIMIT_S
