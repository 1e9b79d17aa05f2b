"""The current connection: being made, made or failed, and its buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.core.errors import ErrorRecord
from app.core.objects import Bucket, ConnectionInfo, ConnectionSpec
from app.ui.browser.location import Location

if TYPE_CHECKING:
    from app.bridge.bridge import EngineBridge

DEMO_LABEL = "the demo bucket"


class ConnectionController(QObject):
    """Asks the bridge for one connection at a time; an answer to an older question is dropped."""

    connecting = Signal(str)  # label
    connected = Signal(object, object)  # ConnectionInfo, Location or None: where to start
    failed = Signal(str, object)  # label, ErrorRecord
    buckets_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.info: ConnectionInfo | None = None
        self.buckets: tuple[Bucket, ...] = ()
        self.buckets_error: ErrorRecord | None = None
        self.is_loading_buckets = False
        self._bridge = bridge
        self._spec: ConnectionSpec | None = None  # None: the demo
        self._start: Location | None = None
        self._label = ""
        self._token = 0
        self._buckets_token = 0
        bridge.connected.connect(self._take_connection)
        bridge.connect_failed.connect(self._take_failure)
        bridge.buckets_listed.connect(self._take_buckets)
        bridge.buckets_failed.connect(self._take_buckets_failure)

    @property
    def last_spec(self) -> ConnectionSpec | None:
        """What was asked for last, with its typed keys; None for the demo or nothing."""
        return self._spec

    @property
    def start(self) -> Location | None:
        """Where the connection that was asked for last begins."""
        return self._start

    def connect_to(
        self, spec: ConnectionSpec, start: Location | None = None, *, keep_current: bool = False
    ) -> None:
        """Make a connection, then open `start`.

        With `keep_current` the connection that stands is left only when the new one is made.
        """
        self._begin(spec, spec.label, start, keep_current)
        self._token = self._bridge.connect_to(spec)

    def connect_demo(self, start: Location | None = None) -> None:
        """Start the demo and open `start`."""
        self._begin(None, DEMO_LABEL, start)
        self._token = self._bridge.connect_demo()

    def reconnect(self) -> None:
        """Ask for the last connection once more."""
        if self._spec is None:
            self.connect_demo(self._start)
        else:
            self.connect_to(self._spec, self._start)

    def list_buckets(self) -> None:
        """Ask for the buckets of the connection that stands."""
        if self.info is not None:
            self.buckets_error = None
            self.is_loading_buckets = True
            self._buckets_token = self._bridge.list_buckets()
            self.buckets_changed.emit()

    def _begin(
        self, spec: ConnectionSpec | None, label: str, start: Location | None, keep_current: bool = False
    ) -> None:
        self._spec, self._label, self._start = spec, label, start
        if not keep_current:
            self.info = None
            self._forget_buckets()
            self.connecting.emit(label)

    def _forget_buckets(self) -> None:
        self.buckets, self.buckets_error = (), None
        self.is_loading_buckets = False
        self._buckets_token = 0
        self.buckets_changed.emit()

    @Slot(int, object)
    def _take_connection(self, token: int, info: ConnectionInfo) -> None:
        if token == self._token:
            self._token = 0
            self.info = info
            self._forget_buckets()
            self.connected.emit(info, self._start)
            self.list_buckets()

    @Slot(int, object)
    def _take_failure(self, token: int, error: ErrorRecord) -> None:
        if token == self._token:
            self._token = 0
            self.failed.emit(self._label, error)

    @Slot(int, object)
    def _take_buckets(self, token: int, buckets: tuple[Bucket, ...]) -> None:
        if token == self._buckets_token:
            self.buckets, self.is_loading_buckets = buckets, False
            self.buckets_changed.emit()

    @Slot(int, object)
    def _take_buckets_failure(self, token: int, error: ErrorRecord) -> None:
        if token == self._buckets_token:
            self.buckets_error, self.is_loading_buckets = error, False
            self.buckets_changed.emit()
