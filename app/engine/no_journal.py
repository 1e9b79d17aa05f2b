"""The journal of an engine that leaves nothing behind: a listing, a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.events import Outcome
from app.core.objects import ObjectInfo
from app.core.policy import BatchPolicy
from app.core.saved import Extent, SavedBatch, SavedPart, SavedRow


class NoJournal:
    """A Journal that records nothing."""

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

    def claim(self, batch_id: str) -> bool:
        """Nobody else can know of the batch."""
        return True

    def unfinished(self) -> tuple[SavedBatch, ...]:
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
