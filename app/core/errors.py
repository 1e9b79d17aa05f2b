"""The one error type above the borders, its kinds, and what each kind means for retry and stop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.core.redaction import redacted

MAX_SERVER_TEXT = 300
"""Characters of a server's own message that are shown."""


class ErrorKind(Enum):
    """Why something failed. Policy hangs on the kind, never on a message."""

    # The server's own verdict on one object.
    ACCESS_DENIED = "access_denied"
    NOT_FOUND = "not_found"
    CHANGED = "changed"
    ARCHIVED = "archived"
    REFUSED = "refused"
    # They would fail every file in turn.
    NO_CREDENTIALS = "no_credentials"
    EXPIRED_CREDENTIALS = "expired_credentials"
    BAD_CREDENTIALS = "bad_credentials"
    CLOCK_SKEW = "clock_skew"
    NO_SUCH_BUCKET = "no_such_bucket"
    WRONG_ENDPOINT = "wrong_endpoint"
    HOST_NOT_FOUND = "host_not_found"
    CONNECTION_REFUSED = "connection_refused"
    TLS_UNTRUSTED = "tls_untrusted"
    DISK_FULL = "disk_full"
    TARGET_UNWRITABLE = "target_unwritable"
    TOO_MANY_FILES = "too_many_files"
    # The way there: worth another try.
    NETWORK = "network"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    SHORT_BODY = "short_body"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    # What came is not what was asked for.
    PROTOCOL = "protocol"
    CHECKSUM = "checksum"
    UNVERIFIED = "unverified"
    LISTING = "listing"
    # This machine, this file.
    DISK = "disk"
    BLOCKED = "blocked"
    EXISTS = "exists"
    # Ours, or the caller's.
    USAGE = "usage"
    INTERNAL = "internal"

    @property
    def is_retryable(self) -> bool:
        """True when another try of the same request may succeed."""
        return self in _RETRYABLE

    @property
    def is_systemic(self) -> bool:
        """True when the same cause would fail every file of the batch: it ends the batch in every mode."""
        return self in _SYSTEMIC

    @property
    def is_network_gone(self) -> bool:
        """True when nothing answers where a server has answered before: the network may come back."""
        return self in _NETWORK_GONE

    @property
    def is_transport(self) -> bool:
        """True when the connection failed: after a stop that is the file's cancellation, not a verdict."""
        return self in _TRANSPORT


_RETRYABLE = frozenset(
    {
        ErrorKind.NETWORK,
        ErrorKind.TIMEOUT,
        ErrorKind.SHORT_BODY,
        ErrorKind.THROTTLED,
        ErrorKind.SERVER_ERROR,
        ErrorKind.CONNECTION_REFUSED,
        ErrorKind.UNREACHABLE,
    }
)
_SYSTEMIC = frozenset(
    {
        ErrorKind.NO_CREDENTIALS,
        ErrorKind.EXPIRED_CREDENTIALS,
        ErrorKind.BAD_CREDENTIALS,
        ErrorKind.CLOCK_SKEW,
        ErrorKind.NO_SUCH_BUCKET,
        ErrorKind.WRONG_ENDPOINT,
        ErrorKind.HOST_NOT_FOUND,
        ErrorKind.CONNECTION_REFUSED,
        ErrorKind.UNREACHABLE,
        ErrorKind.TLS_UNTRUSTED,
        ErrorKind.DISK_FULL,
        ErrorKind.TARGET_UNWRITABLE,
        ErrorKind.TOO_MANY_FILES,
        ErrorKind.INTERNAL,
    }
)
_NETWORK_GONE = frozenset({ErrorKind.HOST_NOT_FOUND, ErrorKind.CONNECTION_REFUSED, ErrorKind.UNREACHABLE})
_TRANSPORT = _NETWORK_GONE | {ErrorKind.NETWORK, ErrorKind.TIMEOUT, ErrorKind.SHORT_BODY}


class TransferError(Exception):
    """The only error above the borders: what happened, to what, and what to do next.

    `message` is one or more plain sentences. `code` and `request_id` are the server's own words, empty where
    no server spoke; all three lose every secret here. `retry_after_s` is the server's wish in seconds, or
    None.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        code: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        self.message = redacted(message)
        super().__init__(self.message)
        self.kind = kind
        self.code = redacted(code)
        self.request_id = redacted(request_id)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error as it is kept, shown and written to a receipt. `key` is None for a listing.

    `at` is seconds since the epoch.
    """

    key: str | None
    kind: ErrorKind
    code: str
    message: str
    request_id: str
    at: float

    @classmethod
    def of(cls, error: BaseException, key: str | None, at: float) -> ErrorRecord:
        """Record `error` for `key`; an exception that is not ours is an internal error by its type's name."""
        if isinstance(error, TransferError):
            return cls(key, error.kind, error.code, error.message, error.request_id, at)
        message = f"An error inside Downspout ({type(error).__name__}). Please report it."
        return cls(key, ErrorKind.INTERNAL, "", message, "", at)


def plain_text(text: str, limit: int = MAX_SERVER_TEXT) -> str:
    """A server's text made fit to show: control characters as `?`, at most `limit` characters."""
    if len(text) <= limit and text.isprintable():
        return text
    shown = "".join(ch if ch.isprintable() else "?" for ch in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
