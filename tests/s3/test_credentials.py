"""Keys: from MFA, refreshed in time, and what botocore says when there are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore import exceptions as boto

from app.core.errors import ErrorKind
from app.s3.boto_credentials import BotoKeys
from app.s3.boto_faults import boto_fault
from app.s3.credentials import LOOK_AGAIN_S, KeyRing
from app.s3.faults import Identity
from app.s3.signing import Keys
from tests.s3.scripted_server import ScriptedServer, always, in_thread, reply, run
from tests.s3.stores import connect_error, setup


def test_a_refused_mfa_code_is_a_clear_error_and_the_terminal_is_never_read(config: Path) -> None:
    prompts: list[str] = []

    def refuse(prompt: str) -> None:
        prompts.append(prompt)

    error = connect_error(refuse, profile="mfa")
    assert error.kind is ErrorKind.NO_CREDENTIALS
    assert "MFA" in error.message
    assert "arn:aws:iam::111122223333:mfa/me" in prompts[0]


def test_an_mfa_code_goes_to_sts_and_its_keys_come_back(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        f"<Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )

    async def main() -> None:
        async with ScriptedServer(always(reply("200 OK", answer.encode()), is_last=True)) as sts:
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
            made = await in_thread(lambda: setup(lambda _prompt: "123456", profile="mfa"))
            keys = await KeyRing(made.key_source, made.identity, in_thread).keys()
            assert keys == Keys("ASIAROLE", "s", "t")
            assert len(sts.requests) == 1

    run(main())


class AgingCredentials:
    """botocore's refreshable credentials as far as BotoKeys sees them."""

    method = "sso"

    def __init__(self) -> None:
        self.is_due = True
        self.froze = 0

    def refresh_needed(self) -> bool:
        return self.is_due

    def get_frozen_credentials(self) -> SimpleNamespace:
        self.froze += 1
        return SimpleNamespace(access_key=f"key{self.froze}", secret_key="s", token=None)


def test_keys_are_refreshed_only_when_they_near_their_end_and_not_over_and_over() -> None:
    async def main() -> None:
        now = 100.0
        aging = AgingCredentials()
        ring = KeyRing(BotoKeys(aging, Identity()), Identity(), in_thread, lambda: now)
        assert await ring.keys() == Keys("key1", "s")
        assert await ring.keys() == Keys("key1", "s")
        now += LOOK_AGAIN_S
        assert await ring.keys() == Keys("key2", "s")
        aging.is_due = False
        now += LOOK_AGAIN_S
        assert await ring.keys() == Keys("key2", "s")

    run(main())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (boto.UnauthorizedSSOTokenError(), ErrorKind.EXPIRED_CREDENTIALS),
        (boto.TokenRetrievalError(provider="sso", error_msg="gone"), ErrorKind.EXPIRED_CREDENTIALS),
        (boto.RefreshWithMFAUnsupportedError(), ErrorKind.EXPIRED_CREDENTIALS),
        (boto.LoginRefreshRequired(), ErrorKind.EXPIRED_CREDENTIALS),
        (boto.NoCredentialsError(), ErrorKind.NO_CREDENTIALS),
        (boto.CredentialRetrievalError(provider="x", error_msg="y"), ErrorKind.NO_CREDENTIALS),
        (boto.ConfigParseError(path="x"), ErrorKind.USAGE),
        (ValueError("Invalid endpoint: x"), ErrorKind.USAGE),
        (boto.SSLError(endpoint_url="https://x", error="bad"), ErrorKind.TLS_UNTRUSTED),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), ErrorKind.TIMEOUT),
        (
            boto.EndpointConnectionError(endpoint_url="x", error="[Errno 111] refused"),
            ErrorKind.CONNECTION_REFUSED,
        ),
        (boto.EndpointConnectionError(endpoint_url="x", error="Failed to resolve"), ErrorKind.HOST_NOT_FOUND),
        (boto.ConnectionClosedError(endpoint_url="x"), ErrorKind.NETWORK),
        (
            boto.ClientError(
                {
                    "Error": {"Code": "AccessDenied", "Message": "no AKIAIOSFODNN7EXAMPLE"},
                    "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": "7F3A"},
                },
                "ListBuckets",
            ),
            ErrorKind.ACCESS_DENIED,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_of_botocore_has_a_kind_and_shows_no_key_id(error: Exception, kind: ErrorKind) -> None:
    fault = boto_fault(error, Identity("work"), "the list of buckets")
    assert fault.kind is kind
    assert fault.message
    assert "IOSFODNN7" not in fault.message
