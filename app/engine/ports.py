"""The Protocols through which the engine reaches S3, the disk and blocking calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from app.core.integrity import Algorithm
from app.core.naming import PathRules
from app.core.objects import Bucket, ConnectionSpec, DemoFault, ListingPage, ObjectInfo, ProfileInfo

T = TypeVar("T")


class GetHead(NamedTuple):
    """The judged headers of a GET, before its first body byte.

    `length_bytes` is the body's length, None when the server framed it by closing. `range_first` and
    `range_last` are the Content-Range, `total_bytes` the object's size; None where no header told it.
    `checksums` maps a lower-case algorithm to the header's base64 text; `parts_count` is told of a part only.
    `is_etag_md5` is False when the headers say that the ETag is no MD5 of the object, whatever it looks like.
    """

    status: int
    length_bytes: int | None
    etag: str
    version_id: str | None
    modified_at: float | None
    range_first: int | None
    range_last: int | None
    total_bytes: int | None
    checksums: dict[str, str]
    is_etag_md5: bool = True
    parts_count: int | None = None


class BodySink(Protocol):
    """Where a GET's body goes. Called on the loop's thread, between two awaits of `ObjectStore.get`.

    Either method may raise TransferError: the transfer ends at once and `get` raises that error.
    """

    def begin(self, head: GetHead) -> None:
        """Judge the headers. Called once a GET, before any `write`, only for a 2xx answer."""

    def write(self, data: bytes) -> asyncio.Future[None] | None:
        """Take the next bytes of the body; must not keep `data` longer than the call if it is a view.

        What it gives back is to be waited for before more is written; so long no data is no stall.
        """


class GetRequest(NamedTuple):
    """One GET of `key`: the bytes `first` to `last` (included), part `part_number` of its upload, or all."""

    bucket: str
    key: str
    version_id: str | None = None
    if_match: str = ""
    first: int | None = None
    last: int | None = None
    part_number: int | None = None


class ObjectStore(Protocol):
    """One connection to S3. All coroutines run on the engine's loop; cancelling one closes its connection.

    Every method raises TransferError only.
    """

    @property
    def endpoint(self) -> str:
        """The endpoint's URL for a receipt, without any user information."""

    async def get(self, request: GetRequest, sink: BodySink) -> GetHead:
        """GET one object or range into `sink`: one request, no retry (two for an AWS region redirect)."""

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        """HEAD one object: one request, no retry."""

    async def describe(self, request: GetRequest) -> GetHead:
        """What a GET of the whole object or of a part would be headed by, with its checksums: one HEAD."""

    def list_pages(
        self, bucket: str, prefix: str, *, delimiter: str = "", start_after: str = ""
    ) -> AsyncIterator[ListingPage]:
        """Pages of a listing, each asked for only when pulled, guarded against hostile servers.

        A failure part way raises TransferError after the pages that came. After one that is worth another
        try, the next pull asks for the same page again.
        """

    async def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets (one blocking control call, off the loop)."""

    async def probe(self, bucket: str) -> None:
        """See whether anything answers for `bucket`: one HEAD of it, and any answer will do."""

    async def renew_keys(self, typed: ConnectionSpec | None = None) -> bool:
        """Take the keys typed in a spec, or ask for new ones, off the loop; True when they are other ones."""

    async def close(self) -> None:
        """Close every connection. Idempotent."""


class Connector(Protocol):
    """Turns what a person said into a store."""

    async def connect(self, spec: ConnectionSpec) -> ObjectStore:
        """Resolve profile, credentials and endpoint; no request to S3 yet. Raises TransferError."""

    async def list_profiles(self) -> tuple[ProfileInfo, ...]:
        """The profiles of the AWS config files; empty when there are none."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """What stands at a target path: a regular file's size and time, a folder, or (neither) something else."""

    size_bytes: int
    modified_at: float
    is_file: bool
    is_folder: bool

    def is_like(self, size_bytes: int, modified_at: float | None) -> bool:
        """True for a file of this size with the time that a download sets. FAT keeps every other second."""
        is_of_time = modified_at is not None and abs(self.modified_at - modified_at) < 2.0
        return self.is_file and self.size_bytes == size_bytes and is_of_time


class PartFile(Protocol):
    """One unfinished file. Nothing of it has a final name until `publish` returns.

    Methods raise TransferError of a disk kind. They run on the loop's thread unless said otherwise.
    """

    name: str
    """Its own name in the folder of the final one."""

    def write_at(self, offset: int, data: bytes) -> None:
        """Write `data` at byte `offset`, whole."""

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes at `offset`, fewer at the end; blocks, any thread."""

    def sync(self) -> None:
        """Flush the bytes to the disk; blocks, so large files call it off the loop."""

    def publish(self, modified_at: float | None, *, replace: bool) -> None:
        """Set the time, rename to the final name. With `replace` False an existing file fails with EXISTS."""

    def sync_folder(self) -> None:
        """Flush the folder's entry of a published file to the disk; blocks, raises nothing."""

    def keep(self) -> None:
        """Let go of it and leave it for another attempt. Idempotent, raises nothing."""

    def discard(self) -> None:
        """Let go of it and, unless it was published, remove it. Idempotent, raises nothing."""


class TargetFolder(Protocol):
    """The chosen folder; nothing outside it is ever opened. Paths are relative, `/` between segments."""

    @property
    def root(self) -> str:
        """The folder's absolute path."""

    @property
    def path_rules(self) -> PathRules:
        """The naming rules of this file system, probed once."""

    def look(self, path: str) -> FileFact | None:
        """What stands at `path` (not following links), None when nothing does."""

    def md5(self, path: str) -> str:
        """Hex MD5 of the file's bytes; blocks."""

    def make_folder(self, path: str) -> None:
        """Make the folder `path` and its parents."""

    def create_part(self, path: str, part_name: str, size_bytes: int) -> PartFile:
        """A fresh part file `part_name` beside `path`, its folders made."""

    def reopen_part(self, path: str, part_name: str) -> PartFile:
        """The part file `part_name` beside `path`, as an earlier attempt left it."""

    def remove_parts(self, path: str, part_names: Sequence[str]) -> None:
        """Remove what is there of `part_names` beside `path`; raises nothing."""

    def check(self) -> None:
        """Raise a systemic error when the folder itself is gone or takes no file any more."""

    def free_bytes(self) -> int:
        """Bytes a file may still take on this file system."""

    def close(self) -> None:
        """Close the folder's descriptors. Idempotent."""


class RunningDigest(Protocol):
    """A checksum over bytes as they come, in order."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """The digest of the bytes so far; more may follow."""


class Digests(Protocol):
    """Computes checksums. No I/O; an update blocks for as long as its bytes take to hash."""

    def start(self, algorithm: Algorithm) -> RunningDigest:
        """A digest of no bytes yet."""

    def join_crcs(self, algorithm: Algorithm, ranges: Sequence[tuple[bytes, int]]) -> bytes:
        """The digest of the whole from its ranges', in order, and their lengths; combinable ones only."""


class Offload(Protocol):
    """Runs blocking calls on daemon threads, so that a call that never returns cannot hold the exit."""

    async def __call__(self, function: Callable[[], T]) -> T:
        """Await `function()` run on a daemon thread. Cancelling abandons the call; its result is dropped."""


class Demo(Protocol):
    """The embedded demo bucket, a server in a child process."""

    async def start(self) -> ConnectionSpec:
        """Start the server (once) and tell how to reach it. Raises TransferError."""

    async def set_fault(self, fault: DemoFault, is_on: bool) -> None:
        """Switch one injected fault on or off."""

    async def close(self) -> None:
        """End the server. Idempotent."""
