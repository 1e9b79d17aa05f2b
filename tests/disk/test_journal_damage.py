"""A journal that is damaged, of another version, or cannot be written."""

from __future__ import annotations

import asyncio
import functools
import logging
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core.errors import ErrorKind, TransferError
from app.core.saved import Extent, SavedRow
from app.core.states import State
from app.disk import journal_file
from app.disk.journal import SqliteJournal
from app.disk.journal_schema import open_database
from tests.disk.recording import LIMIT_S, batch, flush, journal_in, part, row

ROWS = [row(index, State.DONE) for index in range(150)]
PARTS = [part(index, Extent(0, 10, b"aaaa"), Extent(10, 30, b"bbbb")) for index in range(20)]


def _make(folder: Path) -> Path:
    """A closed journal with one batch; its file."""
    journal = journal_in(folder)
    journal.open_batch(batch())
    journal.put_rows("b1", ROWS)
    for saved in PARTS:
        journal.open_part("b1", saved)
    journal.close()
    return folder / "journal.sqlite3"


def _aside(folder: Path) -> list[Path]:
    """The files that were set aside; each may have its WAL beside it."""
    found = sorted(path for path in folder.iterdir() if ".damaged-" in path.name)
    return [path for path in found if not path.name.endswith(("-wal", "-shm"))]


@functools.cache
def _pristine() -> bytes:
    """The bytes of a journal's file that nothing is wrong with."""
    with tempfile.TemporaryDirectory(prefix="downspout-pristine-") as folder:
        return _make(Path(folder)).read_bytes()


def _run_sql(file: Path, sql: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)


def _can_be_used(journal: SqliteJournal) -> bool:
    journal.open_batch(batch("fresh"))
    journal.put_rows("fresh", [row(0)])
    return journal.load("fresh") == batch("fresh") and journal.rows("fresh") == [row(0)]


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"x", b"SQLite format 3\0" + bytes(4080)]
)
def test_a_file_that_is_no_database_is_set_aside_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    file = tmp_path / "journal.sqlite3"
    file.write_bytes(content)
    journal = journal_in(tmp_path)
    assert journal.message == ""
    with caplog.at_level(logging.WARNING):
        assert journal.unfinished() == ()
        assert _can_be_used(journal)
        assert journal.unfinished() == (batch("fresh"),)
    journal.close()
    [aside] = _aside(tmp_path)
    assert aside.name == "journal.sqlite3.damaged-20231114-221320"
    assert aside.read_bytes() == content
    assert [record.getMessage() for record in caplog.records] == [journal.message]
    assert str(aside) in journal.message
    assert "Start unfinished downloads again" in journal.message


def test_the_wal_goes_with_the_damaged_file_and_no_name_is_taken_twice(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / "journal.sqlite3").write_bytes(b"not a database at all" * 100)
        (tmp_path / "journal.sqlite3-wal").write_bytes(b"its wal")
        assert len(list(tmp_path.glob("*.damaged-*-wal"))) == number
        journal = journal_in(tmp_path)
        assert journal.unfinished() == ()
        journal.close()
    first = "journal.sqlite3.damaged-20231114-221320"
    assert [path.name for path in _aside(tmp_path)] == [first, f"{first}-1"]
    assert [path.read_bytes() for path in _aside(tmp_path)] == [b"not a database at all" * 100] * 2


def test_a_file_cut_in_half_is_set_aside(tmp_path: Path) -> None:
    file = _make(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    journal = journal_in(tmp_path)
    rows = journal.rows("b1")
    assert rows in ([], ROWS)
    journal.put_rows("b1", ROWS)
    flush(journal)
    assert _can_be_used(journal)
    journal.close()
    assert len(_aside(tmp_path)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE rows SET state = 'nonsense' WHERE idx = 7",
        "UPDATE rows SET key = x'ff' WHERE idx = 7",
        "UPDATE rows SET attempt = -1 WHERE idx = 7",
        "UPDATE rows SET seal = NULL WHERE idx = 7",
        "UPDATE batches SET about = '{'",
        "UPDATE batches SET outcome = 'nonsense'",
        "DELETE FROM sources",
        "UPDATE parts SET algorithm = 'crc0' WHERE idx = 7",
        "UPDATE extents SET first = -1 WHERE idx = 7 AND first = 0",
        "UPDATE extents SET crc = x'00' WHERE idx = 7",
        "DROP TABLE extents",
        "CREATE TABLE more (x)",
        "PRAGMA user_version = -1",
        "PRAGMA user_version = 0",
    ],
)
def test_a_record_or_a_table_that_makes_no_sense_is_damage(tmp_path: Path, sql: str) -> None:
    file = _make(tmp_path)
    _run_sql(file, sql)
    journal = journal_in(tmp_path)
    for read in (journal.load, journal.rows, journal.parts):
        read("b1")
    assert (journal.load("b1"), journal.rows("b1"), journal.parts("b1")) == (None, [], [])
    assert _can_be_used(journal)
    journal.close()
    assert len(_aside(tmp_path)) == 1


@pytest.mark.parametrize(("first", "end"), [(-5, 3), (7, 3)])
def test_an_extent_below_zero_is_damage_though_its_seal_is_whole(
    tmp_path: Path, first: int, end: int
) -> None:
    journal = journal_in(tmp_path)
    journal.open_batch(batch())
    journal.open_part("b1", part(0, Extent(first, end, b"aaaa")))
    assert journal.parts("b1") == []
    assert "was damaged" in journal.message
    journal.close()
    assert len(_aside(tmp_path)) == 1


@given(st.integers(min_value=100), st.integers(0, 255), st.booleans())
@example(place=3240, value=128, is_cut=False)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_byte_that_flips_anywhere_changes_no_record_and_stops_nothing(
    place: int, value: int, is_cut: bool
) -> None:
    data = bytearray(_pristine())
    place %= len(data)
    if is_cut:
        del data[place:]
    else:
        data[place] = value
    folder = Path(tempfile.mkdtemp(prefix="downspout-damage-"))
    try:
        (folder / "journal.sqlite3").write_bytes(data)
        journal = journal_in(folder)
        found: list[SavedRow] = list(journal.rows("b1"))
        assert all(saved in ROWS for saved in found)
        parts = journal.parts("b1")
        assert all(
            any(saved.name == one.name and saved.index == one.index for one in PARTS) for saved in parts
        )
        assert journal.load("b1") in (None, batch())
        assert _can_be_used(journal)
        journal.close()
        assert all(path.stat().st_size == len(data) for path in _aside(folder))
    finally:
        shutil.rmtree(folder)


def test_damage_that_shows_while_writing_is_set_aside_and_the_flush_resolves(tmp_path: Path) -> None:
    """The part of a batch that would look like the whole of it is not kept in the new file."""
    journal = journal_in(tmp_path)
    journal.open_batch(batch("early"))
    journal.put_rows("early", [row(0)])
    flush(journal)
    _run_sql(tmp_path / "journal.sqlite3", "DROP TABLE rows")
    journal.put_rows("early", [row(1)])
    journal.open_batch(batch("late"))
    journal.put_rows("late", [row(0)])
    flush(journal)
    journal.open_batch(batch("early"))
    journal.put_rows("early", [row(2)])
    flush(journal)
    assert journal.load("early") is None
    assert journal.load("late") == batch("late")
    assert journal.rows("late") == [row(0)]
    assert "was damaged" in journal.message
    journal.close()
    assert (tmp_path / "journal.sqlite3.damaged-20231114-221320").is_file()


def test_setting_aside_leaves_another_journals_new_wal_alone(tmp_path: Path) -> None:
    """SQLite removes a WAL by its name when its last user closes; the name is the new file's by then."""
    first, second = journal_in(tmp_path), journal_in(tmp_path)
    second.open_batch(batch("second"))
    flush(second)
    _run_sql(tmp_path / "journal.sqlite3", "UPDATE batches SET seal = 0")
    assert first.unfinished() == ()
    first.open_batch(batch("first"))
    flush(first)
    second.put_rows("second", [row(0)])
    second.open_batch(batch("another"))
    flush(second)
    assert second.load("second") is None
    second.close()
    assert first.load("first") == batch("first")
    assert first.load("another") == batch("another")
    first.close()


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.open_batch(batch())
    flush(journal)
    for path in tmp_path.glob("journal.sqlite3*"):
        path.rename(tmp_path / f"moved-{path.name}")
    assert _can_be_used(journal)
    assert journal.load("b1") is None
    journal.close()


def test_the_journal_of_a_newer_version_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = _make(tmp_path)
    _run_sql(file, "PRAGMA user_version = 2")
    before = file.read_bytes()
    journal = journal_in(tmp_path)
    journal.open_batch(batch("fresh"))
    flush(journal)
    for _ in range(2):
        with pytest.raises(TransferError, match="newer Downspout") as caught:
            journal.unfinished()
        assert caught.value.kind is ErrorKind.DISK
    journal.close()
    assert "newer Downspout" in journal.message
    assert [record.getMessage() for record in caplog.records] == [journal.message]
    assert file.read_bytes() == before
    assert _aside(tmp_path) == []


def test_a_journal_whose_folder_cannot_be_made_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_bytes(b"")
    journal = journal_in(tmp_path / "state")
    for _ in range(2):
        journal.open_batch(batch())
        flush(journal)
    for read in (journal.unfinished, lambda: journal.rows("b1"), lambda: journal.forget(["b1"])):
        with pytest.raises(TransferError) as caught:
            read()
        assert caught.value.kind is ErrorKind.DISK
        assert str(tmp_path / "state") in caught.value.message
    journal.close()
    assert "Downloads go on" in journal.message
    assert [record.getMessage() for record in caplog.records] == [journal.message]


def test_a_full_disk_is_said_and_the_flush_resolves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(path: Path) -> sqlite3.Connection:
        connection = open_database(path)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    monkeypatch.setattr(journal_file, "open_database", small)
    journal = journal_in(tmp_path)
    assert journal.claim("b1")
    journal.open_batch(batch())
    flush(journal)
    assert journal.message == ""
    for start in range(0, 3000, 1000):
        journal.put_rows("b1", [row(index) for index in range(start, start + 1000)])
        flush(journal)
    assert "disk is full" in journal.message
    assert _aside(tmp_path) == []
    with pytest.raises(TransferError, match="disk is full"):
        journal.load("b1")
    journal.close()


def test_a_bug_in_the_writer_turns_the_journal_off_and_leaves_no_flush_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = journal_in(tmp_path)

    async def scene() -> None:
        journal.open_batch(batch())
        journal.open_part("b1", part(0, Extent(2**70, 2**71, b"aaaa")))
        await asyncio.wait_for(journal.flush(), LIMIT_S)

    asyncio.run(scene())
    assert "OverflowError" in journal.message
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    journal.close()
