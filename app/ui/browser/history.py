"""The browser's way back and forward: a pure value with a place in it."""

from __future__ import annotations

from app.ui.browser.location import Location

LIMIT = 200


class History:
    """The visited locations and which of them is open."""

    def __init__(self) -> None:
        self._visited: list[Location] = []
        self._at = -1

    @property
    def current(self) -> Location | None:
        """The open location; None before the first visit."""
        return self._visited[self._at] if self._visited else None

    @property
    def can_go_back(self) -> bool:
        """True when there is an earlier location."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """True when `back` was taken and nothing else was visited since."""
        return self._at + 1 < len(self._visited)

    def visit(self, location: Location) -> None:
        """Open a location: what lay ahead is forgotten. Visiting the open one again changes nothing."""
        if location == self.current:
            return
        del self._visited[self._at + 1 :]
        self._visited.append(location)
        del self._visited[:-LIMIT]
        self._at = len(self._visited) - 1

    def amend(self, location: Location) -> None:
        """Put another location in the place of the open one."""
        self._visited[self._at] = location

    def back(self) -> Location | None:
        """Step back and tell where that is; None when there is nothing behind."""
        return self._step(-1) if self.can_go_back else None

    def forward(self) -> Location | None:
        """Step forward and tell where that is; None when there is nothing ahead."""
        return self._step(1) if self.can_go_forward else None

    def _step(self, by: int) -> Location:
        self._at += by
        return self._visited[self._at]
