"""What a journal keeps and gives back."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import Outcome
from app.core.objects import Addressing, ConnectionSpec, ObjectInfo, Source
from app.core.plan import PlannedItem, Verdict
from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.saved import Extent, SavedRow
from app.core.states import State
from app.disk import journal_changes, journal_file
from app.disk.journal import SqliteJournal
from app.disk.journal_values import row_of, row_values
from app.engine.journal import Journal
from tests.disk.recording import LIMIT_S, batch, flush, journal_in, part, row

ANY_TEXT = st.text(st.characters(codec=None), max_size=20)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    journal = journal_in(tmp_path)
    yield journal
    journal.close()


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "downspout-journal"]


def test_a_batch_comes_back_as_it_was_recorded(journal: SqliteJournal) -> None:
    as_port: Journal = journal
    saved = batch(
        title="a\ud800",
        spec=ConnectionSpec("p", "https://h", "r", Addressing.PATH, True, "/ca", True),
        sources=(
            Source("b", "k\ud800/", True, ""),
            Source("b", "k", False, "", ObjectInfo("k", -(2**70), "e", 1.5)),
        ),
        policy=BatchPolicy(StopPolicy(False, InFlight.FINISH, 5, 20), IfExists.KEEP_BOTH, 7, limit_bps=9),
        finished_at=200.5,
        is_listing_complete=True,
        last_key="z\ud800",
        outcome=Outcome.FAILED,
    )
    as_port.open_batch(saved)
    assert as_port.load("b1") == saved
    assert as_port.load("b2") is None


def test_the_edits_of_a_batch_are_kept(journal: SqliteJournal) -> None:
    policy = BatchPolicy(jobs=3)
    journal.open_batch(batch())
    journal.set_listing("b1", "data/9", is_complete=True)
    flush(journal)
    journal.set_policy("b1", policy)
    journal.end_batch("b1", Outcome.STOPPED, 300.0)
    expected = batch(
        last_key="data/9",
        is_listing_complete=True,
        policy=policy,
        outcome=Outcome.STOPPED,
        finished_at=300.0,
    )
    assert journal.load("b1") == expected


def test_a_batch_that_is_opened_again_keeps_its_rows(journal: SqliteJournal) -> None:
    journal.open_batch(batch())
    journal.put_rows("b1", [row(0, State.DONE)])
    journal.end_batch("b1", Outcome.STOPPED, 300.0)
    flush(journal)
    journal.open_batch(batch(title="again"))
    assert journal.load("b1") == batch(title="again")
    assert journal.rows("b1") == [row(0, State.DONE)]


def test_rows_come_back_by_index_and_the_last_word_on_each_counts(journal: SqliteJournal) -> None:
    error = ErrorRecord("k", ErrorKind.ACCESS_DENIED, "AccessDenied", "No.", "id", 5.0)
    failed = row(1)._replace(state=State.FAILED, error=error, attempt=2, tries=3, note="n")
    journal.open_batch(batch())
    journal.put_rows("b1", [row(2), row(0), row(1)])
    journal.put_rows("b1", [row(0, State.DONE)])
    flush(journal)
    journal.put_rows("b1", [failed])
    assert journal.rows("b1") == [row(0, State.DONE), failed, row(2)]


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED])
def test_a_row_that_was_under_way_is_kept_as_queued(journal: SqliteJournal, state: State) -> None:
    journal.open_batch(batch())
    journal.put_rows("b1", [row(0, state)])
    assert journal.rows("b1") == [row(0, State.QUEUED)]


def test_a_list_of_rows_that_changes_later_is_recorded_as_it_was(journal: SqliteJournal) -> None:
    rows = [row(0)]
    journal.open_batch(batch())
    journal.put_rows("b1", rows)
    rows.append(row(1))
    assert journal.rows("b1") == [row(0)]


def test_rows_of_a_batch_that_is_not_on_record_are_dropped(journal: SqliteJournal) -> None:
    journal.put_rows("unknown", [row(0)])
    assert journal.rows("unknown") == []
    assert journal.message == ""


@given(
    texts=st.lists(ANY_TEXT, min_size=6, max_size=6),
    size=st.integers(-(2**200), 2**200),
    modified_at=st.none() | st.floats(allow_nan=False),
    version=st.none() | ANY_TEXT,
)
@settings(max_examples=100)
def test_any_text_and_any_size_make_the_round_trip(
    texts: list[str], size: int, modified_at: float | None, version: str | None
) -> None:
    obj = ObjectInfo(texts[0], size, texts[1], modified_at, texts[2], version, True, texts[3])
    saved = SavedRow(5, PlannedItem(obj, texts[4], True, Verdict.BLOCKED, texts[5]), State.FAILED)
    with sqlite3.connect(":memory:") as connection:
        values = row_values(1, 1, saved)
        found = connection.execute(f"SELECT {', '.join('?' * len(values))}", values).fetchone()
    connection.close()
    assert row_of(found) == saved


def test_the_extents_of_a_part_are_replaced_by_their_first_byte(journal: SqliteJournal) -> None:
    journal.open_batch(batch())
    journal.open_part("b1", part(3, Extent(50, 60, b"aaaa")))
    journal.put_extent("b1", 3, Extent(0, 10, b"bbbb"))
    flush(journal)
    journal.put_extent("b1", 3, Extent(0, 20, b"cccc"))
    journal.put_extent("b1", 3, Extent(50, 70, b"dddd"))
    journal.put_extent("b1", 3, Extent(50, 80, b"eeee"))
    assert journal.parts("b1") == [part(3, Extent(0, 20, b"cccc"), Extent(50, 80, b"eeee"))]


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_part_that_begins_again_forgets_the_earlier_ones_extents(
    journal: SqliteJournal, is_flushed: bool
) -> None:
    journal.open_batch(batch())
    journal.open_part("b1", part(3, Extent(0, 10, b"aaaa")))
    journal.put_extent("b1", 3, Extent(10, 20, b"bbbb"))
    if is_flushed:
        flush(journal)
    journal.open_part("b1", part(3, name=".y.s3part"))
    assert journal.parts("b1") == [part(3, name=".y.s3part")]


@pytest.mark.parametrize("is_flushed", [False, True])
def test_a_part_that_is_dropped_takes_its_extents_with_it(journal: SqliteJournal, is_flushed: bool) -> None:
    journal.open_batch(batch())
    journal.open_part("b1", part(3, Extent(0, 10, b"aaaa")))
    journal.open_part("b1", part(4))
    if is_flushed:
        flush(journal)
    journal.drop_part("b1", 3)
    journal.put_extent("b1", 3, Extent(10, 20, b"late"))
    assert journal.parts("b1") == [part(4)]
    journal.open_part("b1", part(3))
    assert journal.parts("b1") == [part(3), part(4)]


def test_an_extent_of_a_part_that_is_gone_is_not_kept(journal: SqliteJournal, tmp_path: Path) -> None:
    journal.open_batch(batch())
    journal.open_part("b1", part(3))
    journal.drop_part("b1", 3)
    flush(journal)
    journal.put_extent("b1", 3, Extent(10, 20, b"late"))
    flush(journal)
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    found = connection.execute("SELECT * FROM extents").fetchall()
    connection.close()
    assert found == []


def test_no_secret_is_in_the_files_and_none_comes_back(journal: SqliteJournal, tmp_path: Path) -> None:
    spec = ConnectionSpec(
        endpoint_url="https://me:canary-1@host/path",
        access_key_id="canary-2",
        secret_access_key="canary-3",
        session_token="canary-4",
    )
    journal.open_batch(batch(spec=spec, endpoint="https://canary-5@host"))
    journal.set_policy("b1", BatchPolicy())
    flush(journal)
    saved = journal.load("b1")
    assert saved is not None
    assert saved.spec == ConnectionSpec(endpoint_url="https://host/path")
    assert saved.endpoint == "https://host"
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(files) == 3
    assert all(b"canary" not in path.read_bytes() for path in files)


def _left(journal: SqliteJournal) -> list[str]:
    return [saved.batch_id for saved in journal.unfinished()]


@pytest.mark.parametrize("outcome", [None, Outcome.FAILED, Outcome.STOPPED, Outcome.CANCELLED])
@pytest.mark.parametrize(
    ("state", "verdict", "is_left"),
    [
        (State.QUEUED, Verdict.NEW, True),
        (State.STOPPED, Verdict.NEW, True),
        (State.CANCELLED, Verdict.NEW, True),
        (State.FAILED, Verdict.NEW, True),
        (State.QUEUED, Verdict.EXISTS, True),
        (State.DONE, Verdict.NEW, False),
        (State.SKIPPED, Verdict.SAME, False),
        (State.FAILED, Verdict.BLOCKED, False),
        (State.FAILED, Verdict.ARCHIVED, False),
        (State.FAILED, Verdict.EXISTS, False),
    ],
)
def test_a_batch_is_unfinished_while_a_row_of_it_can_still_be_fetched(
    journal: SqliteJournal, outcome: Outcome | None, state: State, verdict: Verdict, is_left: bool
) -> None:
    journal.open_batch(batch(is_listing_complete=True, outcome=outcome))
    journal.put_rows("b1", [row(0, State.DONE), row(1, state, verdict=verdict)])
    assert _left(journal) == (["b1"] if is_left else [])


def test_a_batch_is_unfinished_while_its_listing_is(journal: SqliteJournal) -> None:
    journal.open_batch(batch(outcome=Outcome.CANCELLED))
    assert _left(journal) == ["b1"]


def test_a_batch_that_ended_as_done_has_nothing_left(journal: SqliteJournal) -> None:
    journal.open_batch(batch())
    journal.end_batch("b1", Outcome.DONE, 5.0)
    assert _left(journal) == []


def test_the_history_has_every_batch_newest_first_with_its_counts(journal: SqliteJournal) -> None:
    for number, batch_id in enumerate(("old", "done", "new")):
        journal.open_batch(batch(batch_id, started_at=float(number)))
    journal.put_rows("done", [row(0, State.DONE), row(1, State.SKIPPED), row(2, State.DONE)])
    journal.put_rows("new", [row(0, State.FAILED), row(1, State.QUEUED)])
    journal.end_batch("done", Outcome.DONE, 9.0)
    history = journal.history(10)
    assert [past.batch.batch_id for past in history] == ["new", "done", "old"]
    assert history[0].counts == {State.FAILED: 1, State.QUEUED: 1}
    assert history[1].counts == {State.DONE: 2, State.SKIPPED: 1}
    assert history[1].batch.outcome is Outcome.DONE
    assert history[2].counts == {}
    assert [past.batch.batch_id for past in journal.history(1)] == ["new"]


def test_unfinished_batches_come_newest_first(journal: SqliteJournal) -> None:
    for batch_id, started_at in (("old", 1.0), ("new", 3.0), ("mid", 2.0)):
        journal.open_batch(batch(batch_id, started_at=started_at))
    assert _left(journal) == ["new", "mid", "old"]


def test_the_object_published_last_at_a_place_is_the_one_told(journal: SqliteJournal) -> None:
    journal.open_batch(batch("new", started_at=2.0))
    journal.open_batch(batch("old", started_at=1.0))
    journal.open_batch(batch("elsewhere", destination="/other"))
    journal.put_rows("old", [row(0, State.FAILED, path="x", etag="1")])
    journal.put_rows("new", [row(4, State.DONE, path="x", etag="2")])
    journal.put_rows("old", [row(0, State.DONE, path="x", etag="3")])
    journal.put_rows("elsewhere", [row(0, State.DONE, path="x", etag="4")])
    flush(journal)
    journal.put_rows("new", [row(5, State.STOPPED, path="x", etag="5")])
    flush(journal)
    found = journal.published("/home/me/to", "x")
    assert found is not None
    assert found.etag == "3"
    assert journal.published("/home/me/to", "y") is None
    assert journal.published("/home/me", "x") is None


def test_a_published_object_is_found_by_the_index(journal: SqliteJournal, tmp_path: Path) -> None:
    from app.disk.journal import _PUBLISHED

    journal.open_batch(batch())
    flush(journal)
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {_PUBLISHED}", (b"x", b"y")).fetchall()
    connection.close()
    assert any("USING INDEX published" in step[3] for step in plan)


def test_forgotten_batches_leave_nothing(journal: SqliteJournal, tmp_path: Path) -> None:
    for batch_id in ("b1", "b2"):
        journal.claim(batch_id)
        journal.open_batch(batch(batch_id))
        journal.put_rows(batch_id, [row(0, State.DONE)])
        journal.open_part(batch_id, part(0, Extent(0, 1, b"aaaa")))
    journal.forget(iter(["b1"]))
    assert (journal.load("b1"), journal.rows("b1"), journal.parts("b1")) == (None, [], [])
    assert journal.load("b2") == batch("b2")
    assert [path.name for path in (tmp_path / "locks").iterdir()] == ["batch-b2.lock"]


def test_old_batches_of_which_nothing_is_left_are_dropped(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_changes, "KEPT_BATCHES", 2)
    for number in range(6):
        journal.open_batch(batch(f"b{number}", started_at=float(number), is_listing_complete=number != 1))
        journal.put_rows(f"b{number}", [row(0, State.QUEUED if number == 2 else State.DONE)])
        journal.end_batch(f"b{number}", Outcome.CANCELLED, 9.0)
    journal.close()
    with pytest.raises(TransferError):
        journal.load("b0")
    again = journal_in(journal._file.path.parent)
    kept = [number for number in range(6) if again.load(f"b{number}") is not None]
    again.close()
    assert kept == [1, 2, 4, 5]


def test_making_a_journal_and_flushing_nothing_touch_no_disk(tmp_path: Path) -> None:
    journal = journal_in(tmp_path / "none")
    flush(journal)
    journal.close()
    assert not (tmp_path / "none").exists()
    assert _threads() == []


def test_a_flush_resolves_after_the_commit(
    journal: SqliteJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another connection sees at the very moment when the flush resolves."""
    gate = threading.Event()
    write = journal_changes.Changes.write

    def slow(self: journal_changes.Changes, connection: sqlite3.Connection, lost: set[str]) -> list[str]:
        gate.wait(LIMIT_S)
        return write(self, connection, lost)

    monkeypatch.setattr(journal_changes.Changes, "write", slow)

    async def scene() -> int:
        journal.open_batch(batch())
        journal.put_rows("b1", [row(0), row(1)])
        waiting = asyncio.ensure_future(journal.flush())
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        gate.set()
        await asyncio.wait_for(waiting, LIMIT_S)
        connection = sqlite3.connect(tmp_path / "journal.sqlite3")
        (count,) = connection.execute("SELECT count(*) FROM rows").fetchone()
        connection.close()
        return int(count)

    assert asyncio.run(scene()) == 2


def test_a_flush_waits_for_what_the_writer_has_in_hand(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()
    write = journal_changes.Changes.write

    def slow(self: journal_changes.Changes, connection: sqlite3.Connection, lost: set[str]) -> list[str]:
        entered.set()
        gate.wait(LIMIT_S)
        return write(self, connection, lost)

    monkeypatch.setattr(journal_changes.Changes, "write", slow)

    async def scene() -> None:
        journal.open_batch(batch())
        assert await asyncio.to_thread(entered.wait, LIMIT_S)
        waiting = asyncio.ensure_future(journal.flush())
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        gate.set()
        await asyncio.wait_for(waiting, LIMIT_S)

    asyncio.run(scene())
    assert journal.load("b1") == batch()


def test_recording_waits_for_no_disk(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    was_opened_in_time: list[bool] = []
    open_database = journal_file.open_database

    def stuck(path: Path) -> sqlite3.Connection:
        was_opened_in_time.append(gate.wait(5))
        return open_database(path)

    monkeypatch.setattr(journal_file, "open_database", stuck)
    journal.open_batch(batch())
    for index in range(1000):
        journal.put_rows("b1", [row(index)])
    gate.set()
    assert len(journal.rows("b1")) == 1000
    assert all(was_opened_in_time)


def test_what_is_not_written_yet_is_written_by_closing(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.open_batch(batch())
    journal.put_rows("b1", [row(0)])
    journal.close()
    journal.close()
    assert _threads() == []
    again = journal_in(tmp_path)
    assert again.rows("b1") == [row(0)]
    again.close()


def test_after_closing_records_are_dropped_flushes_resolve_and_reads_say_why(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.close()
    journal.open_batch(batch())
    flush(journal)
    with pytest.raises(TransferError, match="closed") as caught:
        journal.load("b1")
    assert caught.value.kind is ErrorKind.DISK
    assert not (tmp_path / "journal.sqlite3").exists()


def test_closing_ends_in_time_though_the_disk_hangs_and_leaves_no_flush_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()

    def stuck(path: Path) -> sqlite3.Connection:
        entered.set()
        gate.wait(LIMIT_S)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_file, "open_database", stuck)
    monkeypatch.setattr("app.disk.journal.CLOSE_LIMIT_S", 0.1)
    journal = journal_in(tmp_path)

    async def scene() -> None:
        journal.open_batch(batch())
        assert await asyncio.to_thread(entered.wait, LIMIT_S)
        journal.open_batch(batch("b2"))
        waiting = asyncio.ensure_future(journal.flush())
        await asyncio.sleep(0)
        journal.close()
        await asyncio.wait_for(waiting, LIMIT_S)

    asyncio.run(scene())
    gate.set()
    thread = journal._writer._thread
    assert thread is not None
    thread.join(LIMIT_S)
    assert not thread.is_alive()
