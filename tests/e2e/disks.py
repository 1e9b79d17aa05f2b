"""Disks that are small, read-only or not ours: mounted where the machine lets us, else put on by the test."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65_534


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A file system over `folder` by the words of mount(8); the test is skipped where that is not allowed."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("this machine lets us mount nothing")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """An empty disk of that size in memory."""
    with mounted(folder, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs") as root:
        yield root


@contextmanager
def read_only_disk(folder: Path) -> Iterator[Path]:
    """`folder` over itself, read-only."""
    with mounted(folder, "--bind", str(folder)) as root:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
        yield root


@contextmanager
def without_rights(mode: int = 0o555) -> Iterator[Path]:
    """A folder of that mode, whose rights bind this process while the block runs, even if it is root's."""
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(mode)
        if is_root:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.seteuid(0)
            Path(name).chmod(0o700)
