"""Who may ask: a request's SigV4 header against botocore's own signer, and keys that have expired."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)"
)
_NEEDED = {"host", "x-amz-date", "x-amz-content-sha256"}
_NO_BODY = {"UNSIGNED-PAYLOAD", hashlib.sha256(b"").hexdigest()}
_MAX_SKEW_S = 15 * 60


@dataclass(frozen=True)
class Keys:
    """The one pair of keys that a signature is checked against, with its session token if it has one."""

    access_key_id: str = "test-key"
    secret_access_key: str = field(default="test-secret", repr=False)
    session_token: str = field(default="", repr=False)


class KeyCheck:
    """Checks requests against the keys in force."""

    def __init__(self, keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._expired: tuple[Keys, ...] = ()
        self._now = now

    def renew(self, keys: Keys) -> None:
        """From now on these keys are right, and those before them have expired. Any thread."""
        self._expired, self._keys = (*self._expired, self._keys), keys

    def refusal(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Status and S3 error code of a refusal, None when the request may be answered."""
        code = refusal(method, target, headers, self._keys, self._now())
        if not code:
            return None
        if any(not refusal(method, target, headers, old, self._now()) for old in self._expired):
            return 400, "ExpiredToken"
        return (400 if code == "InvalidToken" else 403), code


def refusal(method: str, target: str, headers: Mapping[str, str], keys: Keys, now: float) -> str:
    """The S3 error code that refuses this request, empty when its signature is right.

    `target` is the request line's, as sent; `headers` have lower-case names. Path and query are decoded and
    encoded again before they are compared, as S3 does it. The request must have no body.
    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        return "AccessDenied"
    key_id, day, region, service, signed, signature = match.groups()
    if key_id != keys.access_key_id:
        return "InvalidAccessKeyId"
    if headers.get("x-amz-security-token", "") != keys.session_token:
        return "InvalidToken"
    names = signed.split(";")
    unsigned = {name for name in headers if name.startswith("x-amz-")}.difference(names)
    if not _NEEDED.issubset(names) or unsigned or headers.get("x-amz-content-sha256") not in _NO_BODY:
        return "SignatureDoesNotMatch"
    date = headers.get("x-amz-date", "")
    if _skew_s(date, now) > _MAX_SKEW_S:
        return "RequestTimeTooSkewed"
    wanted = _signature(
        method, target, {name: headers.get(name, "") for name in names}, keys, service, region
    )
    is_right = date.startswith(day) and hmac.compare_digest(wanted, signature)
    return "" if is_right else "SignatureDoesNotMatch"


def _signature(
    method: str, target: str, headers: Mapping[str, str], keys: Keys, service: str, region: str
) -> str:
    path, _, query = target.partition("?")
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{quote(unquote(path), safe='/~')}",
        params=dict(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
    )
    request.context["timestamp"] = headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(keys.access_key_id, keys.secret_access_key), service, region)
    canonical = auth.canonical_request(request)
    return str(auth.signature(auth.string_to_sign(request, canonical), request))


def _skew_s(amz_date: str, now: float) -> float:
    try:
        signed_at = datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return float("inf")
    return abs(signed_at - now)
