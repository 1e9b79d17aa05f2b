"""What is to be recorded in one transaction: the last word on each row, and writing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.core.events import Outcome
from app.core.policy import BatchPolicy
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow
from app.disk.journal_faults import strictly
from app.disk.journal_packing import packed, sealed, unsealed
from app.disk.journal_schema import SOMETHING_LEFT
from app.disk.journal_values import (
    BATCH_COLUMNS,
    ROW_COLUMNS,
    BatchLine,
    extent_values,
    line_of,
    part_values,
    policy_text,
    row_values,
    sources_text,
)

KEPT_BATCHES = 200
_Spot = tuple[str, int]
_EXTENT_SQL = (
    "INSERT OR REPLACE INTO extents SELECT ?1, ?2, ?3, ?4, ?5, ?6"
    " WHERE EXISTS (SELECT 1 FROM parts WHERE batch = ?1 AND idx = ?2)"
)


class Changes:
    """Changes in the order in which they were recorded, made one where they concern the same thing."""

    def __init__(self) -> None:
        self._forgotten: dict[str, None] = {}
        self._opened: dict[str, SavedBatch] = {}
        self._edits: dict[str, dict[str, Any]] = {}
        self._rows: dict[_Spot, SavedRow] = {}
        self._parts: dict[_Spot, SavedPart | None] = {}
        self._extents: dict[_Spot, dict[int, Extent]] = {}
        self.ended: list[tuple[str, object]] = []

    def open_batch(self, batch: SavedBatch) -> None:
        self._opened[batch.batch_id] = batch
        self._edits.pop(batch.batch_id, None)

    def edit_batch(self, batch_id: str, **columns: Any) -> None:
        self._edits.setdefault(batch_id, {}).update(columns)

    def set_policy(self, batch_id: str, policy: BatchPolicy) -> None:
        self.edit_batch(batch_id, policy=policy_text(policy))

    def end_batch(self, batch_id: str, outcome: Outcome, finished_at: float, token: object) -> None:
        self.edit_batch(batch_id, outcome=outcome.value, finished_at=finished_at)
        self.ended.append((batch_id, token))

    def put_rows(self, batch_id: str, rows: Sequence[SavedRow]) -> None:
        for row in rows:
            # To the end: the order of the rows is the order in which they were published.
            self._rows.pop((batch_id, row.index), None)
            self._rows[batch_id, row.index] = row

    def open_part(self, batch_id: str, part: SavedPart) -> None:
        spot = batch_id, part.index
        self._parts[spot] = part
        self._extents[spot] = {extent.first: extent for extent in part.extents}

    def put_extent(self, batch_id: str, index: int, extent: Extent) -> None:
        self._extents.setdefault((batch_id, index), {})[extent.first] = extent

    def drop_part(self, batch_id: str, index: int) -> None:
        self._parts[batch_id, index] = None
        self._extents.pop((batch_id, index), None)

    def forget(self, batch_ids: Iterable[str]) -> None:
        for batch_id in batch_ids:
            self._forgotten[batch_id] = None
            self._opened.pop(batch_id, None)
            self._edits.pop(batch_id, None)
            for table in (self._rows, self._parts, self._extents):
                for spot in [spot for spot in table if spot[0] == batch_id]:
                    del table[spot]

    def write(self, connection: sqlite3.Connection, lost: set[str]) -> list[str]:
        """Write all in one transaction; returns the batches that are on record by it.

        What is about a batch that is not on record, or is `lost`, is dropped.
        """
        connection.execute("BEGIN IMMEDIATE")
        for batch_id in self._forgotten:
            number = _number_of(connection, batch_id)
            if number is not None:
                delete_batch(connection, number)
        opened = [batch for batch in self._opened.values() if batch.batch_id not in lost]
        for batch in opened:
            _write_batch(connection, batch)
        for batch_id, columns in self._edits.items():
            _edit_batch(connection, batch_id, columns)
        concerned = {spot[0] for table in (self._rows, self._parts, self._extents) for spot in table}
        numbers = {
            batch_id: number
            for batch_id in concerned
            if (number := _number_of(connection, batch_id)) is not None
        }
        self._write_rows(connection, numbers)
        self._write_parts(connection, numbers)
        connection.execute("COMMIT")
        return [batch.batch_id for batch in opened] + list(numbers)

    def _write_rows(self, connection: sqlite3.Connection, numbers: dict[str, int]) -> None:
        rows = [(numbers[batch_id], row) for (batch_id, _), row in self._rows.items() if batch_id in numbers]
        if not rows:
            return
        found = connection.execute("SELECT value FROM counters WHERE name = 'seq'").fetchone()
        first = (found[0] if found else 0) + 1
        connection.executemany(
            f"INSERT OR REPLACE INTO rows ({ROW_COLUMNS}) VALUES ({_marks(15)})",
            (row_values(number, seq, row) for seq, (number, row) in enumerate(rows, first)),
        )
        connection.execute("INSERT OR REPLACE INTO counters VALUES ('seq', ?)", (first + len(rows) - 1,))

    def _write_parts(self, connection: sqlite3.Connection, numbers: dict[str, int]) -> None:
        parts = [
            (numbers[batch_id], index, part)
            for (batch_id, index), part in self._parts.items()
            if batch_id in numbers
        ]
        spots = [(number, index) for number, index, _ in parts]
        connection.executemany("DELETE FROM parts WHERE batch = ? AND idx = ?", spots)
        connection.executemany("DELETE FROM extents WHERE batch = ? AND idx = ?", spots)
        connection.executemany(
            f"INSERT INTO parts VALUES ({_marks(8)})",
            (part_values(number, part) for number, _, part in parts if part is not None),
        )
        connection.executemany(
            _EXTENT_SQL,
            (
                extent_values(numbers[batch_id], index, extent)
                for (batch_id, index), extents in self._extents.items()
                if batch_id in numbers
                for extent in extents.values()
            ),
        )


def drop_old(connection: sqlite3.Connection, take: Callable[[str], bool]) -> list[str]:
    """Drop the batches beyond the newest 200 of which nothing is left to do, and that `take` allows.

    One transaction each, because a large batch takes seconds. Returns the batches that were dropped.
    """
    old = connection.execute(
        "SELECT number, batch_id FROM (SELECT * FROM batches ORDER BY started_at DESC, number DESC"
        f" LIMIT -1 OFFSET {KEPT_BATCHES}) AS batches"
        f" WHERE outcome = '{Outcome.DONE.value}' OR NOT {SOMETHING_LEFT}"
    ).fetchall()
    dropped = []
    for number, packed_id in old:
        with strictly():
            batch_id = packed_id.decode("utf-8", "surrogatepass")
        if take(batch_id):
            connection.execute("BEGIN IMMEDIATE")
            delete_batch(connection, number)
            connection.execute("COMMIT")
            dropped.append(batch_id)
    return dropped


def delete_batch(connection: sqlite3.Connection, number: int) -> None:
    """Delete every row of a batch, within a transaction."""
    for table in ("rows", "parts", "extents", "sources"):
        connection.execute(f"DELETE FROM {table} WHERE batch = ?", (number,))
    connection.execute("DELETE FROM batches WHERE number = ?", (number,))


def _write_batch(connection: sqlite3.Connection, batch: SavedBatch) -> None:
    number = _number_of(connection, batch.batch_id)
    if number is None:
        (number,) = connection.execute("SELECT ifnull(max(number), 0) + 1 FROM batches").fetchone()
    _write_line(connection, line_of(batch, number))
    sources = sealed((number, sources_text(batch.sources)))
    connection.execute(f"INSERT OR REPLACE INTO sources VALUES ({_marks(3)})", sources)


def _edit_batch(connection: sqlite3.Connection, batch_id: str, columns: dict[str, Any]) -> None:
    found = connection.execute(
        f"SELECT {BATCH_COLUMNS}, seal FROM batches WHERE batch_id = ?", (packed(batch_id),)
    ).fetchone()
    if found is not None:
        with strictly():
            line = BatchLine(*unsealed(found))
        _write_line(connection, line._replace(**columns))


def _write_line(connection: sqlite3.Connection, line: BatchLine) -> None:
    connection.execute(
        f"INSERT OR REPLACE INTO batches ({BATCH_COLUMNS}, seal) VALUES ({_marks(11)})", sealed(line)
    )


def _number_of(connection: sqlite3.Connection, batch_id: str) -> int | None:
    found = connection.execute(
        "SELECT number FROM batches WHERE batch_id = ?", (packed(batch_id),)
    ).fetchone()
    return None if found is None else int(found[0])


def _marks(count: int) -> str:
    return ", ".join("?" * count)
