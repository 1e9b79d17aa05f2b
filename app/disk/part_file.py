"""One unfinished file: written by offset, published by rename, never seen half done under its final name."""

from __future__ import annotations

import errno
import os
import zlib
from contextlib import suppress

from app.core.errors import ErrorKind, TransferError
from app.disk.faults import disk_error
from app.disk.folders import Folder

SUFFIX = ".s3part"
PREALLOCATE_FROM_BYTES = 1 << 20
_FLAGS = (
    os.O_RDWR
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class LocalPartFile:
    """A `.s3part` file beside its target; implements ports.PartFile. One thread at a time."""

    def __init__(self, folder: Folder, name: str, size_bytes: int, mode: int) -> None:
        """Create it in `folder` for the final `name`; `mode` is what the finished file gets."""
        self._name = name
        self._mode = mode
        self._part_name = f".{zlib.crc32(os.fsencode(name)):08x}-{os.urandom(3).hex()}{SUFFIX}"
        self._fd: int | None = None
        self._is_published = False
        self._folder: Folder | None = folder.hold()
        try:
            self._fd = os.open(folder.name(self._part_name), _FLAGS, 0o600, dir_fd=folder.fd)
            if size_bytes >= PREALLOCATE_FROM_BYTES and hasattr(os, "posix_fallocate"):
                _preallocate(self._fd, size_bytes)
        except OSError as error:
            raised = disk_error(error, self._path)
            self.discard()
            raise raised from error

    def write_at(self, offset: int, data: bytes) -> None:
        """Write `data` at byte `offset`, whole."""
        assert self._fd is not None
        try:
            done = _write(self._fd, data, offset)
            while done < len(data):
                done += _write(self._fd, data[done:], offset + done)
        except OSError as error:
            raise disk_error(error, self._path) from error

    def sync(self) -> None:
        """Flush the bytes to the disk; blocks."""
        assert self._fd is not None
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise disk_error(error, self._path) from error

    def publish(self, modified_at: float | None, *, replace: bool) -> None:
        """Set time and mode, close, rename to the final name; with `replace` False an existing file fails."""
        assert self._fd is not None
        assert self._folder is not None
        try:
            if modified_at is not None:
                _set_time(self._fd, self._folder.name(self._part_name), modified_at)
            if hasattr(os, "fchmod"):
                os.fchmod(self._fd, self._mode)
            fd, self._fd = self._fd, None
            os.close(fd)
            self._rename(self._folder, replace=replace)
        except OSError as error:
            raise disk_error(error, self._path) from error
        self._is_published = True

    def sync_folder(self) -> None:
        """Flush the published entry to the disk, where folders can be flushed; blocks, raises nothing."""
        if self._folder is not None and self._folder.fd is not None:
            with suppress(OSError):
                os.fsync(self._folder.fd)

    def discard(self) -> None:
        """Let go of it and, unless it was published, remove it. Idempotent, raises nothing."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if self._folder is None:
            return
        folder, self._folder = self._folder, None
        if not self._is_published:
            with suppress(OSError):
                os.unlink(folder.name(self._part_name), dir_fd=folder.fd)
        folder.let_go()

    @property
    def _path(self) -> str:
        folder = self._folder.path if self._folder is not None else ""
        return os.path.join(folder, self._name)  # noqa: PTH118

    def _rename(self, folder: Folder, *, replace: bool) -> None:
        at = folder.fd
        part, final = folder.name(self._part_name), folder.name(self._name)
        if replace:
            os.replace(part, final, src_dir_fd=at, dst_dir_fd=at)
            return
        try:
            # A hard link never replaces: the one atomic "publish unless something is there" of POSIX.
            os.link(part, final, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
        except FileExistsError:
            raise TransferError(
                ErrorKind.EXISTS,
                f"A file {self._path} appeared while its object was being downloaded. It was left as it is.",
            ) from None
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LINKS:
                raise
            _rename_unless_there(part, final, at)
        else:
            os.unlink(part, dir_fd=at)


def _rename_unless_there(part: str, final: str, at: int | None) -> None:
    """For file systems without hard links (FAT, exFAT, some network shares)."""
    try:
        os.lstat(final, dir_fd=at)
    except FileNotFoundError:
        os.replace(part, final, src_dir_fd=at, dst_dir_fd=at)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _preallocate(fd: int, size_bytes: int) -> None:
    try:
        os.posix_fallocate(fd, 0, size_bytes)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _set_time(fd: int, path: str, modified_at: float) -> None:
    # A float holds seconds of today to a quarter of a microsecond, no finer.
    nanoseconds = round(modified_at * 1_000_000) * 1000
    # A time outside what the file system can hold is not worth the file.
    with suppress(OverflowError, OSError):
        os.utime(fd if os.utime in os.supports_fd else path, ns=(nanoseconds, nanoseconds))


if hasattr(os, "pwrite"):

    def _write(fd: int, data: bytes, offset: int) -> int:
        return os.pwrite(fd, data, offset)

else:

    def _write(fd: int, data: bytes, offset: int) -> int:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)
