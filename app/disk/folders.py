"""Walking below one root folder by descriptor, so that no link on the way leads outside."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from contextlib import suppress
from pathlib import PurePosixPath

HAS_DIR_FD = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Windows has neither: there a folder is its path, and links are looked for before each step."""

KEPT_OPEN = 32
_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder:
    """One open folder: a descriptor where the platform has them, else a path. Closed by its last holder."""

    __slots__ = ("_holders", "fd", "path")

    def __init__(self, path: str, fd: int | None) -> None:
        self.path = path
        self.fd = fd
        self._holders = 1

    def name(self, name: str) -> str:
        """What to pass to os functions for the entry `name`, together with `dir_fd=folder.fd`."""
        return name if self.fd is not None else os.path.join(self.path, name)  # noqa: PTH118

    def hold(self) -> Folder:
        """The folder, open until this holder lets go as well."""
        self._holders += 1
        return self

    def let_go(self) -> None:
        """One holder less; the last one closes the descriptor."""
        self._holders -= 1
        if self._holders == 0 and self.fd is not None:
            os.close(self.fd)
            self.fd = None


class FolderTree:
    """Folders below `root`, the latest used kept open. Raises OSError; one thread at a time."""

    def __init__(self, root: str) -> None:
        """Open `root`, which must exist; a link as the root itself is the person's choice."""
        flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._root = Folder(root, os.open(root, flags) if HAS_DIR_FD else None)
        self._open: OrderedDict[str, Folder] = OrderedDict()
        self._is_closed = False

    def folder(self, path: str, *, make: bool) -> Folder:
        """The folder at the relative `path` (empty for the root); valid until the next call.

        With `make` missing folders are made, else they raise FileNotFoundError. A link raises ELOOP.
        """
        if not path:
            return self._root
        held = self._open.get(path)
        if held is not None:
            self._open.move_to_end(path)
            return held
        parent_path, _, name = path.rpartition("/")
        parent = self.folder(parent_path, make=make)
        opened = _step(parent, name, make=make)
        self._open[path] = opened
        if len(self._open) > KEPT_OPEN:
            _, oldest = self._open.popitem(last=False)
            oldest.let_go()
        return opened

    def split(self, path: str, *, make: bool) -> tuple[Folder, str]:
        """The open parent folder of a file's relative path, and the file's name."""
        parent_path, _, name = path.rpartition("/")
        return self.folder(parent_path, make=make), name

    def is_at(self, root: str) -> bool:
        """True while the folder that was opened is still what stands at the path `root`."""
        if self._root.fd is None:
            return os.path.isdir(root)  # noqa: PTH112
        return os.path.samestat(os.fstat(self._root.fd), os.stat(root))  # noqa: PTH116

    def close(self) -> None:
        """Close every descriptor. Idempotent."""
        for folder in self._open.values():
            folder.let_go()
        self._open.clear()
        if not self._is_closed:
            self._is_closed = True
            self._root.let_go()


def _step(parent: Folder, name: str, *, make: bool) -> Folder:
    if name in ("", ".", "..") or len(PurePosixPath(name).parts) != 1:
        raise ValueError("a path segment must be one plain name")
    where = parent.name(name)
    try:
        return _enter(parent, name, where)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(where, dir_fd=parent.fd)
    return _enter(parent, name, where)


def _enter(parent: Folder, name: str, where: str) -> Folder:
    path = os.path.join(parent.path, name)  # noqa: PTH118
    if parent.fd is None:
        mode = os.lstat(where).st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return Folder(path, None)
    try:
        return Folder(path, os.open(name, os.O_RDONLY | _DIRECTORY, dir_fd=parent.fd))
    except NotADirectoryError:
        # Linux answers ENOTDIR for a link with O_DIRECTORY | O_NOFOLLOW: tell the two apart.
        if stat.S_ISLNK(os.lstat(name, dir_fd=parent.fd).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise
