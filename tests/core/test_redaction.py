"""Secrets are hidden by their form and by their value, and nothing else is touched."""

from __future__ import annotations

from dataclasses import fields

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ConnectionSpec
from app.core.redaction import MAX_LEARNED, MIN_SECRET, Redactor, without_user_info

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "text",
    [
        "GET https://b.s3.amazonaws.com/k?X-Amz-Signature={}&X-Amz-Expires=60",
        "GET /k?x-amz-security-token={} HTTP/1.1",
        "GET /k?X-Amz-Credential={}%2F20261121%2Fus-east-1",
        "Authorization: AWS4-HMAC-SHA256 Credential=AK/2026/s3/aws4_request, Signature={}",
        "Proxy-Authorization: Basic {}",
        "headers=[('host', 'x'), ('authorization', 'AWS4-HMAC-SHA256 Signature={}')]",
        "'X-Amz-Security-Token': b'{}'",
        "x-amz-security-token:{}\nx-amz-date:20261121T000000Z",
        "Signature:\n{}",
        "<SecretAccessKey>{}</SecretAccessKey>",
        '{{"secretAccessKey": "{}", "expiration": 1}}',
        '{{"Token" : "{}"}}',
        "aws_secret_access_key = {}",
        "Action=AssumeRole&TokenCode={}&SerialNumber=arn",
        "http://user:{}@proxy.example.com:3128/",
        "https://{}@s3.example.com",
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden(text: str) -> None:
    value = "0123abcd"
    shown = Redactor()(text.format(value))
    assert value not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "GET https://s3.example.com:9000/bucket/photos/a@b.jpg?versionId=3 (bytes=0-99): 206",
        "The server does not accept the signature made with the keys of profile work for a.txt.",
        "No AWS keys for the connection: Error when retrieving credentials from cert: none.",
        "s3://bucket/tokens/secret santa/password reset.txt",
        "MD5 differs from ETag: what came of x is not what the server says it stored.",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert Redactor()(text) == text


def test_what_was_hidden_stays_hidden_when_it_is_shown_again() -> None:
    redact = Redactor()
    once = redact("https://a:b@host/?X-Amz-Signature=abc and Authorization: AWS4 x")
    assert redact(once) == once


def test_a_key_id_is_shown_by_its_last_four_characters() -> None:
    redact = Redactor()
    redact.learn(key_id="minio-operator-1")
    assert redact("AKIAIOSFODNN7EXAMPLE, minio-operator-1") == "…MPLE, …or-1"


def test_a_learned_secret_is_hidden_wherever_it_stands_and_in_a_url_too() -> None:
    redact = Redactor()
    redact.learn(SECRET, None, "")
    encoded = "wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY"
    assert redact(f"x{SECRET}y and {encoded}") == "x***y and ***"


def test_a_word_that_is_too_short_for_a_secret_is_not_learned() -> None:
    redact = Redactor()
    redact.learn("s" * (MIN_SECRET - 1))
    assert redact("sssssss") == "sssssss"


def test_the_newest_secrets_are_kept() -> None:
    redact = Redactor()
    for number in range(3 * MAX_LEARNED):
        redact.learn(f"secret-{number:04}")
    assert redact(f"secret-{3 * MAX_LEARNED - 1:04}") == "***"
    assert redact("secret-0000") == "secret-0000"


def test_an_error_holds_no_secret_in_any_of_its_texts() -> None:
    error = TransferError(
        ErrorKind.REFUSED,
        f"no: secret_access_key={SECRET}",
        code="X-Amz-Signature=0f0f",
        request_id="AKIAIOSFODNN7EXAMPLE",
    )
    assert (error.message, str(error)) == ("no: secret_access_key=***",) * 2
    assert (error.code, error.request_id) == ("X-Amz-Signature=***", "…MPLE")


def test_what_may_be_written_down_of_a_connection_has_no_secret() -> None:
    spec = ConnectionSpec(
        profile="work",
        endpoint_url=f"https://me:{SECRET}@s3.example.com:9000/base",
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key=SECRET,
        session_token=SECRET,
    )
    kept = spec.without_secrets()
    assert {field.name: getattr(kept, field.name) for field in fields(kept) if not field.repr} == {
        "access_key_id": "",
        "secret_access_key": "",
        "session_token": "",
    }
    assert (kept.profile, kept.endpoint_url) == ("work", "https://s3.example.com:9000/base")
    assert without_user_info(f"me:{SECRET}@host") == "host"
