"""One unfinished file: written by offset, published by rename, never seen half done under its final name."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from contextlib import suppress

from app.core.errors import ErrorKind, TransferError
from app.disk.faults import disk_error, disk_errors
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
        self._path = os.path.join(folder.path, name)  # noqa: PTH118
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        self._part_name = f".{digest}-{secrets.token_hex(3)}{SUFFIX}"
        self._fd: int | None = None
        self._is_published = False
        with disk_errors(self._path):
            self._folder = folder.copy()
            try:
                self._fd = os.open(folder.name(self._part_name), _FLAGS, 0o600, dir_fd=folder.fd)
                if size_bytes >= PREALLOCATE_FROM_BYTES and hasattr(os, "posix_fallocate"):
                    _preallocate(self._fd, size_bytes)
            except BaseException:
                self.discard()
                raise

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
        with disk_errors(self._path):
            os.fsync(self._fd)

    def publish(self, modified_at: float | None, *, replace: bool) -> None:
        """Set time and mode, close, rename to the final name; with `replace` False an existing file fails."""
        assert self._fd is not None
        with disk_errors(self._path):
            if modified_at is not None:
                _set_time(self._fd, self._folder.name(self._part_name), modified_at)
            if hasattr(os, "fchmod"):
                os.fchmod(self._fd, self._mode)
            fd, self._fd = self._fd, None
            os.close(fd)
            self._rename(replace=replace)
            self._is_published = True

    def sync_folder(self) -> None:
        """Flush the published entry to the disk, where folders can be flushed; blocks, raises nothing."""
        if self._folder.fd is not None:
            with suppress(OSError):
                os.fsync(self._folder.fd)
        self._folder.close()

    def discard(self) -> None:
        """Close and remove the part file. Idempotent, raises nothing; a published file stays."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if self._is_published:
            return
        with suppress(OSError):
            os.unlink(self._folder.name(self._part_name), dir_fd=self._folder.fd)
        self._folder.close()

    def _rename(self, *, replace: bool) -> None:
        at = self._folder.fd
        part, final = self._folder.name(self._part_name), self._folder.name(self._name)
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
