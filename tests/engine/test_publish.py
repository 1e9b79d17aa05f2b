"""The last steps of a file: written, flushed, named, and its name flushed; or not named at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.policy import BatchPolicy, IfExists
from app.core.states import State
from app.engine.download import SYNC_FROM_BYTES
from app.engine.engine import Engine
from tests.engine.stage import chosen, prepared, run
from tests.servers.fault_server import FaultServer
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject

LARGE = SeededObject("film.bin", SYNC_FROM_BYTES + 5, algorithms=("crc64nvme",))
SMALL = SeededObject("note.txt", 500)

pytestmark = pytest.mark.skipif(not hasattr(os, "pwrite"), reason="watches the calls of POSIX")


class Calls:
    """The calls of a process that touch a folder's files, in order, each once in a row."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.made: list[str] = []
        self._folder = folder.stat()
        for name in ("pwrite", "fsync", "link", "replace", "unlink"):
            patch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*told: Any, **how: Any) -> Any:
            is_folder = name == "fsync" and os.path.samestat(os.fstat(told[0]), self._folder)
            made = f"{name} folder" if is_folder else name
            if self.made[-1:] != [made]:
                self.made.append(made)
            return call(*told, **how)

        return watched


@pytest.mark.parametrize("if_exists", [IfExists.AUTO, IfExists.REPLACE])
def test_a_large_file_is_flushed_before_it_has_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, if_exists: IfExists
) -> None:
    is_replacing = if_exists is IfExists.REPLACE
    if is_replacing:
        (tmp_path / LARGE.key).write_bytes(b"old")
    with FaultServer([LARGE]) as server:

        async def scene(engine: Engine) -> list[str]:
            batch = await prepared(engine, chosen([LARGE]), tmp_path, BatchPolicy(if_exists=if_exists))
            with monkeypatch.context() as patch:
                calls = Calls(patch, tmp_path)
                assert await batch.run() is Outcome.DONE
            return calls.made

        made = run(server, scene)
    naming = ["replace"] if is_replacing else ["link", "unlink"]
    assert made == ["pwrite", "fsync", *naming, "fsync folder"]
    assert (tmp_path / LARGE.key).read_bytes() == LARGE.read()


def test_a_file_that_is_damaged_is_never_flushed_nor_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer([LARGE], [Fault(operation=Operation.GET, holds=9, flip_at=9)]) as server:

        async def scene(engine: Engine) -> list[str]:
            batch = await prepared(engine, chosen([LARGE]), tmp_path, BatchPolicy())
            with monkeypatch.context() as patch:
                calls = Calls(patch, tmp_path)
                assert await batch.run() is Outcome.STOPPED
            assert batch.rows[0].error is not None
            assert batch.rows[0].error.kind is ErrorKind.CHECKSUM
            return calls.made

        made = run(server, scene)
    assert set(made) == {"pwrite", "unlink"}
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_ended_while_its_file_was_flushed_gets_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer([LARGE]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepared(engine, chosen([LARGE]), tmp_path, BatchPolicy())

            def flush(_: int) -> None:
                batch.rows.finish(0, State.CANCELLED)

            monkeypatch.setattr(os, "fsync", flush)
            await batch.run()
            assert batch.rows[0].state is State.CANCELLED

        run(server, scene)
    assert not (tmp_path / LARGE.key).exists()


def test_a_file_that_appeared_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    def appear() -> None:
        (tmp_path / SMALL.key).write_bytes(b"mine")

    with FaultServer([SMALL], [Fault(operation=Operation.GET, before=appear)]) as server:

        async def scene(engine: Engine) -> None:
            batch = await prepared(engine, chosen([SMALL]), tmp_path, BatchPolicy())
            assert await batch.run() is Outcome.STOPPED
            assert batch.rows[0].error is not None
            assert batch.rows[0].error.kind is ErrorKind.EXISTS

        run(server, scene)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {SMALL.key: b"mine"}
