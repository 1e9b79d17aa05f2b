"""The main thread's copy of the ledger: what the models look up. Main thread only; Qt-free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.core.events import BatchSnapshot, ChangeSet, RowSeed, RowSnapshot

Span = tuple[int, int]
"""First and last row index, both included."""

_QUEUED = RowSnapshot()


@dataclass(slots=True)
class _BatchRows:
    snapshot: BatchSnapshot | None = None
    seeds: list[RowSeed] = field(default_factory=list)
    rows: list[RowSnapshot] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one change set touched, by batch id: rows that came (first, count), rows that changed, batches."""

    added: tuple[tuple[str, int, int], ...]
    changed: dict[str, list[Span]]
    new_batches: tuple[str, ...]
    batches: tuple[str, ...]


class Mirror:
    """Every batch and row the window knows, newest batch last."""

    def __init__(self) -> None:
        self._batches: dict[str, _BatchRows] = {}

    def batch_ids(self) -> tuple[str, ...]:
        """The batches in the order they were started."""
        return tuple(self._batches)

    def batch(self, batch_id: str) -> BatchSnapshot:
        """The newest snapshot of a batch. Raises KeyError for an id never announced."""
        snapshot = self._batches[batch_id].snapshot
        if snapshot is None:
            raise KeyError(batch_id)
        return snapshot

    def row_count(self, batch_id: str) -> int:
        """How many rows of the batch are here."""
        return len(self._batches[batch_id].rows)

    def seed(self, batch_id: str, index: int) -> RowSeed:
        """The fixed half of a row."""
        return self._batches[batch_id].seeds[index]

    def row(self, batch_id: str, index: int) -> RowSnapshot:
        """The changing half of a row."""
        return self._batches[batch_id].rows[index]

    def rows(self, batch_id: str) -> Sequence[RowSnapshot]:
        """All rows of a batch, by index; not to be changed."""
        return self._batches[batch_id].rows

    def apply(self, changes: ChangeSet) -> Applied:
        """Take a change set in and tell what it touched."""
        new_batches: list[str] = []
        for snapshot in changes.batches:
            held = self._batches.setdefault(snapshot.batch_id, _BatchRows())
            if held.snapshot is None:
                new_batches.append(snapshot.batch_id)
            held.snapshot = snapshot
        added = []
        for rows in changes.added:
            held = self._batches.setdefault(rows.batch_id, _BatchRows())
            added.append((rows.batch_id, rows.first, len(rows.seeds)))
            held.seeds.extend(rows.seeds)
            held.rows.extend([_QUEUED] * len(rows.seeds))
        touched: dict[str, list[Span]] = {}
        for span in changes.spans:
            held = self._batches[span.batch_id]
            held.rows[span.first : span.last + 1] = [span.row] * (span.last - span.first + 1)
            touched.setdefault(span.batch_id, []).append((span.first, span.last))
        for batch_id, index, row in changes.rows:
            self._batches[batch_id].rows[index] = row
            touched.setdefault(batch_id, []).append((index, index))
        return Applied(
            added=tuple(added),
            changed={batch_id: merged(spans) for batch_id, spans in touched.items()},
            new_batches=tuple(new_batches),
            batches=tuple(snapshot.batch_id for snapshot in changes.batches),
        )


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, with those that touch or overlap made one."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
