"""Which batches this process has for itself: one lock file each, let go when the process ends."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
_PATIENCE_S = 0.2
_LOOK_S = 0.02


class Claims:
    """The batches that this process has claimed. Any thread; blocks for 0.2 s at most; raises OSError.

    The lock below is held over a lock attempt, so the loop's thread only ever calls `token`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, FileLock] = {}
        self._tokens: dict[str, object] = {}
        self._guard = threading.Lock()

    def claim(self, batch_id: str) -> bool:
        """Take the batch; True when this process has it already, False when another one does.

        Tries for a moment, because another process holds the lock for an instant when it looks for it.
        """
        with self._guard:
            if batch_id not in self._locks:
                lock = self._lock(batch_id)
                try:
                    lock.acquire(timeout=_PATIENCE_S, poll_interval=_LOOK_S)
                except Timeout:
                    return False
                self._locks[batch_id] = lock
            self._tokens[batch_id] = object()
            return True

    def token(self, batch_id: str) -> object:
        """Stands for the latest claim, so that a release that was meant for it cannot end a later one."""
        return self._tokens.get(batch_id)

    def release(self, batch_id: str, token: object) -> None:
        """Let go of the batch, unless it has been claimed again since `token` was told."""
        with self._guard:
            if self._tokens.get(batch_id) is token:
                self._let_go(batch_id)

    def remove(self, batch_id: str) -> None:
        """Let go of a batch that is no more, and remove its lock file if this process has it.

        Whoever opened the file a moment before locks a file without a name; that is harmless, because
        nobody else can want a batch that is no more.
        """
        with self._guard:
            if batch_id in self._locks:
                with suppress(OSError):
                    self._path(batch_id).unlink(missing_ok=True)
                self._let_go(batch_id)

    def is_elsewhere(self, batch_id: str) -> bool:
        """True when another live process has the batch."""
        with self._guard:
            if batch_id in self._locks or not self._path(batch_id).exists():
                return False
            lock = self._lock(batch_id)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                return True
            lock.release()
            return False

    def has(self, batch_id: str) -> bool:
        """True when this process has the batch."""
        return batch_id in self._locks

    def release_all(self) -> None:
        """Let go of every batch."""
        with self._guard:
            for batch_id in tuple(self._locks):
                self._let_go(batch_id)

    def _let_go(self, batch_id: str) -> None:
        self._tokens.pop(batch_id, None)
        lock = self._locks.pop(batch_id, None)
        if lock is not None:
            with suppress(OSError):
                lock.release()

    def _lock(self, batch_id: str) -> FileLock:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._path(batch_id), thread_local=False)

    def _path(self, batch_id: str) -> Path:
        if _PLAIN.fullmatch(batch_id):
            return self._folder / f"batch-{batch_id}.lock"
        digest = hashlib.sha256(batch_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"other-{digest[:32]}.lock"
