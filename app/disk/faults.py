"""The border where OSError becomes TransferError, with what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import ErrorKind, TransferError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_BROKEN = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE})
_DENIED = frozenset({errno.EACCES, errno.EPERM})


@contextmanager
def disk_errors(path: str) -> Iterator[None]:
    """Turn an OSError about `path` in the block into a TransferError that names it."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, path) from error


def disk_error(error: OSError, path: str) -> TransferError:
    """The TransferError for an OSError about `path`."""
    number = error.errno
    if number in _FULL:
        return TransferError(
            ErrorKind.DISK_FULL, f"The disk is full: no room for {path}. Free some space, then retry."
        )
    if number == errno.EROFS:
        return TransferError(
            ErrorKind.TARGET_UNWRITABLE, f"{path} is on a read-only disk. Choose another folder."
        )
    if number in _BROKEN:
        return TransferError(
            ErrorKind.TARGET_UNWRITABLE,
            f"The disk fails ({error.strerror}) on {path}. Check the disk, or choose another folder.",
        )
    if number in _DENIED:
        return TransferError(
            ErrorKind.DISK, f"No right to write {path}. Change the rights of its folder, or choose another."
        )
    if number == errno.ELOOP:
        return TransferError(
            ErrorKind.BLOCKED,
            f"A symbolic link stands in the way of {path}. Remove it, or choose another folder.",
        )
    if number in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return TransferError(ErrorKind.EXISTS, f"Something else of that name stands in the way of {path}.")
    if number == errno.ENAMETOOLONG:
        return TransferError(ErrorKind.BLOCKED, f"The name {path} is too long for this disk.")
    if number in (errno.EMFILE, errno.ENFILE):
        return TransferError(
            ErrorKind.TOO_MANY_FILES,
            f"Too many open files to write {path}. Lower the number of jobs or raise the limit of them.",
        )
    if number == errno.ENOENT:
        return TransferError(
            ErrorKind.DISK, f"{path} cannot be written: its folder is gone. Put it back, then retry."
        )
    if number == errno.EFBIG:
        return TransferError(
            ErrorKind.DISK,
            f"{path} is too large for this disk or for the file size limit. Choose another disk.",
        )
    reason = error.strerror or "unknown error"
    return TransferError(ErrorKind.DISK, f"Cannot write {path}: {reason}.")
