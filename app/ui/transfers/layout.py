"""Where each batch and row stands in the flat table: lines to places and back."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from app.ui.transfers.section import Section


@dataclass(frozen=True, slots=True)
class Place:
    """What a line of the table shows: a row of a batch, or (index None) the batch itself."""

    batch_id: str
    index: int | None


class Layout:
    """The sections in the order their batches were started. `measure` after a section's height changed."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.height = 0
        self._numbers: dict[str, int] = {}
        self._starts: list[int] = []
        self._shown: list[Section] = []
        self._shown_starts: list[int] = []

    def add(self, section: Section) -> None:
        """Put a batch at the end."""
        self._numbers[section.batch_id] = len(self.sections)
        self.sections.append(section)
        self.measure()

    def measure(self) -> None:
        """Take the heights of all sections anew."""
        self.height = 0
        self._starts, self._shown, self._shown_starts = [], [], []
        for section in self.sections:
            self._starts.append(self.height)
            if section.has_header:
                self._shown.append(section)
                self._shown_starts.append(self.height)
                self.height += section.height

    def section(self, batch_id: str) -> Section:
        """The section of a batch. Raises KeyError for one never added."""
        return self.sections[self._numbers[batch_id]]

    def start(self, section: Section) -> int:
        """The line of a section's header, or where it would be."""
        return self._starts[self._numbers[section.batch_id]]

    def at(self, position: int) -> tuple[Section, int | None]:
        """The section of a line, and the row there: None for the header."""
        number = bisect_right(self._shown_starts, position) - 1
        section = self._shown[number]
        offset = position - self._shown_starts[number] - 1
        return section, None if offset < 0 else section.index_at(offset)

    def position(self, batch_id: str, index: int | None) -> int | None:
        """The line of a row, or of a batch; None when the filter or a fold hides it."""
        section = self.section(batch_id)
        if not section.has_header:
            return None
        if index is None:
            return self.start(section)
        offset = section.offset_of(index) if section.is_unfolded else None
        return None if offset is None else self.start(section) + 1 + offset
