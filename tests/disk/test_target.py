"""The chosen folder: what is opened, what is refused, what is left behind."""

import hashlib
import os
from pathlib import Path

import pytest

from app.core.errors import ErrorKind, TransferError
from app.disk.folders import KEPT_OPEN, FolderTree
from app.disk.target import LocalTarget

is_root = hasattr(os, "geteuid") and os.geteuid() == 0

PART = ".part.s3part"


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def target(tmp_path: Path) -> LocalTarget:
    return LocalTarget(str(tmp_path / "to"))


def _save(target: LocalTarget, path: str, data: bytes, *, replace: bool = False) -> None:
    part = target.create_part(path, PART, len(data))
    part.write_at(0, data)
    part.publish(1_600_000_000.25, replace=replace)


def test_opening_makes_the_folder_and_leaves_no_probe_behind(tmp_path: Path) -> None:
    LocalTarget(str(tmp_path / "a" / "b")).close()
    assert _names(tmp_path) == ["a", "a/b"]


def test_a_look_without_leave_to_write_makes_nothing(tmp_path: Path) -> None:
    target = LocalTarget(str(tmp_path / "missing"), make=False)
    assert target.look("x") is None
    assert _names(tmp_path) == []


def test_a_published_file_has_its_bytes_its_time_and_no_execute_right(target: LocalTarget) -> None:
    _save(target, "a/b/c.bin", b"hello")
    path = Path(target.root) / "a/b/c.bin"
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mtime == 1_600_000_000.25
    assert path.stat().st_mode & 0o111 == 0
    assert _names(Path(target.root)) == ["a", "a/b", "a/b/c.bin"]


def test_until_it_is_published_a_file_has_no_final_name(target: LocalTarget) -> None:
    part = target.create_part("x.bin", PART, 4)
    part.write_at(0, b"half")
    (name,) = _names(Path(target.root))
    assert name.startswith(".")
    assert name.endswith(".s3part")
    part.discard()
    assert _names(Path(target.root)) == []


def test_bytes_may_come_in_any_order(target: LocalTarget) -> None:
    part = target.create_part("x.bin", PART, 6)
    part.write_at(3, b"def")
    part.write_at(0, b"abc")
    part.publish(None, replace=False)
    assert (Path(target.root) / "x.bin").read_bytes() == b"abcdef"


def test_a_file_that_appeared_meanwhile_is_left_as_it_is(target: LocalTarget) -> None:
    part = target.create_part("x.bin", PART, 3)
    part.write_at(0, b"new")
    (Path(target.root) / "x.bin").write_bytes(b"old")
    with pytest.raises(TransferError) as caught:
        part.publish(None, replace=False)
    part.discard()
    assert caught.value.kind is ErrorKind.EXISTS
    assert (Path(target.root) / "x.bin").read_bytes() == b"old"
    assert _names(Path(target.root)) == ["x.bin"]


def test_replacing_swaps_the_file_whole(target: LocalTarget) -> None:
    _save(target, "x.bin", b"old")
    _save(target, "x.bin", b"newer", replace=True)
    assert (Path(target.root) / "x.bin").read_bytes() == b"newer"


def test_discarding_after_publishing_keeps_the_file(target: LocalTarget) -> None:
    part = target.create_part("x.bin", PART, 0)
    part.publish(None, replace=False)
    part.discard()
    assert (Path(target.root) / "x.bin").exists()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs links that can be refused")
@pytest.mark.parametrize("path", ["link/x.bin", "link/deep/x.bin", "real/link/x.bin"])
def test_a_link_on_the_way_blocks(tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = LocalTarget(str(tmp_path / "to"))
    (tmp_path / "to/real").mkdir()
    (tmp_path / "to/link").symlink_to(outside)
    (tmp_path / "to/real/link").symlink_to(outside)
    with pytest.raises(TransferError) as caught:
        target.create_part(path, PART, 1)
    assert caught.value.kind is ErrorKind.BLOCKED
    assert _names(outside) == []


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs links that can be refused")
def test_a_link_at_the_end_is_seen_as_no_file_and_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep")
    target = LocalTarget(str(tmp_path / "to"))
    (tmp_path / "to/x").symlink_to(secret)
    fact = target.look("x")
    assert fact is not None
    assert not fact.is_file
    assert not fact.is_folder
    _save(target, "x", b"mine", replace=True)
    assert secret.read_bytes() == b"keep"


def test_a_file_where_a_folder_must_go_is_named(target: LocalTarget) -> None:
    _save(target, "a", b"1")
    with pytest.raises(TransferError) as caught:
        target.create_part("a/b", PART, 1)
    assert caught.value.kind is ErrorKind.EXISTS
    assert str(Path(target.root) / "a" / "b") in caught.value.message


@pytest.mark.parametrize("path", ["../x", "a/../x", "a/./x", "a//x"])
def test_a_path_that_is_no_plain_walk_down_is_a_bug_and_raises(target: LocalTarget, path: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        target.create_part(path, PART, 1)
    assert _names(Path(target.root).parent) in (["to"], ["to", "to/a"])


def test_looks_tell_files_folders_and_nothing_apart(target: LocalTarget) -> None:
    _save(target, "a/b", b"12345")
    file, folder = target.look("a/b"), target.look("a")
    assert file is not None
    assert (file.is_file, file.is_folder, file.size_bytes) == (True, False, 5)
    assert folder is not None
    assert (folder.is_file, folder.is_folder) == (False, True)
    assert target.look("a/c") is None
    assert target.look("x/y/z") is None


def test_the_md5_is_that_of_the_files_bytes(target: LocalTarget) -> None:
    _save(target, "a/b", b"12345" * 1000)
    assert target.md5("a/b") == hashlib.md5(b"12345" * 1000).hexdigest()


def test_many_folders_keep_few_descriptors_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else None
    tree = FolderTree(str(tmp_path))
    for number in range(KEPT_OPEN * 3):
        tree.folder(f"f{number}/deep", make=True)
    if before is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + KEPT_OPEN + 2
    tree.close()
    if before is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert (tmp_path / "f0/deep").is_dir()


def test_the_deepest_key_can_be_saved(target: LocalTarget) -> None:
    path = "/".join(["d"] * 511) + "/x"
    part = target.create_part(path, PART, 2)
    part.write_at(0, b"ok")
    part.publish(None, replace=False)
    fact = target.look(path)
    assert fact is not None
    assert fact.size_bytes == 2


def test_a_folder_that_is_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "to").write_bytes(b"")
    with pytest.raises(TransferError) as caught:
        LocalTarget(str(tmp_path / "to"))
    assert caught.value.kind is ErrorKind.TARGET_UNWRITABLE
    assert str(tmp_path / "to") in caught.value.message


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system that takes no files")
def test_a_folder_that_takes_no_files_is_refused_before_the_start() -> None:
    with pytest.raises(TransferError) as caught:
        LocalTarget("/proc/self/attr")
    assert caught.value.kind is ErrorKind.TARGET_UNWRITABLE


def test_a_file_too_large_for_the_disk_is_refused_when_it_is_opened(
    target: LocalTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(TransferError) as caught:
        target.create_part("big.bin", PART, 1 << 30)
    assert caught.value.kind is ErrorKind.DISK_FULL
    assert _names(Path(target.root)) == []


def test_names_are_told_apart_by_case_where_the_disk_does(target: LocalTarget) -> None:
    _save(target, "probe-case", b"1")
    is_insensitive = (Path(target.root) / "PROBE-CASE").exists()
    assert target.path_rules.is_case_insensitive == is_insensitive
