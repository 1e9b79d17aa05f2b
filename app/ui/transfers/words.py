"""What the Transfers panel says about a row: pure functions from values to plain text."""

from __future__ import annotations

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import BatchPhase, BatchSnapshot, Outcome, RowSeed, RowSnapshot, Wait
from app.core.states import Phase, State
from app.core.timing import Timing
from app.ui.format import clock_text, duration_text, progress_text, size_text
from app.ui.plain import shown_name

MAX_TRIES = Timing().tries
MAX_ETA_S = 7 * 86_400
"""A longer time to go is that of a transfer that stalls, and no estimate."""

_KIND_WORDS = {
    ErrorKind.ACCESS_DENIED: "access denied",
    ErrorKind.NOT_FOUND: "not found",
    ErrorKind.CHANGED: "the object changed while it was being downloaded",
    ErrorKind.ARCHIVED: "archived, it needs a restore first",
    ErrorKind.REFUSED: "the server refused the request",
    ErrorKind.NO_CREDENTIALS: "no credentials",
    ErrorKind.EXPIRED_CREDENTIALS: "the sign-in has expired",
    ErrorKind.BAD_CREDENTIALS: "the server does not accept the credentials",
    ErrorKind.CLOCK_SKEW: "this computer's clock is wrong",
    ErrorKind.NO_SUCH_BUCKET: "no such bucket",
    ErrorKind.WRONG_ENDPOINT: "wrong endpoint",
    ErrorKind.HOST_NOT_FOUND: "host not found",
    ErrorKind.CONNECTION_REFUSED: "connection refused",
    ErrorKind.TLS_UNTRUSTED: "the server's certificate is not trusted",
    ErrorKind.DISK_FULL: "the disk is full",
    ErrorKind.TARGET_UNWRITABLE: "the folder cannot be written to",
    ErrorKind.TOO_MANY_FILES: "too many open files",
    ErrorKind.NETWORK: "the connection broke",
    ErrorKind.UNREACHABLE: "the server cannot be reached",
    ErrorKind.TIMEOUT: "the server stopped answering",
    ErrorKind.SHORT_BODY: "the server sent too little",
    ErrorKind.THROTTLED: "the server asked to slow down",
    ErrorKind.SERVER_ERROR: "the server failed",
    ErrorKind.PROTOCOL: "the server's answer makes no sense",
    ErrorKind.CHECKSUM: "the checksum does not match",
    ErrorKind.UNVERIFIED: "the file could not be verified",
    ErrorKind.LISTING: "the listing failed",
    ErrorKind.DISK: "the disk failed",
    ErrorKind.BLOCKED: "the name cannot be a file here",
    ErrorKind.EXISTS: "another file is already there",
    ErrorKind.USAGE: "the request makes no sense",
    ErrorKind.INTERNAL: "an error inside Downspout",
}
_LOCAL_KINDS = frozenset(
    {
        ErrorKind.DISK_FULL,
        ErrorKind.TARGET_UNWRITABLE,
        ErrorKind.TOO_MANY_FILES,
        ErrorKind.DISK,
        ErrorKind.USAGE,
        ErrorKind.INTERNAL,
    }
)
_KNOWN_BEFORE = frozenset({ErrorKind.BLOCKED, ErrorKind.ARCHIVED, ErrorKind.EXISTS})
"""Failures of the plan, which no stop has to do with."""
LISTING_FAILED = "the listing failed"

_PHASE_WORDS = {
    Phase.NONE: "starting",
    Phase.CONNECTING: "connecting",
    Phase.DOWNLOADING: "downloading",
    Phase.WAITING_FOR_NETWORK: "waiting for network",
    Phase.WAITING_FOR_SIGN_IN: "waiting for sign-in",
    Phase.VERIFYING: "verifying",
    Phase.FINISHING: "finishing",
}
_ORDINAL_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_SPOKEN_UNITS = {
    "KiB": "kibibytes",
    "MiB": "mebibytes",
    "GiB": "gibibytes",
    "TiB": "tebibytes",
    "PiB": "pebibytes",
}


def kind_words(kind: ErrorKind) -> str:
    """An error's kind in a few words that fit after a colon."""
    return _KIND_WORDS[kind]


def wait_words(wait: Wait) -> str:
    """What a connection waits for, in a few words."""
    return _PHASE_WORDS[wait.phase]


def file_name(path: str) -> str:
    """The last part of a relative path, fit to be shown."""
    return shown_name(path.rsplit("/", 1)[-1])


def row_status(row: RowSnapshot, batch: BatchSnapshot, culprit: str, now: float, rank: int | None) -> str:
    """The words in the Status column.

    `culprit` is the shown name of the file that stopped this row, empty when there is none. `now` is seconds
    since the epoch. `rank` is the row's place among the queued, 1 for the next one, None when not counted.
    """
    kept = f" (kept {size_text(row.done_bytes)})" if row.done_bytes > 0 else ""
    if row.state is State.STOPPED:
        return _stopped_words(row, batch, culprit) + kept
    if row.state is State.PAUSED:
        return f"paused{kept}"
    return _own_status(row, batch, now, rank)


def _own_status(row: RowSnapshot, batch: BatchSnapshot, now: float, rank: int | None) -> str:
    """The status of a row that no other row has stopped."""
    match row.state:
        case State.QUEUED:
            return f"waiting ({ordinal(rank)})" if rank is not None else "waiting"
        case State.RUNNING:
            return _running_words(row, now)
        case State.DONE:
            return _done_words(row)
        case State.SKIPPED:
            return shown_name(row.note) or "skipped"
        case State.FAILED:
            return _failed_words(row, batch)
        case State.CANCELLED:
            return "cancelled by you"
        case _:
            return row.state.value


def row_size(seed: RowSeed, row: RowSnapshot) -> str:
    """The words in the Size column: the whole size, or how much of it is here."""
    is_partial = row.state is State.RUNNING or (row.state is not State.DONE and row.done_bytes > 0)
    return progress_text(row.done_bytes, seed.size_bytes) if is_partial else size_text(seed.size_bytes)


def row_eta(seed: RowSeed, row: RowSnapshot) -> str:
    """The words in the ETA column; empty when it cannot be told honestly."""
    left = seed.size_bytes - row.done_bytes
    if row.state is not State.RUNNING or left <= 0 or row.speed_bps * MAX_ETA_S < left:
        return ""
    return duration_text(left / row.speed_bps)


def row_fraction(seed: RowSeed, row: RowSnapshot) -> float:
    """How much of a row is done, 0 to 1."""
    if row.state is State.DONE:
        return 1.0
    return fraction(row.done_bytes, seed.size_bytes)


def row_sentence(seed: RowSeed, row: RowSnapshot, batch: BatchSnapshot, culprit: str, now: float) -> str:
    """A row as a screen reader says it: "0042.tif, stopped by 0041.tif, 19.0 of 48 mebibytes kept"."""
    name = file_name(seed.path)
    if row.state is State.STOPPED:
        status = _stopped_words(row, batch, culprit)
    else:
        status = _own_status(row, batch, now, None)
    parts = [name, status]
    if row.state is State.FAILED and row.error is not None:
        parts.append(kind_words(row.error.kind))
    size = spoken(row_size(seed, row))
    parts.append(f"{size} kept" if row.state is State.STOPPED and row.done_bytes > 0 else size)
    return ", ".join(parts)


def error_line(error: ErrorRecord | None) -> str:
    """An error on one line for the Error column: the server's code, then what happened."""
    if error is None:
        return ""
    message = shown_name(error.message)
    return f"{shown_name(error.code)} · {message}" if error.code else message


def error_details(error: ErrorRecord) -> str:
    """An error whole, to be copied or read in a tooltip: the message, then code and request id."""
    return "\n".join(part for part in (error.message, error_codes(error)) if part)


def error_codes(error: ErrorRecord) -> str:
    """The server's code, the whole request id and the time, as far as there are any."""
    request = f"request {error.request_id}" if error.request_id else ""
    return " · ".join(shown_name(part) for part in (error.code, request, clock_text(error.at)) if part)


def stop_details(culprit_path: str, error: ErrorRecord | None) -> str:
    """What stopped a row, whole, for its tooltip.

    `culprit_path` is empty when no file is to blame, `error` None once the culprit was run again.
    """
    by = f"Stopped by {culprit_path}" if culprit_path else ""
    return "\n".join(part for part in (by, error_details(error) if error else "") if part)


def ordinal(n: int) -> str:
    """A place in a queue: 1st, 2nd, 3rd, 12th."""
    is_teen = 10 <= n % 100 <= 20
    return f"{n}{'th' if is_teen else _ORDINAL_ENDINGS.get(n % 10, 'th')}"


def spoken(text: str) -> str:
    """`text` with the units of sizes as words for a screen reader."""
    head, _, unit = text.rpartition(" ")
    return f"{head} {_SPOKEN_UNITS[unit]}" if unit in _SPOKEN_UNITS else text


def _failed_words(row: RowSnapshot, batch: BatchSnapshot) -> str:
    """One row has stopped the batch; what failed beside it did not, nor what the plan knew to fail."""
    if row.is_culprit:
        return "failed, stopped the batch"
    is_stopped = batch.phase is BatchPhase.STOPPING or batch.outcome is Outcome.STOPPED
    is_own = row.error is not None and row.error.kind not in _KNOWN_BEFORE
    return "also failed" if is_stopped and is_own else "failed"


def _stopped_words(row: RowSnapshot, batch: BatchSnapshot, culprit: str) -> str:
    has_run = row.tries > 0
    if culprit:
        return f"stopped by {culprit}" if has_run else f"not started ({culprit})"
    if batch.first_error is None:
        return "stopped" if has_run else "not started"
    is_listing = is_listing_error(batch.first_error)
    reason = LISTING_FAILED if is_listing else kind_words(batch.first_error.kind)
    return f"stopped: {reason}" if has_run else f"not started ({reason})"


def _running_words(row: RowSnapshot, now: float) -> str:
    if row.phase is not Phase.WAITING_TO_RETRY:
        return _PHASE_WORDS[row.phase]
    wait = duration_text(max(0.0, (row.retry_at or now) - now))
    number = row.tries + 1
    # Some errors, and progress, allow more tries than the usual ones.
    return f"retrying in {wait} (try {number}{f' of {MAX_TRIES}' if number <= MAX_TRIES else ''})"


def _done_words(row: RowSnapshot) -> str:
    if row.verified:
        words = f"done, verified ({shown_name(row.verified)})"
        return f"{words}; {shown_name(row.note)}" if row.note else words
    reason = row.note or "no checksum from the server"
    return f"done, not verified ({shown_name(reason.removeprefix('not verified: '))})"


def percent_text(part: float) -> str:
    """A fraction as whole percents that are reached: 100 % is all of it, never nearly all."""
    return f"{int(part * 100)}%"


def is_listing_error(error: ErrorRecord) -> bool:
    """True for an error of no file and not of this computer: the listing's."""
    return error.key is None and error.kind not in _LOCAL_KINDS


def fraction(part: int, whole: int) -> float:
    """`part` of `whole`, 0 to 1; 0 of nothing."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
