"""What the browser looks at: the open location, its listing, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.bridge.right_of_way import right_of_way
from app.core.errors import ErrorRecord
from app.core.objects import ListingPage
from app.ui.browser.bookmark import Bookmark
from app.ui.browser.filtering import RowFilter
from app.ui.browser.history import History
from app.ui.browser.location import DELIMITER, Location
from app.ui.browser.model import ObjectTableModel
from app.ui.browser.search import Search, Sifted

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge


FIRST_ROWS = 200
FIRST_FLUSH_MS, FLUSH_MS = 50, 200
"""Rows that come within this time are shown together; the first ones, which fill the screen, sooner."""


class BrowserPhase(Enum):
    """What the middle of the window has to say."""

    NO_CONNECTION = "no connection"
    CONNECTING = "connecting"
    CONNECT_FAILED = "connect failed"
    NO_BUCKET = "no bucket"
    LOADING = "loading"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


_WITHOUT_CONNECTION = frozenset(
    {BrowserPhase.NO_CONNECTION, BrowserPhase.CONNECTING, BrowserPhase.CONNECT_FAILED}
)


class BrowserSession(QObject):
    """Owns the listing that fills the model; pages of an older listing are dropped."""

    moved = Signal()  # another location is open, or none
    changed = Signal()  # the phase or the number of rows
    relisting = Signal()  # before the same location is listed again
    object_named = Signal(str)  # the key that was opened like a folder; its folder is listed now

    def __init__(
        self, bridge: EngineBridge, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self.model = ObjectTableModel(self)
        self.phase = BrowserPhase.NO_CONNECTION
        self.error: ErrorRecord | None = None
        self.connection_label = ""
        self.is_demo = False
        self._bridge = bridge
        self._clock = clock
        self._history = History()
        self._token = 0
        self.search: Search | None = None
        self._bookmark = Bookmark()
        self._named = ""
        self._started_at, self._started_with = 0.0, 0
        self._flush = QTimer(self)
        self._flush.setSingleShot(True)
        self._flush.timeout.connect(self._show_what_came)
        bridge.listing_page.connect(self._take_page)
        bridge.listing_finished.connect(self._finish)

    # Where it stands

    @property
    def location(self) -> Location | None:
        """The open location."""
        return self._history.current

    @property
    def has_connection(self) -> bool:
        """True when a location could be opened."""
        return self.phase not in _WITHOUT_CONNECTION

    @property
    def is_loading(self) -> bool:
        """True while rows may still come."""
        return self.phase is BrowserPhase.LOADING

    @property
    def is_whole(self) -> bool:
        """True when all that there is at the open location is here."""
        return self.phase is BrowserPhase.COMPLETE and self.search is None

    @property
    def can_go_back(self) -> bool:
        """True when there is an earlier location."""
        return self._history.can_go_back

    @property
    def can_go_forward(self) -> bool:
        """True when `go_back` was used and nothing else was opened since."""
        return self._history.can_go_forward

    @property
    def can_go_up(self) -> bool:
        """True below the top of a bucket."""
        return self.location is not None and self.location.parent is not None

    @property
    def looked_count(self) -> int:
        """Rows that came, or in a search objects that were looked at."""
        return self.search.looked_count if self.search else self.model.total_count

    @property
    def rows_per_s(self) -> float:
        """How fast rows come since loading began or went on; 0 in its first moment."""
        elapsed_s = self._clock() - self._started_at
        return (self.looked_count - self._started_with) / elapsed_s if elapsed_s > 0.2 else 0.0

    @property
    def can_go_on(self) -> bool:
        """True when loading ended early and can go on behind what came."""
        ended_early = self.phase in (BrowserPhase.STOPPED, BrowserPhase.FAILED)
        return ended_early and self.location is not None and bool(self._bookmark.name)

    # The connection's part

    def show_connecting(self, label: str) -> None:
        """Forget what was open: a connection called `label` is being made."""
        self._forget(BrowserPhase.CONNECTING, label)

    def show_connect_failed(self, label: str, error: ErrorRecord) -> None:
        """The connection could not be made."""
        self._forget(BrowserPhase.CONNECT_FAILED, label)
        self.error = error
        self.changed.emit()

    def show_connected(self, label: str, *, is_demo: bool = False) -> None:
        """A connection stands; no bucket is open yet."""
        self.is_demo = is_demo
        self._forget(BrowserPhase.NO_BUCKET, label)

    # Commands

    def open(self, location: Location, *, is_folder: bool = True) -> None:
        """Open a location and list it.

        When it need not be a folder and there is nothing below it, the folder around it is opened instead:
        then it was an object's name, which `object_named` tells.
        """
        self._history.visit(location)
        self._list()
        self._named = "" if is_folder else location.prefix.removesuffix(DELIMITER)

    def go_back(self) -> None:
        """Open the location before this one."""
        if self._history.back():
            self._list()

    def go_forward(self) -> None:
        """Open the location that `go_back` left."""
        if self._history.forward():
            self._list()

    def go_up(self) -> None:
        """Open the folder around this one."""
        if self.location is not None and self.location.parent is not None:
            self.open(self.location.parent)

    def reload(self) -> None:
        """List the open location again, or search it again."""
        if self.location is not None:
            self.relisting.emit()
            self._list(self.search and Search(self.search.text, self.search.row_filter, self.location.prefix))

    def find(self, text: str, row_filter: RowFilter) -> None:
        """Look for what matches in everything below the open location."""
        if self.location is not None:
            self._list(Search(text, row_filter, self.location.prefix))

    def leave_search(self) -> None:
        """Show the open location again."""
        if self.search is not None:
            self._list()

    def stop_loading(self) -> None:
        """Keep the rows that came and ask for no more."""
        if self.phase is BrowserPhase.LOADING:
            self._drop_listing()
            self._show_what_came(is_last=True)
            self._enter(BrowserPhase.STOPPED)

    def go_on(self) -> None:
        """Load what comes behind the rows that are here."""
        if self.can_go_on:
            self._ask(self._bookmark.name)
            self.changed.emit()

    # Inside

    def _list(self, search: Search | None = None) -> None:
        assert self.location is not None
        self._drop_listing()
        self.model.clear(self.location.prefix)
        self.search = search
        self._named = ""
        self._bookmark = Bookmark()
        self._ask("")
        self.moved.emit()
        self.changed.emit()

    def _ask(self, after: str) -> None:
        location = self.location
        assert location is not None
        self.error = None
        self.phase = BrowserPhase.LOADING
        self._started_at, self._started_with = self._clock(), self.looked_count
        sift = self.search.sift if self.search else None
        self._token = self._bridge.list_prefix(location.bucket, location.prefix, after=after, sift=sift)

    def _forget(self, phase: BrowserPhase, label: str) -> None:
        self._drop_listing()
        self._history = History()
        self.search = None
        self.model.clear("")
        self.error = None
        self.connection_label = label
        self.phase = phase
        self.moved.emit()
        self.changed.emit()

    def _drop_listing(self) -> None:
        self._flush.stop()
        if self._token:
            self._bridge.cancel_listing(self._token)
            self._token = 0

    def _enter(self, phase: BrowserPhase) -> None:
        self.phase = phase
        self.changed.emit()

    @Slot(int, object)
    def _take_page(self, token: int, came: ListingPage | Sifted) -> None:
        if token != self._token:
            return
        page, rows = (came.page, came.matches) if isinstance(came, Sifted) else (came, came)
        with right_of_way():
            self._bookmark.move(page)
            self.model.hold(rows)
        if self.search:
            self.search.looked_count += len(page.objects)
        if self.model.total_count and self.model.shown_count == 0:
            self._show_what_came()
        elif not self._flush.isActive():
            self._flush.start(FIRST_FLUSH_MS if self.model.shown_count < FIRST_ROWS else FLUSH_MS)

    @Slot()
    def _show_what_came(self, *, is_last: bool = False) -> None:
        self._flush.stop()
        self.model.catch_up(is_last=is_last)
        self.changed.emit()

    @Slot(int, object)
    def _finish(self, token: int, error: ErrorRecord | None) -> None:
        if token == self._token:
            self._token = 0
            self.error = error
            self._show_what_came(is_last=True)
            self._enter(BrowserPhase.FAILED if error else BrowserPhase.COMPLETE)
            self._open_around_named()

    def _open_around_named(self) -> None:
        named, self._named = self._named, ""
        around = self.location and self.location.parent
        if named and around and self.phase is BrowserPhase.COMPLETE and not self.model.total_count:
            self._history.amend(around)
            self._list()
            self.object_named.emit(named)
