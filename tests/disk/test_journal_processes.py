"""Several processes and one journal: claims, kills, and writing at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from app.core.events import Outcome
from app.core.saved import Extent
from app.core.states import State
from app.disk import journal_writer
from app.disk.journal import SqliteJournal
from app.disk.journal_changes import Changes
from tests.disk.recording import LIMIT_S, batch, flush, journal_in, part, recorder, row


@contextmanager
def _recorder(folder: Path, batch_id: str) -> Iterator[subprocess.Popen[str]]:
    """A recorder that has said whether it got its claim; ended by the end of the block."""
    with recorder(folder, batch_id) as process:
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=LIMIT_S)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SqliteJournal, SqliteJournal]]:
    """Two journals on one file, which have no more to do with each other than two processes."""
    first, second = journal_in(tmp_path), journal_in(tmp_path)
    yield first, second
    first.close()
    second.close()


@pytest.mark.parametrize("seed", range(6))
def test_what_was_flushed_is_there_after_a_kill(tmp_path: Path, seed: int) -> None:
    with _recorder(tmp_path, "b1") as process:
        assert _line(process) == "claimed"
        for _ in range(Random(seed).randrange(1, 60)):
            flushed = int(_line(process))
        os.kill(process.pid, signal.SIGKILL)
        assert process.stdout is not None
        flushed = max([flushed, *(int(line) for line in process.stdout.read().splitlines()[:-1] if line)])
        process.wait(LIMIT_S)
    journal = journal_in(tmp_path)
    rows = journal.rows("b1")
    assert len(rows) >= flushed
    assert rows == [row(index, State.DONE) for index in range(len(rows))]
    extents = tuple(Extent(index, index + 1, b"abcd") for index in range(len(rows)))
    [found] = journal.parts("b1")
    assert found.extents[:flushed] == extents[:flushed]
    assert journal.unfinished() == (batch(),)
    assert journal.message == ""
    assert journal.claim("b1")
    journal.close()


def test_a_batch_that_a_live_process_has_is_neither_told_nor_given(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    with _recorder(tmp_path, "b1") as process:
        assert _line(process) == "claimed"
        assert int(_line(process)) > 0
        assert journal.unfinished() == ()
        assert not journal.claim("b1")
        journal.forget(["b1"])
        assert journal.load("b1") == batch()
        process.kill()
        process.wait(LIMIT_S)
        assert journal.unfinished() == (batch(),)
        assert journal.claim("b1")
    journal.close()


def test_two_processes_record_at_once(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    with _recorder(tmp_path, "other") as process:
        assert _line(process) == "claimed"
        journal.open_batch(batch("mine"))
        flushed = 0
        for index in range(300):
            journal.put_rows("mine", [row(index)])
            flush(journal)
            if index % 3 == 0:
                flushed = int(_line(process))
        assert len(journal.rows("mine")) == 300
        assert len(journal.rows("other")) >= flushed > 0
    assert journal.message == ""
    journal.close()


def test_a_claim_is_this_journals_alone_until_it_is_closed(pair: tuple[SqliteJournal, SqliteJournal]) -> None:
    first, second = pair
    assert first.claim("b1")
    assert first.claim("b1")
    assert not second.claim("b1")
    assert second.claim("a/../b \ud800")
    assert not first.claim("a/../b \ud800")
    first.close()
    assert second.claim("b1")


def test_the_end_of_a_batch_lets_its_claim_go(pair: tuple[SqliteJournal, SqliteJournal]) -> None:
    first, second = pair
    assert first.claim("b1")
    first.open_batch(batch())
    flush(first)
    assert second.unfinished() == ()
    first.end_batch("b1", Outcome.STOPPED, 5.0)
    flush(first)
    [found] = second.unfinished()
    assert found.outcome is Outcome.STOPPED
    assert second.claim("b1")


def test_a_claim_for_the_next_run_outlives_the_end_of_the_last(
    pair: tuple[SqliteJournal, SqliteJournal],
) -> None:
    first, second = pair
    first.claim("b1")
    first.open_batch(batch())
    first.end_batch("b1", Outcome.STOPPED, 5.0)
    assert first.claim("b1")
    flush(first)
    assert not second.claim("b1")


def test_forgetting_lets_the_claim_go(pair: tuple[SqliteJournal, SqliteJournal]) -> None:
    first, second = pair
    first.claim("b1")
    first.open_batch(batch())
    first.forget(["b1"])
    assert second.claim("b1")


def test_a_file_that_another_holds_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.disk.journal_schema.BUSY_S", 0.01)
    journal = journal_in(tmp_path)
    journal.open_batch(batch())
    flush(journal)
    other = sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    tries: list[int] = []
    write = Changes.write

    def third_time_lucky(self: Changes, connection: sqlite3.Connection, lost: set[str]) -> list[str]:
        tries.append(len(tries))
        if len(tries) == 3:
            other.execute("ROLLBACK")
        return write(self, connection, lost)

    monkeypatch.setattr(Changes, "write", third_time_lucky)
    journal.put_rows("b1", [row(0)])
    flush(journal)
    assert len(tries) == 3
    assert journal.rows("b1") == [row(0)]
    assert journal.message == ""
    journal.close()
    other.close()


def test_a_file_that_another_never_lets_go_of_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_writer, "BUSY_LIMIT_S", 0.1)
    monkeypatch.setattr("app.disk.journal_schema.BUSY_S", 0.01)
    journal = journal_in(tmp_path)
    journal.open_batch(batch())
    journal.open_part("b1", part(0))
    flush(journal)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal.put_rows("b1", [row(0)])
        flush(journal)
        assert "Another process" in journal.message
        assert list(tmp_path.glob("*damaged*")) == []
        other.execute("ROLLBACK")
    journal.close()
