"""The journal as the engine sees it, and the one that records nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from app.core.events import Outcome
from app.core.objects import ObjectInfo
from app.core.policy import BatchPolicy
from app.core.saved import Extent, PastBatch, SavedBatch, SavedPart, SavedRow


class Journal(Protocol):
    """What survives a restart and a kill: batches, their rows, and what their part files hold.

    The recording methods, for the loop's thread, return at once, raise nothing, and are carried out in order
    within a fraction of a second. A journal that cannot be written says so once and lets the downloads go on.
    """

    @property
    def message(self) -> str:
        """Why nothing that is recorded will be there at the next start; empty when all is well."""

    def open_batch(self, batch: SavedBatch) -> None:
        """Begin the record of a batch, or replace that of an earlier run; its rows stay."""

    def set_listing(self, batch_id: str, last_key: str, *, is_complete: bool) -> None:
        """How far the batch has been listed; recorded after the rows that came with it."""

    def set_policy(self, batch_id: str, policy: BatchPolicy) -> None:
        """The policy in force has changed."""

    def end_batch(self, batch_id: str, outcome: Outcome, finished_at: float) -> None:
        """The run has ended; every row that ended before is on record when this is."""

    def put_rows(self, batch_id: str, rows: Sequence[SavedRow]) -> None:
        """Add rows, or replace those of the same index."""

    def open_part(self, batch_id: str, part: SavedPart) -> None:
        """A part file begins; replaces what was known of the row's earlier one."""

    def put_extent(self, batch_id: str, index: int, extent: Extent) -> None:
        """Bytes have been written to the row's part file; replaces the extent of the same `first`."""

    def drop_part(self, batch_id: str, index: int) -> None:
        """The row's part file is gone: published or removed."""

    async def flush(self) -> None:
        """Wait until all that was recorded so far survives a kill. Raises nothing."""

    def claim(self, batch_id: str) -> bool:
        """Take the batch for this process until `close` or its end; False when another one works on it.

        Blocks, as every method below; any thread. They raise TransferError(DISK).
        """

    def unfinished(self) -> tuple[SavedBatch, ...]:
        """Batches of which something is left to do and that no other process has, newest first."""

    def history(self, limit: int) -> tuple[PastBatch, ...]:
        """The newest `limit` batches, newest first, whatever became of them."""

    def load(self, batch_id: str) -> SavedBatch | None:
        """One batch by its id."""

    def rows(self, batch_id: str) -> Sequence[SavedRow]:
        """The rows of a batch by index."""

    def parts(self, batch_id: str) -> Sequence[SavedPart]:
        """The part files of a batch by index."""

    def published(self, destination: str, path: str) -> ObjectInfo | None:
        """The object that was last published as `path` below the folder `destination`, None for none."""

    def forget(self, batch_ids: Iterable[str]) -> None:
        """Drop the records of batches."""

    def close(self) -> None:
        """Write what is left, let go of every claim. Idempotent."""


class NoJournal:
    """A Journal that records nothing: for a listing and a dry run, which leave nothing behind."""

    message = "Nothing is recorded."

    def open_batch(self, batch: SavedBatch) -> None:
        """Nothing."""

    def set_listing(self, batch_id: str, last_key: str, *, is_complete: bool) -> None:
        """Nothing."""

    def set_policy(self, batch_id: str, policy: BatchPolicy) -> None:
        """Nothing."""

    def end_batch(self, batch_id: str, outcome: Outcome, finished_at: float) -> None:
        """Nothing."""

    def put_rows(self, batch_id: str, rows: Sequence[SavedRow]) -> None:
        """Nothing."""

    def open_part(self, batch_id: str, part: SavedPart) -> None:
        """Nothing."""

    def put_extent(self, batch_id: str, index: int, extent: Extent) -> None:
        """Nothing."""

    def drop_part(self, batch_id: str, index: int) -> None:
        """Nothing."""

    async def flush(self) -> None:
        """Nothing to wait for."""

    def claim(self, batch_id: str) -> bool:
        """Nobody else can know of the batch."""
        return True

    def unfinished(self) -> tuple[SavedBatch, ...]:
        """None."""
        return ()

    def history(self, limit: int) -> tuple[PastBatch, ...]:
        """None."""
        return ()

    def load(self, batch_id: str) -> SavedBatch | None:
        """None."""
        return None

    def rows(self, batch_id: str) -> Sequence[SavedRow]:
        """None."""
        return ()

    def parts(self, batch_id: str) -> Sequence[SavedPart]:
        """None."""
        return ()

    def published(self, destination: str, path: str) -> ObjectInfo | None:
        """None."""
        return None

    def forget(self, batch_ids: Iterable[str]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
