"""Refusals in words: the kind, the names, the next step, and no secret."""

from __future__ import annotations

import pytest

from app.core.errors import ErrorKind, TransferError
from app.s3.faults import Identity, http_fault
from app.s3.http import HttpHead, HttpResponse

WORK = Identity("work", "AKIAIOSFODNN7EXAMPLE")
NOW = 1795280589.0
DATE = "Sat, 21 Nov 2026 17:03:09 GMT"


def fault(
    status: int, code: str = "", message: str = "", who: Identity = WORK, **headers: str
) -> TransferError:
    """The error for an answer with S3's error XML, or without a body when there is no code."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode() if code else b""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_fault(HttpResponse(HttpHead(status, names), body), "stills/0041.tif", who, lambda: NOW)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", ErrorKind.ACCESS_DENIED),
        (404, "NoSuchKey", ErrorKind.NOT_FOUND),
        (404, "NoSuchBucket", ErrorKind.NO_SUCH_BUCKET),
        (412, "PreconditionFailed", ErrorKind.CHANGED),
        (416, "InvalidRange", ErrorKind.CHANGED),
        (403, "InvalidObjectState", ErrorKind.ARCHIVED),
        (400, "ExpiredToken", ErrorKind.EXPIRED_CREDENTIALS),
        (400, "TokenRefreshRequired", ErrorKind.EXPIRED_CREDENTIALS),
        (403, "ExpiredTokenException", ErrorKind.EXPIRED_CREDENTIALS),
        (403, "RequestExpired", ErrorKind.EXPIRED_CREDENTIALS),
        (403, "InvalidToken", ErrorKind.BAD_CREDENTIALS),
        (403, "InvalidAccessKeyId", ErrorKind.BAD_CREDENTIALS),
        (403, "SignatureDoesNotMatch", ErrorKind.BAD_CREDENTIALS),
        (403, "RequestTimeTooSkewed", ErrorKind.CLOCK_SKEW),
        (503, "SlowDown", ErrorKind.THROTTLED),
        (400, "RequestTimeout", ErrorKind.TIMEOUT),
        (500, "InternalError", ErrorKind.SERVER_ERROR),
        (301, "PermanentRedirect", ErrorKind.WRONG_ENDPOINT),
        (400, "AuthorizationHeaderMalformed", ErrorKind.WRONG_ENDPOINT),
        (418, "Teapot", ErrorKind.REFUSED),
        (403, "", ErrorKind.ACCESS_DENIED),
        (404, "", ErrorKind.NOT_FOUND),
        (412, "", ErrorKind.CHANGED),
        (416, "", ErrorKind.CHANGED),
        (429, "", ErrorKind.THROTTLED),
        (503, "", ErrorKind.THROTTLED),
        (502, "", ErrorKind.SERVER_ERROR),
        (501, "", ErrorKind.REFUSED),
        (307, "", ErrorKind.WRONG_ENDPOINT),
        (400, "", ErrorKind.REFUSED),
    ],
)
def test_code_and_status_give_the_kind_and_the_message_names_the_object(
    status: int, code: str, kind: ErrorKind
) -> None:
    error = fault(status, code, x_amz_request_id="7F3A")
    assert error.kind is kind
    assert "stills/0041.tif" in error.message
    assert error.code == (code or str(status))
    assert error.request_id == "7F3A"
    assert error.message.endswith(".")


def test_a_token_that_is_refused_has_expired_where_the_keys_are_temporary() -> None:
    assert fault(400, "InvalidToken", who=Identity("work", is_temporary=True)).kind is (
        ErrorKind.EXPIRED_CREDENTIALS
    )


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("sso", "Run `aws sso login --profile work`"),
        ("login", "Run `aws login --profile work`"),
        ("shared-credentials-file", "Put new keys into profile work"),
        ("config-file", "Put new keys into profile work"),
        ("explicit", "Connect with new keys"),
        ("env", "Start again with new keys in the environment"),
        ("custom-process", "Sign in again"),
    ],
)
def test_expired_keys_name_the_way_to_new_ones(method: str, words: str) -> None:
    message = fault(400, "ExpiredToken", who=Identity("work", method=method)).message
    assert message.endswith(f"{words}, then go on.")


def test_access_denied_names_the_profile() -> None:
    assert "the keys of profile work" in fault(403, "AccessDenied").message


def test_a_key_id_is_shown_by_its_last_four_characters_only() -> None:
    typed = Identity(access_key_id="AKIAIOSFODNN7EXAMPLE")
    error = fault(403, "InvalidAccessKeyId", who=typed)
    assert "…MPLE" in error.message
    assert "IOSFODNN7" not in error.message
    echoed = fault(418, "Odd", "key AKIAIOSFODNN7EXAMPLE and ASIAZZZZZZZZZZZZ9876", typed)
    assert "IOSFODNN7" not in echoed.message
    assert "ASIA" not in echoed.message


def test_server_text_is_made_plain_and_short() -> None:
    error = fault(418, "Odd", "a\x1b[31m &lt;b&gt; " + "x" * 5000)
    assert "\x1b" not in error.message
    assert "<b>" in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize(
    ("offset_s", "words"),
    [(-1200, "20 minutes behind"), (1200, "20 minutes ahead of"), (-90, "90 seconds behind")],
)
def test_a_skewed_clock_is_measured_from_the_date_header(offset_s: int, words: str) -> None:
    head = HttpHead(403, {"date": DATE})
    body = b"<Error><Code>RequestTimeTooSkewed</Code></Error>"
    error = http_fault(HttpResponse(head, body), "x", WORK, lambda: NOW + offset_s)
    assert f"clock is {words} the server's" in error.message


def test_a_skewed_clock_without_a_date_header_still_says_what_to_do() -> None:
    assert "Set the clock" in fault(403, "RequestTimeTooSkewed").message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Sat, 21 Nov 2026 17:03:19 GMT", 10.0),
        ("Sat, 21 Nov 2026 17:03:00 GMT", 0.0),
        ("999999999999999", 3600.0),
        ("soon", None),
        ("-1", None),
        ("nan", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_reason(text: str, seconds: float | None) -> None:
    assert fault(503, "SlowDown", retry_after=text).retry_after_s == seconds


def test_a_redirect_names_where_it_wanted_to_send_us_without_its_user_information() -> None:
    error = fault(302, location="https://me:secret@evil.example/x?y")
    assert "it points to evil.example." in error.message
    assert "secret" not in error.message
    assert "Nothing was sent there" in error.message
