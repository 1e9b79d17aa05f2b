"""What the fault server does wrong: a fault says which requests it meets and what happens to them."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from fnmatch import fnmatchcase

from tests.servers.listing import Page

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Operation(Enum):
    """What a request asks for."""

    LIST = "list"
    HEAD = "head"
    GET = "get"
    BUCKETS = "buckets"
    HEAD_BUCKET = "head bucket"
    LOCATION = "location"
    OTHER = "other"


@dataclass(frozen=True)
class Fault:
    """One rule. The first rule of a server that meets a request shapes its answer; the rest of it is S3's.

    Which requests: `key` is a glob (for a listing the prefix), `operation` None is any, `holds` an offset of
    the object that the asked range must hold, `first` the offset at which it must begin; of those it meets,
    the first `skip` pass, then `times` are taken (None: all), each with `probability`. Once `until` is set,
    the rule meets nothing.

    Before the answer: `before` is called on the server's thread; `delay_s` waits, `is_held` waits until
    `FaultServer.release` or the client leaves.

    Instead of the answer: `status` with `code`, `message` and `headers` (which also join an ordinary answer).

    A GET's head: `etag` (no quotes) and `content_range` replace the header ("" drops the range); `shorten_by`
    answers so many bytes less than asked, with a right Content-Range; `range_status` 200 answers a range as
    `rclone serve s3` does; `tells_whole_checksum` sends the whole object's checksum with a range, asked for
    or not; `ignores_range`, `ignores_if_match`; `has_no_length` frames the body by closing, `is_http_1_0`
    calls that HTTP/1.0, `is_chunked` frames it in chunks; `declared_bytes` is a wrong Content-Length.

    A GET's body: `flip_at` flips one bit at an offset of the object; `shift_by` sends a range's bytes from so
    much further on; after `stall_after` bytes nothing follows until `FaultServer.release` or the client
    leaves; after `cut_after` bytes the connection closes, with a reset when `is_reset`; `trickle_s` sends
    one byte each so many seconds.

    A listing: `page` rewrites the page, `xml` its text.
    """

    key: str = "*"
    operation: Operation | None = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    holds: int | None = None
    first: int | None = None
    until: threading.Event | None = None
    before: Callable[[], object] | None = None
    delay_s: float = 0.0
    is_held: bool = False
    status: int | None = None
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    content_range: str | None = None
    shorten_by: int = 0
    range_status: int = 206
    tells_whole_checksum: bool = False
    ignores_range: bool = False
    ignores_if_match: bool = False
    has_no_length: bool = False
    is_http_1_0: bool = False
    is_chunked: bool = False
    declared_bytes: int | None = None
    flip_at: int | None = None
    shift_by: int = 0
    stall_after: int | None = None
    cut_after: int | None = None
    is_reset: bool = False
    trickle_s: float = 0.0
    page: Callable[[Page], Page] | None = None
    xml: Callable[[bytes], bytes] | None = None

    @property
    def ends_connection(self) -> bool:
        """True when no further request can follow the answer on its connection."""
        return self.has_no_length or self.is_http_1_0 or self.declared_bytes is not None

    def meets(self, operation: Operation, key: str, range_asked: str) -> bool:
        """True when a request is one of those that the rule is about; it may still be skipped."""
        if self.operation not in {None, operation} or not fnmatchcase(key, self.key):
            return False
        if self.until is not None and self.until.is_set():
            return False
        first, last = asked_span(range_asked)
        if self.first not in {None, first}:
            return False
        return self.holds is None or (first <= self.holds and (last is None or self.holds <= last))


NO_FAULT = Fault()


class FaultRules:
    """The rules of one server in order, with how often each has met a request."""

    def __init__(self, faults: Sequence[Fault] = (), seed: int = 0) -> None:
        self._rules = [(fault, [0]) for fault in faults]
        self._random = random.Random(seed)

    def add(self, fault: Fault) -> None:
        """Add a rule behind the others. Any thread."""
        self._rules.append((fault, [0]))

    def clear(self) -> None:
        """Forget every rule. Any thread."""
        self._rules = []

    def match(self, operation: Operation, key: str, range_asked: str = "") -> Fault:
        """The fault that meets this request, NO_FAULT when none does; counts the request."""
        for fault, met in list(self._rules):
            if not fault.meets(operation, key, range_asked):
                continue
            met[0] += 1
            position = met[0] - 1 - fault.skip
            if position < 0 or (fault.times is not None and position >= fault.times):
                continue
            if self._random.random() < fault.probability:
                return fault
        return NO_FAULT


def deny(key: str) -> Fault:
    """Every GET of `key` answers 403 AccessDenied."""
    return Fault(key, Operation.GET, status=403, code="AccessDenied", message="Access Denied")


def slow_down(probability: float = 1.0, retry_after: str = "", times: int | None = None) -> Fault:
    """GETs answer 503 SlowDown, with a Retry-After header if one is given."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Fault(
        operation=Operation.GET,
        times=times,
        probability=probability,
        status=503,
        code="SlowDown",
        message="Please reduce your request rate.",
        headers=headers,
    )


def server_error(key: str = "*", times: int | None = None) -> Fault:
    """GETs of `key` answer 500 InternalError."""
    return Fault(key, Operation.GET, times=times, status=500, code="InternalError", message="Try again.")


def expired_token(skip: int = 0, until: threading.Event | None = None) -> Fault:
    """GETs after the first `skip` answer 400 ExpiredToken, until the keys are renewed."""
    message = "The provided token has expired."
    return Fault(
        operation=Operation.GET, skip=skip, until=until, status=400, code="ExpiredToken", message=message
    )


def clock_skew(server_now: float) -> Fault:
    """Everything answers 403 RequestTimeTooSkewed by a clock at `server_now` (seconds since the epoch)."""
    return Fault(
        status=403,
        code="RequestTimeTooSkewed",
        message="The difference between the request time and the current time is too large.",
        headers={"Date": formatdate(server_now, usegmt=True)},
    )


def redirect(status: int, location: str, code: str = "PermanentRedirect") -> Fault:
    """Everything answers a redirect to `location`."""
    return Fault(status=status, code=code, message="Use another endpoint.", headers={"Location": location})


def asked_span(range_asked: str) -> tuple[int, int | None]:
    """First and last offset of a Range header's text; (0, None) where there is none."""
    found = _RANGE.fullmatch(range_asked)
    if found is None:
        return 0, None
    return int(found[1]), int(found[2]) if found[2] else None
