"""The chosen folder: probing its rules, looking at what is there, opening part files below it."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.core.errors import ErrorKind, TransferError
from app.core.naming import LINUX, MACOS, WINDOWS, PathRules
from app.disk.faults import disk_error, disk_errors
from app.disk.folders import FolderTree
from app.disk.part_file import LocalPartFile
from app.engine.ports import FileFact

_CHUNK_BYTES = 1 << 20
_REFUSED_NAME = frozenset({errno.EINVAL, errno.ENOENT, errno.EACCES, errno.ENOTSUP, errno.ENAMETOOLONG})


class LocalTarget:
    """A folder on this machine; implements ports.TargetFolder. Loop's thread, but for `md5`."""

    def __init__(self, root: str, *, make: bool = True) -> None:
        """Open the folder `root`, made if missing; blocks. Raises TARGET_UNWRITABLE when it cannot be used.

        With `make` False nothing is written: a missing folder is taken as an empty one.
        """
        # os.path leaves a ~name that is nobody's as it is, pathlib raises.
        self._root = str(Path(os.path.expanduser(root)).absolute())  # noqa: PTH111
        self._tree: FolderTree | None = None
        self.path_rules = platform_rules()
        self._mode = 0o666 & ~_umask()
        try:
            if make:
                Path(self._root).mkdir(parents=True, exist_ok=True)
            self._tree = FolderTree(self._root)
            if make:
                self.path_rules = _probed_rules(self._root)
        except FileNotFoundError as error:
            if make:
                raise _unusable(self._root, error) from error
        except OSError as error:
            self.close()
            raise _unusable(self._root, error) from error

    @property
    def root(self) -> str:
        """The folder's absolute path."""
        return self._root

    def look(self, path: str) -> FileFact | None:
        """What stands at the relative `path`, not following links; None when nothing does."""
        if self._tree is None:
            return None
        try:
            folder, name = self._tree.split(path, make=False)
            found = os.lstat(folder.name(name) if name else folder.path, dir_fd=folder.fd if name else None)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_error(error, self._shown(path)) from error
        return FileFact(
            found.st_size, found.st_mtime, stat.S_ISREG(found.st_mode), stat.S_ISDIR(found.st_mode)
        )

    def md5(self, path: str) -> str:
        """Hex MD5 of the file's bytes; blocks. Any thread: it opens a tree of its own."""
        with disk_errors(self._shown(path)):
            tree = FolderTree(self._root)
            try:
                folder, name = tree.split(path, make=False)
                flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
                digest = hashlib.md5(usedforsecurity=False)
                with open(os.open(folder.name(name), flags, dir_fd=folder.fd), "rb") as file:  # noqa: PTH123
                    while chunk := file.read(_CHUNK_BYTES):
                        digest.update(chunk)
                return digest.hexdigest()
            finally:
                tree.close()

    def make_folder(self, path: str) -> None:
        """Make the folder `path` and its parents; one that is there is fine."""
        assert self._tree is not None
        with disk_errors(self._shown(path)):
            self._tree.folder(path, make=True)

    def create_part(self, path: str, part_name: str, size_bytes: int) -> LocalPartFile:
        """A fresh part file `part_name` beside `path`, its folders made."""
        part = self._part(path, part_name, make=True)
        part.create(size_bytes)
        return part

    def reopen_part(self, path: str, part_name: str) -> LocalPartFile:
        """The part file `part_name` beside `path`, as an earlier attempt left it."""
        part = self._part(path, part_name, make=False)
        part.reopen()
        return part

    def remove_parts(self, path: str, part_names: Sequence[str]) -> None:
        """Remove what is there of `part_names` beside `path`; raises nothing."""
        with suppress(OSError, TransferError):
            for name in part_names:
                self._part(path, name, make=False).discard()

    def check(self) -> None:
        """Raise what would fail every file: the folder itself is gone, or it takes no file any more."""
        try:
            is_same = self._tree is None or self._tree.is_at(self._root)
        except OSError:
            is_same = False
        if not is_same:
            raise TransferError(
                ErrorKind.TARGET_UNWRITABLE,
                f"The folder {self._root} is gone. Put it back, or choose another folder.",
            )
        try:
            with _Probe(self._root) as probe:
                probe.make(_probe_name())
        except OSError as error:
            raise _unusable(self._root, error) from error

    def free_bytes(self) -> int:
        """Bytes that files may still take on this file system."""
        folder = Path(self._root)
        while not folder.exists():
            folder = folder.parent
        from shutil import disk_usage  # which brings every kind of archive along

        with disk_errors(self._root):
            return disk_usage(folder).free

    def _part(self, path: str, part_name: str, *, make: bool) -> LocalPartFile:
        assert self._tree is not None
        try:
            folder, name = self._tree.split(path, make=make)
        except OSError as error:
            raise disk_error(error, self._shown(path)) from error
        return LocalPartFile(folder, name, part_name, self._mode)

    def close(self) -> None:
        """Close the folder's descriptors. Idempotent."""
        if self._tree is not None:
            self._tree.close()
            self._tree = None

    def _shown(self, path: str) -> str:
        return os.path.join(self._root, *path.split("/")) if path else self._root  # noqa: PTH118


def platform_rules() -> PathRules:
    """The naming rules that this platform's usual file system has."""
    if sys.platform == "win32":
        return WINDOWS
    return MACOS if sys.platform == "darwin" else LINUX


def _probed_rules(root: str) -> PathRules:
    """The rules of the file system below `root`, found by making and removing files with telling names."""
    stem = f"{_probe_name()}-é"
    with _Probe(root) as probe:
        probe.make(stem)
        ignores_case = probe.is_there(stem.upper())
        ignores_form = probe.is_there(unicodedata.normalize("NFD", stem))
        is_dos = sys.platform == "win32" or not probe.can_make(f"{stem}:?")
        rules = WINDOWS if is_dos else LINUX
        longest = probe.longest(min(rules.max_segment, _told_longest(root)))
    return replace(
        rules,
        is_case_insensitive=ignores_case,
        is_form_insensitive=ignores_form or ignores_case,
        max_segment=longest,
    )


def _probe_name() -> str:
    return f".downspout-{secrets.token_hex(4)}"


def _told_longest(root: str) -> int:
    """The longest name that the file system says it takes; some layers over others do not know their own."""
    try:
        return os.pathconf(root, "PC_NAME_MAX")
    except (AttributeError, OSError):
        return sys.maxsize


class _Probe:
    """Empty files in a folder that are gone when the block ends."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._made: list[Path] = []

    def __enter__(self) -> _Probe:
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._made:
            path.unlink(missing_ok=True)

    def make(self, name: str) -> None:
        path = self._root / name
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._made.append(path)

    def can_make(self, name: str) -> bool:
        try:
            self.make(name)
        except OSError as error:
            if error.errno in _REFUSED_NAME:
                return False
            raise
        return True

    def longest(self, most: int) -> int:
        """The length of the longest name that can be made, at most `most`."""
        stem = _probe_name()
        fits, too_long = len(stem), most + 1
        trial = most
        while fits < trial < too_long:
            if self.can_make(stem.ljust(trial, "x")):
                fits = trial
            else:
                too_long = trial
            trial = (fits + too_long) // 2
        return fits

    def is_there(self, name: str) -> bool:
        return (self._root / name).exists()


def _unusable(root: str, error: OSError) -> TransferError:
    known = disk_error(error, root)
    if known.kind.is_systemic:
        return known
    reason = error.strerror or "unknown error"
    return TransferError(
        ErrorKind.TARGET_UNWRITABLE, f"Cannot write to the folder {root}: {reason}. Choose another folder."
    )


def _umask() -> int:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            for line in status:
                if line.startswith("Umask:"):
                    return int(line.split()[1], 8)
    except OSError:
        pass
    # The only portable way to read it is to set it; this runs while no other thread makes files.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
