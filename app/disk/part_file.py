"""One unfinished file: written by offset, published by rename, never seen half done under its final name."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from app.core.errors import ErrorKind, TransferError
from app.disk.faults import disk_error
from app.disk.folders import Folder

PREALLOCATE_FROM_BYTES = 1 << 20
_OPEN = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CREATE = _OPEN | os.O_CREAT | os.O_EXCL
_HAS_UTIME_FD = os.utime in os.supports_fd
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class LocalPartFile:
    """A `.s3part` file beside its target; implements ports.PartFile. One thread at a time."""

    def __init__(self, folder: Folder, name: str, part_name: str, mode: int) -> None:
        """Nothing is opened yet. `name` is the final name, `mode` what the finished file gets."""
        self.name = part_name
        self._final_name = name
        self._mode = mode
        self._fd: int | None = None
        self._is_published = False
        self._folder: Folder | None = folder.hold()

    def create(self, size_bytes: int) -> None:
        """Make the file, with room for `size_bytes`. One of the same name, left by a kill, is replaced."""
        try:
            try:
                self._fd = self._open(_CREATE)
            except FileExistsError:
                self._unlink()
                self._fd = self._open(_CREATE)
            if size_bytes >= PREALLOCATE_FROM_BYTES and hasattr(os, "posix_fallocate"):
                _preallocate(self._fd, size_bytes)
        except OSError as error:
            raised = disk_error(error, self._path)
            self.discard()
            raise raised from error

    def reopen(self) -> None:
        """Open the file that an earlier attempt kept; one that is no plain file is taken as missing."""
        try:
            self._fd = self._open(_OPEN)
            if not stat.S_ISREG(os.fstat(self._fd).st_mode):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        except OSError as error:
            raised = disk_error(error, self._path)
            self.keep()
            raise raised from error

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes at `offset`, fewer at the end of the file; blocks. Any thread."""
        assert self._fd is not None
        try:
            return _read(self._fd, length, offset)
        except OSError as error:
            raise disk_error(error, self._path) from error

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
        """Set time and mode, close, rename to the final name; with `replace` False an existing file fails.

        One that could not be named is open again.
        """
        assert self._fd is not None
        assert self._folder is not None
        try:
            if modified_at is not None:
                _set_time(self._fd, self._folder.name(self.name), modified_at)
            if hasattr(os, "fchmod"):
                os.fchmod(self._fd, self._mode)
            self._close()
            self._rename(self._folder, replace=replace)
        except OSError as error:
            raise disk_error(error, self._path) from error
        else:
            self._is_published = True
        finally:
            if not self._is_published and self._fd is None:
                with suppress(OSError):
                    self._fd = self._open(_OPEN)

    def sync_folder(self) -> None:
        """Flush the published entry to the disk, where folders can be flushed; blocks, raises nothing."""
        if self._folder is not None and self._folder.fd is not None:
            with suppress(OSError):
                os.fsync(self._folder.fd)

    def keep(self) -> None:
        """Let go of it and leave it for another attempt. Idempotent, raises nothing."""
        self._close()
        if self._folder is not None:
            self._folder.let_go()
            self._folder = None

    def discard(self) -> None:
        """Let go of it and, unless it was published, remove it. Idempotent, raises nothing."""
        self._close()
        if self._folder is not None and not self._is_published:
            with suppress(OSError):
                self._unlink()
        self.keep()

    @property
    def _path(self) -> str:
        folder = self._folder.path if self._folder is not None else ""
        return os.path.join(folder, self._final_name)  # noqa: PTH118

    def _open(self, flags: int) -> int:
        assert self._folder is not None
        return os.open(self._folder.name(self.name), flags, 0o600, dir_fd=self._folder.fd)

    def _unlink(self) -> None:
        assert self._folder is not None
        os.unlink(self._folder.name(self.name), dir_fd=self._folder.fd)

    def _close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)

    def _rename(self, folder: Folder, *, replace: bool) -> None:
        at = folder.fd
        part, final = folder.name(self.name), folder.name(self._final_name)
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
        os.utime(fd if _HAS_UTIME_FD else path, ns=(nanoseconds, nanoseconds))


if hasattr(os, "pwrite"):

    def _write(fd: int, data: bytes, offset: int) -> int:
        return os.pwrite(fd, data, offset)

    def _read(fd: int, length: int, offset: int) -> bytes:
        return os.pread(fd, length, offset)

else:

    def _write(fd: int, data: bytes, offset: int) -> int:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)

    def _read(fd: int, length: int, offset: int) -> bytes:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)
