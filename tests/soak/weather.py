"""The faults of a soak: which one meets a request follows from the seed, the key and the request's number."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.servers.faults import NO_FAULT, Fault, FaultRules, Operation, asked_span
from tests.servers.objects import SeededObject

SHARE = 0.7
"""How many of a key's first requests go wrong; the later ones go well, so that every download can end."""

Make = Callable[[random.Random, int, int], Fault]


def _refusal(status: int, code: str) -> Make:
    return lambda _random, _first, _end: Fault(status=status, code=code, message="Refused by the soak.")


def _bend(**fields: object) -> Make:
    return lambda _random, _first, _end: Fault(**fields)  # type: ignore[arg-type]


GET_FAULTS: dict[str, Make] = {
    "500": _refusal(500, "InternalError"),
    "503": _refusal(503, "SlowDown"),
    "429": _refusal(429, "TooManyRequests"),
    "RequestTimeout": _refusal(400, "RequestTimeout"),
    "403": _refusal(403, "AccessDenied"),
    "404": _refusal(404, "NoSuchKey"),
    "412": _refusal(412, "PreconditionFailed"),
    "416": _refusal(416, "InvalidRange"),
    "redirect": lambda *_: Fault(status=307, headers={"Location": "http://127.0.0.1:9/"}),
    "cut": lambda r, first, end: Fault(cut_after=r.randrange(end - first)),
    "reset": lambda r, first, end: Fault(cut_after=r.randrange(end - first), is_reset=True),
    "stall": lambda r, first, end: Fault(stall_after=r.randrange(end - first)),
    "trickle": _bend(trickle_s=0.05),
    "late": lambda r, *_: Fault(delay_s=r.random() * 0.05),
    "short": lambda r, first, end: Fault(shorten_by=1 + r.randrange(end - first)),
    "range ignored": _bend(ignores_range=True),
    "range by 200": _bend(range_status=200),
    "no Content-Range": _bend(content_range=""),
    "garbage Content-Range": _bend(content_range="bytes 7-3/x"),
    "another range": lambda _, first, end: Fault(
        content_range=f"bytes {first + 1}-{end}/{end + 1}", shift_by=1
    ),
    "another total": lambda _, first, end: Fault(content_range=f"bytes {first}-{end - 1}/{end + 9}"),
    "bytes from elsewhere": lambda r, *_: Fault(shift_by=1 + r.randrange(1000)),
    "flipped": lambda r, first, end: Fault(flip_at=r.randrange(first, end)),
    "no length": _bend(has_no_length=True),
    "no length, cut": lambda r, first, end: Fault(has_no_length=True, cut_after=r.randrange(end - first)),
    "HTTP/1.0": _bend(is_http_1_0=True, has_no_length=True),
    "chunked": _bend(is_chunked=True),
    "chunked, cut": lambda r, first, end: Fault(is_chunked=True, cut_after=r.randrange(end - first)),
    "another length": lambda r, first, end: Fault(declared_bytes=r.randrange(end - first)),
    "another ETag": _bend(etag="0" * 32),
    "no ETag": _bend(etag=""),
    "If-Match ignored": _bend(ignores_if_match=True),
    "checksum of the whole": _bend(tells_whole_checksum=True),
}
HEAD_FAULTS: dict[str, Make] = {
    name: GET_FAULTS[name] for name in ("500", "503", "403", "404", "late", "another ETag", "no ETag")
}
SWAP = "replaced"


class Weather(FaultRules):
    """The faults of one server. `swap` puts another object in the place of a key's."""

    def __init__(self, seed: int, swap: Callable[[str], None]) -> None:
        super().__init__()
        self.injected: Counter[str] = Counter()
        self._seed = seed
        self._swap = swap
        self._left: dict[str, int] = {}
        self._asked: Counter[str] = Counter()
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def forecast(self, item: SeededObject, faults: int) -> None:
        """So many of the next requests for this object will go wrong."""
        with self._lock:
            self._sizes[item.key] = item.size_bytes
            self._left[item.key] = faults

    def match(self, operation: Operation, key: str, range_asked: str = "") -> Fault:
        """The fault of this request. On the server's thread."""
        with self._lock:
            self._asked[key] += 1
            chance = random.Random(f"{self._seed}:{key}:{self._asked[key]}")
            if not self._left.get(key) or chance.random() >= SHARE:
                return NO_FAULT
            self._left[key] -= 1
            name, fault = self._choose(operation, key, range_asked, chance)
            self.injected[name] += 1
        return fault

    def _choose(
        self, operation: Operation, key: str, range_asked: str, chance: random.Random
    ) -> tuple[str, Fault]:
        kinds = GET_FAULTS if operation is Operation.GET else HEAD_FAULTS
        name = chance.choice([*kinds, SWAP])
        if name == SWAP:
            return name, Fault(before=lambda: self._swap(key))
        first, last = asked_span(range_asked)
        end = self._sizes[key] if last is None else last + 1
        return name, kinds[name](chance, first, max(end, first + 1))
