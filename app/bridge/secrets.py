"""A question for a person (an MFA code) that is asked on one thread and answered on another."""

from __future__ import annotations

import threading


class SecretRequest:
    """One question. A daemon thread waits in `wait`; the main thread answers once, None for a refusal."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self._answered = threading.Event()
        self._answer: str | None = None

    def answer(self, text: str | None) -> None:
        """Give the answer; a later one is ignored. Any thread; never blocks."""
        if not self._answered.is_set():
            self._answer = text
            self._answered.set()

    def wait(self, timeout_s: float) -> str | None:
        """The answer, or None when it was refused or did not come in `timeout_s`. Blocks its thread."""
        self._answered.wait(timeout_s)
        return self._answer
