"""What the Transfers panel says about a batch: pure functions from values to plain text."""

from __future__ import annotations

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import BatchPhase, BatchSnapshot, Outcome
from app.core.policy import InFlight, StopPolicy
from app.core.states import State
from app.ui.format import count_text, duration_text, time_text
from app.ui.plain import shown_name
from app.ui.transfers.words import (
    LISTING_FAILED,
    MAX_ETA_S,
    fraction,
    is_listing_error,
    kind_words,
    wait_words,
)

REQUEST_ID_SHOWN = 4
"""Characters of a request id in a sentence; the whole of it is where it can be copied."""

_IN_FLIGHT_WORDS = {
    InFlight.KEEP: "",
    InFlight.FINISH: ", finishes running files",
    InFlight.DISCARD: ", discards parts",
}
UNFINISHED = (State.QUEUED, State.RUNNING, State.PAUSED, State.STOPPED, State.CANCELLED)


def batch_name(batch: BatchSnapshot, home: str = "") -> str:
    """What a batch fetches and where it goes; `home` is written as `~`."""
    destination = batch.destination
    if home and (destination == home or destination.startswith((home + "/", home + "\\"))):
        destination = "~" + destination[len(home) :]
    return f"{shown_name(batch.title)} → {shown_name(destination)}"


def batch_status(batch: BatchSnapshot) -> str:
    """The words in a batch's Status column: how it stands or ended, and its policy."""
    if batch.outcome is not None and batch.phase is BatchPhase.ENDED:
        ended = "not finished" if is_unfinished(batch) else batch.outcome.value
        return f"{ended} {time_text(batch.finished_at)}".rstrip()
    if batch.phase is BatchPhase.STOPPING:
        return "stopping"
    return f"{_doing_words(batch)} · {policy_words(batch.policy.stop)}"


def _doing_words(batch: BatchSnapshot) -> str:
    if batch.is_paused and batch.wait is None:
        return "paused"
    if batch.wait is not None:
        return wait_words(batch.wait)
    if batch.phase is BatchPhase.PLANNING:
        return "planning"
    if batch.phase is BatchPhase.PLANNED:
        return "planned, waits for you"
    has_all = batch.is_listing_complete and 0 < batch.size_bytes <= batch.done_bytes
    return "verifying and finishing" if has_all else "downloading"


def is_unfinished(batch: BatchSnapshot) -> bool:
    """True when a run ended well that was for some files only: others are still stopped or cancelled."""
    counts = batch.counts
    return batch.outcome is Outcome.DONE and counts[State.STOPPED] + counts[State.CANCELLED] > 0


def batch_eta(batch: BatchSnapshot) -> str:
    """The words in a batch's ETA column; empty when it cannot be told honestly."""
    return "" if batch.eta_s is None or batch.eta_s > MAX_ETA_S else duration_text(batch.eta_s)


def policy_words(policy: StopPolicy) -> str:
    """When a batch with this policy stops, in a few words."""
    if policy.stop_on_first_error:
        when = "stops on first error"
    elif policy.max_errors:
        when = f"stops at {count_text(policy.max_errors)} errors"
    elif policy.max_percent:
        when = f"stops when {policy.max_percent} % have failed"
    else:
        return "goes on after errors"
    return when + _IN_FLIGHT_WORDS[policy.in_flight]


def batch_size(batch: BatchSnapshot) -> str:
    """How many files of a batch are done: "37 of 250", with a plus while more are being listed."""
    more = "" if batch.is_listing_complete else "+"
    return f"{count_text(batch.counts[State.DONE])} of {count_text(batch.rows)}{more}"


def batch_fraction(batch: BatchSnapshot) -> float:
    """How much of a batch is done, 0 to 1; 0 while it grows, for its size is not known."""
    if batch.outcome is Outcome.DONE and not is_unfinished(batch):
        return 1.0
    is_known = batch.is_listing_complete or batch.outcome is not None
    return fraction(batch.done_bytes, batch.size_bytes) if is_known else 0.0


def batch_sentence(batch: BatchSnapshot, home: str = "") -> str:
    """A batch as a screen reader says it."""
    return f"Batch {batch_name(batch, home)}, {batch_status(batch)}, {batch_size(batch)} files done"


def batch_counts(batch: BatchSnapshot) -> str:
    """The counts of a batch that ended: "37 done, 1 failed, 212 not finished."""
    counts = batch.counts
    parts = [
        f"{count_text(counts[State.DONE])} done",
        f"{count_text(counts[State.FAILED])} failed",
        f"{count_text(counts[State.SKIPPED])} skipped" if counts[State.SKIPPED] else "",
        f"{count_text(sum(counts[state] for state in UNFINISHED))} not finished",
        "" if batch.is_listing_complete else "more not listed",
    ]
    return ", ".join(part for part in parts if part)


def banner_sentence(batch: BatchSnapshot, culprit_path: str) -> str:
    """The banner's sentence over a batch that was stopped, failed, or was run again in part.

    `culprit_path` is the path of the file with the first error, empty when no file is to blame.
    """
    counts = f"{batch_counts(batch)}."
    if is_unfinished(batch):
        return f"Only a part of this batch was run again. {counts}"
    error = batch.first_error
    is_stopped = batch.outcome is Outcome.STOPPED
    ending = "Stopped" if is_stopped else "Failed"
    if error is None:
        return f"{ending}. {counts}"
    codes = _short_codes(error)
    what = kind_words(error.kind) + (f" ({codes})" if codes else "")
    if culprit_path:
        return f"{ending} {'by' if is_stopped else 'at'} {shown_name(culprit_path)}: {what}. {counts}"
    if is_listing_error(error) and error.kind is not ErrorKind.LISTING:
        what = f"{LISTING_FAILED}, {what}"
    return f"{ending}: {what}. {counts}"


def sign_in_sentence(batch: BatchSnapshot) -> str:
    """The banner's sentence over a batch that waits until somebody has signed in."""
    return f"The sign-in has expired. {shown_name(batch.title)} waits, and then goes on where it was."


def notice_sentence(batch: BatchSnapshot, culprit_path: str) -> str:
    """A notification's text: which batch, what stopped it, and how many files are done."""
    error = batch.first_error
    what = f"{kind_words(error.kind)} ({culprit_path})" if error and culprit_path else ""
    what = what or (kind_words(error.kind) if error else "")
    return f"{shown_name(batch.title)}: {f'{what}. ' if what else ''}{batch_counts(batch)}."


def _short_codes(error: ErrorRecord) -> str:
    request_id = error.request_id
    if len(request_id) > REQUEST_ID_SHOWN:
        request_id = request_id[:REQUEST_ID_SHOWN] + "…"
    request = f"request {request_id}" if request_id else ""
    return ", ".join(shown_name(part) for part in (error.code, request) if part)
