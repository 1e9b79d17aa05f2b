"""What goes over the wire and comes back, as values: a request, the head of an answer, the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, str]]


class HttpRequest(NamedTuple):
    """One GET or HEAD. `headers` go out as they are, so a signed `host` must be the URL's.

    `subject` names in words what is asked for, for messages. `ca_bundle` is a file of trusted certificates;
    `proxy` is a URL, empty for none.
    """

    method: str
    url: str
    headers: Headers
    subject: str
    ca_bundle: str = ""
    proxy: str = ""


class HttpHead(NamedTuple):
    """Status and headers of the final answer; header names are lower-case."""

    status: int
    headers: dict[str, str]

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def length_bytes(self) -> int | None:
        """The body's length as Content-Length frames it, None when something else does."""
        text = self.headers.get("content-length", "")
        if "transfer-encoding" in self.headers or not (text.isascii() and text.isdigit()):
            return None
        return int(text)


class HttpResponse(NamedTuple):
    """An answer after its end. `error_body` holds at most 64 KiB and is empty for a 2xx."""

    head: HttpHead
    error_body: bytes = b""


class Receiver(Protocol):
    """Where the body of a 2xx goes; an exception of either method ends the request and is raised by it."""

    def begin(self, head: HttpHead) -> None:
        """Judge the head. Once a request, before any `write`, also for an empty body."""

    def write(self, data: bytes) -> asyncio.Future[None] | None:
        """Take the next bytes of the body; what it gives back is to be waited for before more is written."""


def parse_head(lines: Sequence[bytes]) -> HttpHead:
    """The last head in raw header lines: interim answers (1xx) before it and trailers after it are left out.

    Raises ValueError or IndexError when there is no status line.
    """
    text = b"".join(lines).decode("latin-1").replace("\r\n", "\n")
    head, _, _ = text[text.rfind("\nHTTP/") + 1 :].partition("\n\n")
    fields = head.split("\n")
    return HttpHead(int(fields[0].split(None, 2)[1]), dict(map(_field, fields[1:])))


@lru_cache(maxsize=256)
def _field(line: str) -> tuple[str, str]:
    """Name and value of a header line. Kept, for most lines of a server's answers are the same."""
    name, _, value = line.partition(":")
    return name.lower(), value.strip()
