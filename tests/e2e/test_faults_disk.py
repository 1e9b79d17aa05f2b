"""What goes wrong on this computer's side: a disk that is full, gone, forbidden or broken, and its names."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.states import State
from app.engine.engine import Engine
from tests.e2e.attempt import Attempt, play, policy_of, run_batch
from tests.e2e.command import files_of, get
from tests.e2e.disks import read_only_disk, small_disk, without_rights
from tests.engine.stage import everything, prepared, spec_of
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many

MIB = 1 << 20
ROOM = 8 * MIB
KEEP_GOING = policy_of(jobs=1, is_stopping=False)


@contextmanager
def _claimed_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """No disk of its own: one that says how much is free by what is in `folder`, and refuses what is more."""
    folder.mkdir()
    patch = pytest.MonkeyPatch()
    usage, preallocate = shutil.disk_usage, os.posix_fallocate

    def free() -> int:
        return size_bytes - sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())

    def disk_usage(path: Path) -> object:
        return usage(path)._replace(free=free())

    def posix_fallocate(fd: int, offset: int, length: int) -> None:
        if length > free():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        preallocate(fd, offset, length)

    patch.setattr(shutil, "disk_usage", disk_usage)
    patch.setattr(os, "posix_fallocate", posix_fallocate)
    try:
        yield folder
    finally:
        patch.undo()


Disk = Callable[[Path, int], AbstractContextManager[Path]]
SMALL_DISKS = pytest.mark.parametrize("disk", [small_disk, _claimed_disk], ids=["tmpfs", "claimed"])


def _from_listing(server: FaultServer, folder: Path) -> Attempt:
    """Everything in the bucket, keeping on after an error, one file at a time."""

    async def scene(engine: Engine) -> Attempt:
        return await run_batch(await prepared(engine, everything(), folder, KEEP_GOING), folder)

    return play(spec_of(server), scene, jobs=1)


@SMALL_DISKS
def test_what_does_not_fit_the_disk_is_refused_before_the_first_get(tmp_path: Path, disk: Disk) -> None:
    item = SeededObject("film.bin", 20 * MIB)
    with disk(tmp_path / "to", ROOM // 2) as folder, FaultServer([item]) as server:
        began = time.monotonic()
        chosen = get(server, folder, source=f"s3://{BUCKET}/film.bin")
        listed = get(server, folder)
        assert time.monotonic() - began < 4
        assert server.requests(Operation.GET) == []
        assert files_of(folder) == {}
    assert (chosen.code, listed.code) == (2, 3)
    assert "The disk is full: 20.0 MiB needed" in chosen.err
    error = listed.receipt["first_error"]
    assert (error["kind"], error["key"]) == ("disk_full", None)
    assert "20.0 MiB needed" in error["message"]
    assert [file["state"] for file in listed.receipt["files"]] == ["stopped"]


@SMALL_DISKS
def test_a_disk_that_fills_up_on_the_way_stops_the_batch_and_frees_what_it_took(
    tmp_path: Path, disk: Disk
) -> None:
    objects = [SeededObject("a", 1000), *(SeededObject(name, 2 * MIB) for name in "bcd")]
    with disk(tmp_path / "to", ROOM) as folder, FaultServer(objects) as server:
        (folder / "c").write_bytes(b"mine")

        def fill() -> None:
            (folder / "filler").write_bytes(bytes(4 * MIB + MIB // 2))

        server.add_fault(Fault("c", Operation.GET, before=fill))
        attempt = _from_listing(server, folder)
        gets = [entry.key for entry in server.requests(Operation.GET)]
        taken = sum(path.stat().st_blocks for path in folder.rglob("*")) * 512
    assert (attempt.outcome, attempt.states) == (
        Outcome.STOPPED,
        [State.DONE, State.DONE, State.FAILED, State.STOPPED],
    )
    assert gets == ["a", "b", "c"]
    assert attempt.error.kind is ErrorKind.DISK_FULL
    assert "The disk is full: no room for" in attempt.error.message
    assert attempt.files["c"] == b"mine"
    assert attempt.parts == ()
    assert taken <= 7 * MIB
    assert attempt.took_s < 2


@pytest.mark.parametrize("fails", ["pwrite", "fsync", "link"])
def test_a_disk_that_reports_an_error_stops_the_batch_and_no_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    objects = many(3, 9 * MIB)

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, fails, broken)
    with FaultServer(objects) as server:
        attempt = _from_listing(server, tmp_path)
        assert {entry.key for entry in server.requests(Operation.GET)} == {"00000.bin"}
    assert attempt.outcome is Outcome.STOPPED
    assert attempt.error.kind is ErrorKind.TARGET_UNWRITABLE
    assert str(tmp_path / "00000.bin") in attempt.error.message
    assert "Input/output error" in attempt.error.message
    assert attempt.files == {}


@pytest.mark.parametrize("refusing", [read_only_disk, lambda _: without_rights()], ids=["mount", "rights"])
def test_a_folder_that_may_not_be_written_to_is_refused_before_the_first_get(
    tmp_path: Path, refusing: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    with FaultServer(many(2, 10)) as server, refusing(tmp_path / "to") as folder:
        began = time.monotonic()
        ran = get(server, folder)
        assert time.monotonic() - began < 1
        assert server.requests(Operation.GET) == []
    assert ran.code == 2
    assert str(folder) in ran.err
    assert "read-only" in ran.err or "Permission denied" in ran.err


def test_a_folder_that_is_forbidden_on_the_way_stops_the_batch(tmp_path: Path) -> None:
    objects = many(4, 1000)
    with FaultServer(objects) as server, without_rights(0o755) as folder:
        server.add_fault(Fault("00001.bin", Operation.GET, before=lambda: folder.chmod(0o555)))
        attempt = _from_listing(server, folder)
    assert attempt.states == [State.DONE, State.FAILED, State.STOPPED, State.STOPPED]
    assert attempt.error.kind is ErrorKind.TARGET_UNWRITABLE
    assert "Permission denied" in attempt.error.message


def test_a_folder_that_vanishes_on_the_way_stops_the_batch(tmp_path: Path) -> None:
    folder = tmp_path / "to"
    with FaultServer(many(4, 1000)) as server:
        server.add_fault(Fault("00001.bin", Operation.GET, before=lambda: shutil.rmtree(folder)))
        attempt = _from_listing(server, folder)
        assert len(server.requests(Operation.GET)) == 2
    assert attempt.states == [State.DONE, State.FAILED, State.STOPPED, State.STOPPED]
    assert attempt.error.kind is ErrorKind.TARGET_UNWRITABLE
    assert str(folder) in attempt.error.message
    assert "is gone" in attempt.error.message
    assert not folder.exists()


def test_a_link_that_slips_into_the_way_blocks_its_file_alone(tmp_path: Path) -> None:
    folder, outside = tmp_path / "to", tmp_path / "outside"
    outside.mkdir()
    objects = [SeededObject(key, 1000) for key in ("a", "b/x", "c")]
    with FaultServer(objects) as server:
        server.add_fault(Fault("b/x", Operation.GET, before=lambda: (folder / "b").symlink_to(outside)))
        attempt = _from_listing(server, folder)
    assert attempt.states == [State.DONE, State.FAILED, State.DONE]
    assert attempt.error.kind is ErrorKind.BLOCKED
    assert "symbolic link" in attempt.error.message
    assert list(outside.iterdir()) == []


LONGEST = 143
"""What eCryptfs leaves of a name."""


def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pathconf", lambda *_: LONGEST)


def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("open", "link", "replace", "lstat"):
        monkeypatch.setattr(os, name, _with_short_names(getattr(os, name)))


def _with_short_names(call: Callable[..., object]) -> Callable[..., object]:
    def limited(*paths: object, **words: object) -> object:
        if any(isinstance(path, str | os.PathLike) and _is_too_long(path) for path in paths):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return call(*paths, **words)

    return limited


def _is_too_long(path: str | os.PathLike[str]) -> bool:
    return any(len(os.fsencode(segment)) > LONGEST for segment in Path(path).parts)


@pytest.mark.parametrize("limit", [_told, _untold], ids=["pathconf", "found out"])
def test_names_that_are_too_long_for_the_disk_are_cut_in_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: Callable[[pytest.MonkeyPatch], None]
) -> None:
    objects = [SeededObject("n" * length + ".txt", 10) for length in (LONGEST - 4, LONGEST - 3, 250)]
    folder = tmp_path / "to"
    limit(monkeypatch)
    with FaultServer(objects) as server:
        ran = get(server, folder)
    monkeypatch.undo()
    assert ran.code == 0, ran.err
    assert [line["verdict"] for line in ran.events("planned")] == ["new", "renamed", "renamed"]
    names = sorted(files_of(folder))
    assert len(names) == 3
    assert max(map(len, names)) == LONGEST
    assert all(name.endswith(".txt") for name in names)
