"""Checks a request's SigV4 header with botocore's own signer."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)"
)
_NEEDED = {"host", "x-amz-date", "x-amz-content-sha256"}


def refusal(
    method: str, target: str, headers: Mapping[str, str], access_key_id: str, secret_access_key: str
) -> str:
    """The S3 error code that refuses this request, empty when its signature is right.

    `target` is the request line's, as sent; `headers` have lower-case names. Path and query are decoded and
    encoded again before they are compared, as S3 does it.
    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        return "AccessDenied"
    key_id, region, service, signed, signature = match.groups()
    if key_id != access_key_id:
        return "InvalidAccessKeyId"
    names = signed.split(";")
    if not _NEEDED.issubset(names):
        return "SignatureDoesNotMatch"
    path, _, query = target.partition("?")
    request = AWSRequest(
        method=method,
        url=f"http://{headers['host']}{quote(unquote(path), safe='/~')}",
        params=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name: headers.get(name, "") for name in names},
    )
    request.context["timestamp"] = headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(access_key_id, secret_access_key), service, region)
    wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return "" if hmac.compare_digest(wanted, signature) else "SignatureDoesNotMatch"
