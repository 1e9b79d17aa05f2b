"""What each kind of error means, how one is kept, and how a server's text is made fit to show."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import MAX_SERVER_TEXT, ErrorKind, ErrorRecord, TransferError, plain_text

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# kind: may be tried again, fails every file in turn, is the connection's own failure
MEANING = """
    access_denied         -      -         -
    not_found             -      -         -
    changed               -      -         -
    archived              -      -         -
    refused               -      -         -
    no_credentials        -      systemic  -
    expired_credentials   -      systemic  -
    bad_credentials       -      systemic  -
    clock_skew            -      systemic  -
    no_such_bucket        -      systemic  -
    wrong_endpoint        -      systemic  -
    host_not_found        -      systemic  transport
    connection_refused    retry  systemic  transport
    tls_untrusted         -      systemic  -
    disk_full             -      systemic  -
    target_unwritable     -      systemic  -
    too_many_files        -      systemic  -
    network               retry  -         transport
    unreachable           retry  systemic  transport
    timeout               retry  -         transport
    short_body            retry  -         transport
    throttled             retry  -         -
    server_error          retry  -         -
    protocol              -      -         -
    checksum              -      -         -
    unverified              -      -         -
    listing               -      -         -
    disk                  -      -         -
    blocked               -      -         -
    exists                -      -         -
    usage                 -      -         -
    internal              -      systemic  -
"""
ROWS = [line.split() for line in MEANING.strip().splitlines()]


def test_every_kind_has_its_meaning_written_down() -> None:
    assert [row[0] for row in ROWS] == [kind.value for kind in ErrorKind]


@pytest.mark.parametrize(("name", "retry", "systemic", "transport"), ROWS)
def test_a_kind_says_whether_to_retry_and_whom_it_stops(
    name: str, retry: str, systemic: str, transport: str
) -> None:
    kind = ErrorKind(name)
    assert kind.is_retryable is (retry == "retry")
    assert kind.is_systemic is (systemic == "systemic")
    assert kind.is_transport is (transport == "transport")


def test_a_transfer_error_keeps_what_the_server_said() -> None:
    error = TransferError(
        ErrorKind.THROTTLED, "Slow down.", code="SlowDown", request_id="R1", retry_after_s=3.0
    )
    assert str(error) == error.message == "Slow down."
    assert (error.kind, error.code, error.request_id, error.retry_after_s) == (
        ErrorKind.THROTTLED,
        "SlowDown",
        "R1",
        3.0,
    )


def test_a_record_of_a_transfer_error_has_all_of_its_words() -> None:
    error = TransferError(ErrorKind.NOT_FOUND, "It is gone.", code="NoSuchKey", request_id="R2")
    assert ErrorRecord.of(error, "a/b", 12.5) == ErrorRecord(
        "a/b", ErrorKind.NOT_FOUND, "NoSuchKey", "It is gone.", "R2", 12.5
    )


def test_a_listing_error_is_recorded_without_a_key() -> None:
    assert ErrorRecord.of(TransferError(ErrorKind.LISTING, "No page."), None, 1.0).key is None


def test_a_foreign_exception_is_an_internal_error_that_does_not_repeat_its_text() -> None:
    record = ErrorRecord.of(ValueError("secret=hunter2"), "k", 1.0)
    assert record.kind is ErrorKind.INTERNAL
    assert "ValueError" in record.message
    assert "hunter2" not in record.message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("<b>x</b> &amp;", "<b>x</b> &amp;"),
        ("<Message><b>x</b>\x1b[31m</Message>", "<Message><b>x</b>?[31m</Message>"),
        ("two\nlines\r\tx", "two?lines??x"),
        ("gpj\u202eexe", "gpj?exe"),
        ("zero\u200bwidth", "zero?width"),
        ("\ud800", "?"),
        ("naïve 🚀", "naïve 🚀"),
    ],
)
def test_a_servers_text_is_shown_literally_without_control_characters(text: str, shown: str) -> None:
    assert plain_text(text) == shown


def test_a_servers_text_is_cut_at_300_characters_with_an_ellipsis() -> None:
    assert MAX_SERVER_TEXT == 300
    assert plain_text("x" * 300) == "x" * 300
    assert plain_text("x" * 301) == "x" * 299 + "…"
    assert plain_text("abcdef", limit=4) == "abc…"


@PATIENT
@given(st.text(max_size=700))
def test_shown_text_is_printable_and_never_too_long(text: str) -> None:
    shown = plain_text(text)
    assert shown.isprintable()
    assert len(shown) <= MAX_SERVER_TEXT
