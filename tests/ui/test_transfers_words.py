"""What the Transfers panel says about rows and batches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import BatchPhase, BatchSnapshot, Outcome, RowSnapshot
from app.core.policy import BatchPolicy, InFlight, StopPolicy
from app.core.states import Phase, State
from app.ui.format import clock_text
from app.ui.transfers import batch_words, words
from tests.ui.fakes import (
    MIB,
    STARTED_AT,
    batch_snapshot,
    denied,
    done,
    downloading,
    failed,
    network_gone,
    seed,
    stopped,
)

NOW = 1000.0
RUNNING = batch_snapshot("b", [RowSnapshot()] * 3)


def ended(outcome: Outcome, error: ErrorRecord | None, index: int | None = None) -> BatchSnapshot:
    rows = [done()] * 37 + [failed()] + [stopped(37)] * 212
    return batch_snapshot(
        "b",
        rows,
        phase=BatchPhase.ENDED,
        outcome=outcome,
        finished_at=STARTED_AT,
        first_error=error,
        first_error_index=index,
    )


def status(
    row: RowSnapshot, batch: BatchSnapshot = RUNNING, culprit: str = "", rank: int | None = None
) -> str:
    return words.row_status(row, batch, culprit, NOW, rank)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (RowSnapshot(), "waiting"),
        (RowSnapshot(State.RUNNING, Phase.CONNECTING, tries=1), "connecting"),
        (downloading(MIB), "downloading"),
        (RowSnapshot(State.RUNNING, Phase.VERIFYING), "verifying"),
        (RowSnapshot(State.RUNNING, Phase.FINISHING), "finishing"),
        (
            RowSnapshot(State.RUNNING, Phase.WAITING_TO_RETRY, tries=1, retry_at=NOW + 4),
            "retrying in 4 s (try 2 of 6)",
        ),
        (
            RowSnapshot(State.RUNNING, Phase.WAITING_TO_RETRY, tries=2, retry_at=NOW - 1),
            "retrying in 0 s (try 3 of 6)",
        ),
        (RowSnapshot(State.RUNNING, Phase.WAITING_FOR_NETWORK, tries=1), "waiting for network"),
        (RowSnapshot(State.RUNNING, Phase.WAITING_FOR_SIGN_IN, tries=1), "waiting for sign-in"),
        (RowSnapshot(State.PAUSED), "paused"),
        (RowSnapshot(State.PAUSED, done_bytes=19 * MIB), "paused (kept 19.0 MiB)"),
        (done(), "done, verified (crc64nvme)"),
        (done(verified=None), "done, not verified (no checksum from the server)"),
        (replace(done(verified=None), note="composite checksum"), "done, not verified (composite checksum)"),
        (RowSnapshot(State.SKIPPED, note="already there"), "already there"),
        (RowSnapshot(State.SKIPPED), "skipped"),
        (failed(), "failed"),
        (failed(is_culprit=True), "failed, stopped the batch"),
        (RowSnapshot(State.CANCELLED, tries=1, done_bytes=MIB), "cancelled by you"),
    ],
)
def test_each_state_has_its_words(row: RowSnapshot, text: str) -> None:
    assert status(row) == text


def test_a_queued_row_tells_its_place_when_it_is_counted() -> None:
    assert status(RowSnapshot(), rank=12) == "waiting (12th)"


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")]
)
def test_places_are_ordinals(n: int, text: str) -> None:
    assert words.ordinal(n) == text


def test_a_stopped_row_names_the_culprit_and_what_it_kept() -> None:
    assert status(stopped(40, 19 * MIB, tries=1), culprit="0041.tif") == (
        "stopped by 0041.tif (kept 19.0 MiB)"
    )
    assert status(stopped(40, tries=1), culprit="0041.tif") == "stopped by 0041.tif"


def test_a_hundred_percent_is_all_of_it() -> None:
    assert words.percent_text(0.9999) == "99%"
    assert words.percent_text(1.0) == "100%"


def test_a_batch_whose_bytes_are_all_here_says_what_it_still_does() -> None:
    rows = [downloading(48 * MIB)] * 3
    assert batch_words.batch_status(batch_snapshot("b", rows)).startswith("verifying and finishing · ")
    growing = batch_snapshot("b", rows, is_listing_complete=False)
    assert batch_words.batch_status(growing).startswith("downloading · ")


def test_the_counts_of_a_batch_add_up_to_its_rows() -> None:
    batch = batch_snapshot(
        "b", [RowSnapshot(state) for state in State for _ in range(state.value.count("e"))]
    )
    numbers = [int(part.split()[0]) for part in batch_words.batch_counts(batch).split(", ")]
    assert sum(numbers) == batch.rows
    assert batch_words.batch_counts(replace(batch, is_listing_complete=False)).endswith(", more not listed")


def test_a_row_that_never_ran_is_told_as_not_started() -> None:
    assert status(stopped(40), culprit="0041.tif") == "not started (0041.tif)"


def test_a_row_stopped_by_a_failed_listing_says_so() -> None:
    listing = ErrorRecord(None, ErrorKind.LISTING, "500 InternalError", "The listing failed.", "", 0.0)
    batch = ended(Outcome.STOPPED, listing)
    assert status(stopped(None), batch) == "not started (the listing failed)"
    assert status(stopped(None, tries=1), batch) == "stopped: the listing failed"


def test_a_row_stopped_without_any_error_is_just_stopped() -> None:
    assert status(stopped(None)) == "not started"
    assert status(stopped(None, tries=1)) == "stopped"


def test_a_name_from_outside_is_shown_with_its_controls_visible() -> None:
    assert words.file_name("stills/a\u202eb.tif") == "a‹202E›b.tif"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (RowSnapshot(), "48.0 MiB"),
        (downloading(int(9.6 * MIB)), "9.6 of 48 MiB"),
        (done(), "48.0 MiB"),
        (stopped(1, 19 * MIB), "19.0 of 48 MiB"),
        (stopped(1), "48.0 MiB"),
    ],
)
def test_the_size_is_the_whole_or_what_is_here_of_it(row: RowSnapshot, text: str) -> None:
    assert words.row_size(seed(0), row) == text


def test_an_eta_needs_a_speed() -> None:
    assert words.row_eta(seed(0), downloading(24 * MIB, 2.0 * MIB)) == "12 s"
    assert words.row_eta(seed(0), downloading(24 * MIB)) == ""
    assert words.row_eta(seed(0), done()) == ""


def test_a_transfer_that_stalls_has_no_eta() -> None:
    assert words.row_eta(seed(0), downloading(24 * MIB, 0.4)) == ""
    assert words.row_eta(seed(0), downloading(24 * MIB, 3.0)) == ""
    assert batch_words.batch_eta(replace(RUNNING, eta_s=90.0)) == "2 min"
    assert batch_words.batch_eta(replace(RUNNING, eta_s=300 * 86_400.0)) == ""
    assert batch_words.batch_eta(RUNNING) == ""


def test_an_empty_file_is_whole_only_when_it_is_done() -> None:
    assert words.row_fraction(seed(0, 0), done(0)) == 1.0
    assert words.row_fraction(seed(0, 0), downloading(0)) == 0.0
    assert words.row_fraction(seed(0), downloading(24 * MIB)) == 0.5


def test_a_row_reads_as_a_sentence() -> None:
    row = stopped(40, 19 * MIB, tries=1)
    assert words.row_sentence(seed(41), row, RUNNING, "0041.tif", NOW) == (
        "0042.tif, stopped by 0041.tif, 19.0 of 48 mebibytes kept"
    )
    assert words.row_sentence(seed(0), failed(), RUNNING, "", NOW) == (
        "0001.tif, failed, access denied, 48.0 mebibytes"
    )


def test_every_kind_of_error_has_words() -> None:
    assert all(words.kind_words(kind) for kind in ErrorKind)


def test_the_banner_of_a_stop_names_file_cause_code_request_and_counts() -> None:
    batch = ended(Outcome.STOPPED, denied(), 37)
    assert batch_words.banner_sentence(batch, "stills/0041.tif") == (
        "Stopped by stills/0041.tif: access denied (403 AccessDenied, request 7F3A…). "
        "37 done, 1 failed, 212 not finished."
    )


def test_the_banner_of_a_failed_batch_names_the_first_file() -> None:
    batch = ended(Outcome.FAILED, denied(), 37)
    assert batch_words.banner_sentence(batch, "stills/0041.tif").startswith(
        "Failed at stills/0041.tif: access denied"
    )


def test_the_banner_of_a_failed_listing_blames_no_file() -> None:
    listing = ErrorRecord(None, ErrorKind.ACCESS_DENIED, "403 AccessDenied", "No.", "", 0.0)
    assert batch_words.banner_sentence(ended(Outcome.STOPPED, listing), "") == (
        "Stopped: the listing failed, access denied (403 AccessDenied). 37 done, 1 failed, 212 not finished."
    )
    unwritable = ErrorRecord(None, ErrorKind.TARGET_UNWRITABLE, "", "No.", "", 0.0)
    assert batch_words.banner_sentence(ended(Outcome.FAILED, unwritable), "").startswith(
        "Failed: the folder cannot be written to. "
    )


def test_an_error_is_one_line_in_the_table_and_whole_when_copied() -> None:
    error = denied()
    assert words.error_line(error).startswith("403 AccessDenied · Access denied to stills/0041.tif.")
    at = clock_text(error.at)
    assert (
        words.error_details(error).splitlines()[-1] == f"403 AccessDenied · request 7F3A90C1D2E4B5A6 · {at}"
    )
    assert words.error_line(None) == ""


def test_a_batch_tells_how_it_stands_and_its_policy() -> None:
    assert batch_words.batch_status(RUNNING) == "downloading · stops on first error"
    assert batch_words.batch_status(replace(RUNNING, phase=BatchPhase.STOPPING)) == "stopping"
    goes_on = BatchPolicy(stop=StopPolicy(stop_on_first_error=False))
    paused = replace(RUNNING, is_paused=True, policy=BatchPolicy(StopPolicy(False, max_errors=10)))
    assert batch_words.batch_status(paused) == "paused · stops at 10 errors"
    discards = BatchPolicy(StopPolicy(False, InFlight.DISCARD, max_percent=5))
    assert batch_words.batch_status(replace(RUNNING, policy=discards)) == (
        "downloading · stops when 5 % have failed, discards parts"
    )
    assert batch_words.batch_status(replace(RUNNING, policy=goes_on)) == "downloading · goes on after errors"
    assert batch_words.batch_status(ended(Outcome.STOPPED, denied(), 37)).startswith("stopped ")


@pytest.mark.parametrize("phase", [BatchPhase.PLANNING, BatchPhase.RUNNING])
def test_a_batch_that_waits_says_for_what_also_to_a_screen_reader(phase: BatchPhase) -> None:
    batch = replace(RUNNING, phase=phase, wait=network_gone())
    assert batch_words.batch_status(batch) == "waiting for network · stops on first error"
    assert "waiting for network" in batch_words.batch_sentence(batch)
    row = RowSnapshot(State.RUNNING, Phase.WAITING_FOR_SIGN_IN, done_bytes=MIB, tries=1)
    assert words.row_sentence(seed(0), row, batch, "", NOW).startswith("0001.tif, waiting for sign-in, ")


@pytest.mark.parametrize("in_flight", InFlight)
def test_every_way_to_stop_has_words(in_flight: InFlight) -> None:
    assert batch_words.policy_words(StopPolicy(in_flight=in_flight)).startswith("stops on first error")


def test_the_home_folder_is_a_tilde() -> None:
    batch = replace(RUNNING, destination="/home/ann/Footage")
    assert batch_words.batch_name(batch, "/home/ann") == "media-archive/stills → ~/Footage"
    assert batch_words.batch_name(batch, "/home/an") == "media-archive/stills → /home/ann/Footage"


def test_a_batch_that_is_still_listed_has_no_share_and_a_plus() -> None:
    batch = replace(RUNNING, is_listing_complete=False, done_bytes=24 * MIB)
    assert batch_words.batch_fraction(batch) == 0.0
    assert batch_words.batch_size(batch) == "0 of 3+"
    assert batch_words.batch_fraction(replace(batch, is_listing_complete=True)) == pytest.approx(1 / 6)


def test_a_run_that_was_for_some_files_only_is_not_called_done() -> None:
    rows = [done()] * 2 + [stopped(1)] * 2
    batch = batch_snapshot(
        "b",
        rows,
        phase=BatchPhase.ENDED,
        outcome=Outcome.DONE,
        finished_at=STARTED_AT,
        done_bytes=2 * 48 * MIB,
    )
    assert batch_words.batch_status(batch).startswith("not finished ")
    assert batch_words.batch_fraction(batch) == pytest.approx(0.5)
    assert (
        batch_words.banner_sentence(batch, "")
        == "Only a part of this batch was run again. 2 done, 0 failed, 2 not finished."
    )
    whole = batch_snapshot("b", [done()], phase=BatchPhase.ENDED, outcome=Outcome.DONE)
    assert batch_words.batch_status(whole) == "done"
