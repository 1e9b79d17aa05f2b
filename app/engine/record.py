"""What the journal is told of one batch, and asked about it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from app.core.errors import ErrorKind, TransferError
from app.core.events import Outcome
from app.core.objects import ObjectInfo
from app.core.policy import BatchPolicy
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow
from app.core.states import State
from app.engine.journal import Journal
from app.engine.ports import Offload
from app.engine.row import Row

_RECORDED = frozenset({State.DONE, State.SKIPPED, State.FAILED})
"""Ends that another start of the program must know; every other row is to be done again."""

log = logging.getLogger(__name__)


class BatchRecord:
    """One batch's page in the journal. Loop only; what is not awaited returns at once and raises nothing."""

    def __init__(self, journal: Journal, offload: Offload, about: SavedBatch) -> None:
        """`about` is the batch as it is ordered, or as an earlier start of the program left it."""
        self._journal = journal
        self._offload = offload
        self._about = about
        self._open_parts: dict[int, str] = {}
        self._is_ours = False

    @property
    def is_lasting(self) -> bool:
        """True while another start of the program can go on from the record."""
        return not self._journal.message

    async def claim(self) -> None:
        """Take the batch for this process. Raises TransferError when another one has it."""
        batch_id = self._about.batch_id
        try:
            self._is_ours = await self._offload(lambda: self._journal.claim(batch_id))
        except TransferError as error:
            log.warning("%s The batch goes on without a lock.", error.message)
            self._is_ours = True
        if not self._is_ours:
            raise TransferError(
                ErrorKind.USAGE,
                f"Another Downspout is at work on the batch {batch_id}. Wait for its end, or close it.",
            )

    def begin(self, policy: BatchPolicy, last_key: str, *, is_listing_complete: bool) -> None:
        """A run of the batch begins, the first one or another."""
        self._journal.open_batch(
            replace(
                self._about,
                policy=policy,
                last_key=last_key,
                is_listing_complete=is_listing_complete,
                finished_at=None,
                outcome=None,
            )
        )

    def put(self, rows: Iterable[Row]) -> None:
        """Record rows as they are."""
        self._journal.put_rows(self._about.batch_id, [_saved(row) for row in rows])

    async def flush(self) -> None:
        """Wait until all of it survives a kill: part files are made of rows that another start knows."""
        await self._journal.flush()

    def moved(self, row: Row) -> None:
        """A row has changed its state."""
        if row.state in _RECORDED:
            self.put((row,))

    def listed(self, last_key: str, *, is_complete: bool) -> None:
        """How far the batch has been listed, after the rows that came with it."""
        self._journal.set_listing(self._about.batch_id, last_key, is_complete=is_complete)

    def changed_policy(self, policy: BatchPolicy) -> None:
        """The policy in force has changed."""
        self._journal.set_policy(self._about.batch_id, policy)

    def end(self, outcome: Outcome, at: float) -> None:
        """The run has ended, at `at` seconds since the epoch; lets go of the claim."""
        if self._is_ours:
            self._is_ours = False
            self._journal.end_batch(self._about.batch_id, outcome, at)

    def open_part(self, part: SavedPart) -> None:
        """The row's part file and all that it holds."""
        self._open_parts[part.index] = part.name
        self._journal.open_part(self._about.batch_id, part)

    def put_extent(self, index: int, part_name: str, extent: Extent) -> None:
        """The row's part file holds more; nothing when it is no longer the one on record."""
        if self._open_parts.get(index) == part_name:
            self._journal.put_extent(self._about.batch_id, index, extent)

    def drop_part(self, index: int, part_name: str) -> None:
        """The row's part file is gone; nothing when it is not the one on record."""
        if self._open_parts.get(index) == part_name:
            del self._open_parts[index]
            self._journal.drop_part(self._about.batch_id, index)

    async def published(self, destination: str, path: str) -> ObjectInfo | None:
        """The object that was last published as `path` below `destination`, by any batch, None for none."""
        try:
            return await self._offload(lambda: self._journal.published(destination, path))
        except TransferError as error:
            log.warning("%s", error.message)
            return None


def _saved(row: Row) -> SavedRow:
    return SavedRow(row.index, row.item, row.state, row.attempt, row.tries, row.verified, row.note, row.error)
