"""S3's own refusals as TransferErrors: the kind from code and status, the message in words."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.errors import MAX_SERVER_TEXT, ErrorKind, TransferError, plain_text
from app.core.redaction import masked, redacted
from app.s3.dates import http_date
from app.s3.http import HttpHead, HttpResponse

_FIELD = re.compile(rb"<(Code|Message|RequestId|Region|Endpoint)>([^<]*)</")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z0-9]+)+")
_HOST_REGION = re.compile(r"\bs3[.-]([a-z]{2}(?:-[a-z0-9]+)+)\.amazonaws\.com")
_MAX_RETRY_AFTER_S = 3600.0

K = ErrorKind
_KIND_OF_CODE: dict[str, ErrorKind] = {
    "AccessDenied": K.ACCESS_DENIED,
    "AllAccessDisabled": K.ACCESS_DENIED,
    "AccountProblem": K.ACCESS_DENIED,
    "NoSuchKey": K.NOT_FOUND,
    "NoSuchVersion": K.NOT_FOUND,
    "NoSuchBucket": K.NO_SUCH_BUCKET,
    "PreconditionFailed": K.CHANGED,
    "InvalidRange": K.CHANGED,
    "InvalidObjectState": K.ARCHIVED,
    "ExpiredToken": K.EXPIRED_CREDENTIALS,
    "ExpiredTokenException": K.EXPIRED_CREDENTIALS,
    "TokenRefreshRequired": K.EXPIRED_CREDENTIALS,
    "RequestExpired": K.EXPIRED_CREDENTIALS,
    "InvalidAccessKeyId": K.BAD_CREDENTIALS,
    "InvalidClientTokenId": K.BAD_CREDENTIALS,
    "SignatureDoesNotMatch": K.BAD_CREDENTIALS,
    "InvalidToken": K.BAD_CREDENTIALS,
    "InvalidSecurity": K.BAD_CREDENTIALS,
    "NotSignedUp": K.BAD_CREDENTIALS,
    "RequestTimeTooSkewed": K.CLOCK_SKEW,
    "SlowDown": K.THROTTLED,
    "Throttling": K.THROTTLED,
    "ThrottlingException": K.THROTTLED,
    "TooManyRequests": K.THROTTLED,
    "RequestLimitExceeded": K.THROTTLED,
    "ServiceUnavailable": K.THROTTLED,
    "RequestTimeout": K.TIMEOUT,
    "InternalError": K.SERVER_ERROR,
    "PermanentRedirect": K.WRONG_ENDPOINT,
    "TemporaryRedirect": K.WRONG_ENDPOINT,
    "AuthorizationHeaderMalformed": K.WRONG_ENDPOINT,
    "IllegalLocationConstraintException": K.WRONG_ENDPOINT,
    "InvalidBucketName": K.USAGE,
    "NotImplemented": K.REFUSED,
}
_KIND_OF_STATUS: dict[int, ErrorKind] = {
    401: K.ACCESS_DENIED,
    403: K.ACCESS_DENIED,
    404: K.NOT_FOUND,
    408: K.TIMEOUT,
    412: K.CHANGED,
    416: K.CHANGED,
    429: K.THROTTLED,
    501: K.REFUSED,
    503: K.THROTTLED,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, for messages: a profile's name, the end of a typed key, or nobody. No secret in its repr.

    `is_temporary` is true for keys that come with a session token. `method` is botocore's name of the place
    where it found the keys, empty where it is not known.
    """

    profile: str = ""
    access_key_id: str = field(default="", repr=False)
    is_anonymous: bool = False
    is_temporary: bool = False
    method: str = ""

    @property
    def keys(self) -> str:
        """The keys in words; a key id only by its last four characters."""
        if self.is_anonymous:
            return "an anonymous request"
        if self.profile:
            return f"the keys of profile {plain_text(self.profile)}"
        return f"the key {masked(self.access_key_id)}" if self.access_key_id else "these keys"

    @property
    def sign_in(self) -> str:
        """What a person does to get new keys."""
        profile = plain_text(self.profile) or "default"
        advice = {
            "sso": f"Run `aws sso login --profile {profile}`",
            "login": f"Run `aws login --profile {profile}`",
            "shared-credentials-file": f"Put new keys into profile {profile}",
            "config-file": f"Put new keys into profile {profile}",
            "explicit": "Connect with new keys",
            "env": "Start again with new keys in the environment",
        }
        return advice.get(self.method, "Sign in again")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusing answer says, each field empty where it says nothing. `target` is a redirect's host."""

    status: int
    code: str
    message: str
    request_id: str
    region: str
    target: str


def said(text: str, limit: int = MAX_SERVER_TEXT) -> str:
    """What somebody else's software says, made fit to show: without secrets, and only then cut."""
    return plain_text(redacted(text), limit)


def read_refusal(response: HttpResponse) -> Refusal:
    """Read status, headers and S3's error XML; a body that is cut or no XML gives what it has."""
    headers = response.head.headers
    fields = {
        name.decode(): html.unescape(text.decode("utf-8", "replace"))
        for name, text in _FIELD.findall(response.error_body)
    }
    location = headers.get("location", "")
    target = fields.get("Endpoint", "") or location.partition("://")[2].partition("/")[0]
    region = headers.get("x-amz-bucket-region", "") or fields.get("Region", "")
    if not region and (found := _HOST_REGION.search(target)):
        region = found[1]
    return Refusal(
        status=response.head.status,
        code=said(fields.get("Code", ""), 100),
        message=fields.get("Message", ""),
        request_id=said(headers.get("x-amz-request-id", "") or fields.get("RequestId", ""), 100),
        region=region if _REGION.fullmatch(region) else "",
        target=said(target.rpartition("@")[2], 100),
    )


def http_fault(
    response: HttpResponse, subject: str, identity: Identity, now: Callable[[], float] = time.time
) -> TransferError:
    """The error that stands for an answer other than 2xx to a request for `subject`."""
    refusal = read_refusal(response)
    kind = _kind(refusal, identity)
    return TransferError(
        kind,
        _words(kind, refusal, response.head, subject, identity, now),
        code=refusal.code or str(refusal.status),
        request_id=refusal.request_id,
        retry_after_s=_retry_after(response.head, now),
    )


def kind_of_code(code: str) -> ErrorKind | None:
    """The kind of an AWS error code, None for one that is not known."""
    return _KIND_OF_CODE.get(code)


def _kind(refusal: Refusal, identity: Identity) -> ErrorKind:
    if refusal.code == "InvalidToken" and identity.is_temporary:
        return ErrorKind.EXPIRED_CREDENTIALS
    kind = _KIND_OF_CODE.get(refusal.code) or _KIND_OF_STATUS.get(refusal.status)
    if kind is not None:
        return kind
    if 300 <= refusal.status < 400:
        return ErrorKind.WRONG_ENDPOINT
    return ErrorKind.SERVER_ERROR if refusal.status >= 500 else ErrorKind.REFUSED


def _words(
    kind: ErrorKind,
    refusal: Refusal,
    head: HttpHead,
    subject: str,
    identity: Identity,
    now: Callable[[], float],
) -> str:
    if kind is ErrorKind.CLOCK_SKEW:
        return _skew(head, subject, now)
    if kind is ErrorKind.WRONG_ENDPOINT:
        return _elsewhere(refusal, subject)
    if kind is ErrorKind.BAD_CREDENTIALS and refusal.code == "SignatureDoesNotMatch":
        return (
            f"The server does not accept the signature made with {identity.keys} for {subject}. "
            "Check the secret key of this connection."
        )
    words = _WORDS.get(kind)
    if words is not None:
        return words.format(subject=subject, keys=identity.keys, sign_in=identity.sign_in)
    reason = said(refusal.message) or f"status {refusal.status}"
    if kind is ErrorKind.SERVER_ERROR:
        return f"The server failed on {subject}: {reason}. Try again later."
    return f"The server refused {subject}: {reason}. Check the object and this connection's settings."


_WORDS: dict[ErrorKind, str] = {
    K.ACCESS_DENIED: "Access denied to {subject}: {keys} may not read it. "
    "Ask its owner for the right to read it, or use another connection.",
    K.NOT_FOUND: "{subject} is not there (any more). List the folder again.",
    K.NO_SUCH_BUCKET: "The bucket of {subject} does not exist. Check its name and the endpoint.",
    K.CHANGED: "{subject} changed since it was listed or while it was being downloaded. "
    "Start it again to get the new one.",
    K.ARCHIVED: "{subject} is archived. Restore it in S3 first, then download it.",
    K.EXPIRED_CREDENTIALS: "The sign-in has expired: {keys} were refused for {subject}. "
    "{sign_in}, then go on.",
    K.BAD_CREDENTIALS: "The server does not accept {keys} for {subject}. Check the keys of this connection.",
    K.THROTTLED: "The server asks to slow down ({subject}). Try again later or with fewer jobs.",
    K.TIMEOUT: "The server gave up waiting for the request for {subject}. Try again.",
}


def _skew(head: HttpHead, subject: str, now: Callable[[], float]) -> str:
    server_time = http_date(head.headers.get("date", ""))
    advice = f"Set the clock (turn network time on), then download {subject} again."
    if server_time is None:
        return f"This computer's clock differs too much from the server's. {advice}"
    skew_s = now() - server_time
    amount = f"{abs(skew_s):.0f} seconds" if abs(skew_s) < 120 else f"{abs(skew_s) / 60:.0f} minutes"
    side = "ahead of" if skew_s > 0 else "behind"
    return f"This computer's clock is {amount} {side} the server's. {advice}"


def _elsewhere(refusal: Refusal, subject: str) -> str:
    if refusal.target:
        where = f"it points to {refusal.target}"
    elif refusal.region:
        where = f"it wants the region {refusal.region}"
    else:
        where = "it does not say to where"
    return (
        f"The endpoint sends {subject} elsewhere: {where}. Nothing was sent there. "
        "Check the endpoint and the region of this connection."
    )


def _retry_after(head: HttpHead, now: Callable[[], float]) -> float | None:
    text = head.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), _MAX_RETRY_AFTER_S)
    moment = http_date(text) if text else None
    return None if moment is None else min(max(0.0, moment - now()), _MAX_RETRY_AFTER_S)
