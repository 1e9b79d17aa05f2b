"""How far a listing has come, so that it can be gone on with. No Qt."""

from __future__ import annotations

from app.core.objects import ListingPage


class Bookmark:
    """The last name of a listing whose pages ascend, as S3's do; a name is a key or a folder's prefix."""

    def __init__(self) -> None:
        self._last = ""
        self._ascends = True

    @property
    def name(self) -> str:
        """The name to go on behind; empty where a listing would begin anew or cannot be gone on with."""
        return self._last if self._ascends else ""

    def move(self, page: ListingPage) -> None:
        """Note a page that has come."""
        for names in (page.objects.keys, page.prefixes):
            self._ascends = self._ascends and (not names or min(names) > self._last)
        ends = [max(names) for names in (page.objects.keys, page.prefixes) if names]
        self._last = max(self._last, *ends) if ends else self._last
