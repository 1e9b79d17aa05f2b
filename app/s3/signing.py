"""Signature Version 4 by awscrt, and the exact way of a key into a URL."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignedBodyHeaderType,
    AwsSignedBodyValue,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders
from awscrt.http import HttpRequest as CrtRequest

from app.s3.http import Headers


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that sign a request; not in the repr."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def encode_key(key: str) -> str:
    """The key as the path of a URL: UTF-8, all but unreserved characters and `/` as %XX, nothing folded.

    Raises UnicodeEncodeError for a lone surrogate.
    """
    return quote(key, safe="/")


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string as Signature Version 4 wants it; `~` and the other unreserved characters stay."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def sign(
    method: str,
    path: str,
    headers: Headers,
    keys: Keys,
    *,
    region: str,
    service: str,
    date: datetime.datetime,
) -> list[tuple[str, str]]:
    """The headers to send: those given, which must name `host`, and the signature's own.

    `path` is the encoded path with its query, exactly as it goes out. `date` is aware. Does not block: with
    static keys awscrt signs within the call (tests/s3/test_signing.py).
    """
    request = CrtRequest(method, path, HttpHeaders(headers))
    config = _config(keys, region, service, date.replace(microsecond=0))
    return list(aws_sign_request(request, config).result(timeout=0).headers)


@lru_cache(maxsize=64)
def _config(keys: Keys, region: str, service: str, date: datetime.datetime) -> AwsSigningConfig:
    """A signing config holds for all requests of one second: a date has no finer part in a signature."""
    return AwsSigningConfig(
        credentials_provider=_provider(keys),
        region=region,
        service=service,
        date=date,
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_value=AwsSignedBodyValue.UNSIGNED_PAYLOAD,
        signed_body_header_type=AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )


@lru_cache(maxsize=8)
def _provider(keys: Keys) -> AwsCredentialsProvider:
    return AwsCredentialsProvider.new_static(keys.access_key_id, keys.secret_access_key, keys.session_token)
