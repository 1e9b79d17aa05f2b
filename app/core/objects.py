"""What S3 holds and what a person picks from it: objects, pages, sources, connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple, overload

from app.core.redaction import without_user_info

ARCHIVED_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes whose objects need a restore before a GET.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html"""


class ObjectInfo(NamedTuple):
    """One object as a listing or a HEAD tells it.

    `size_bytes` is what the server said, which may be absurd (negative, over 2**63): the plan judges it.
    `etag` has no quotes and is empty when the server sent none. `modified_at` is seconds since the epoch,
    or None when the server's date could not be read. `problem` is why a listing entry may not be
    downloaded at all (outside the asked prefix, a duplicate, a size that is no number), else empty.
    """

    key: str
    size_bytes: int
    etag: str = ""
    modified_at: float | None = None
    storage_class: str = "STANDARD"
    version_id: str | None = None
    is_restored: bool = False
    problem: str = ""

    @property
    def is_known(self) -> bool:
        """False when nothing but the key is known, because asking for the rest has failed."""
        return bool(self.size_bytes or self.etag or self.modified_at is not None)

    @property
    def is_archived(self) -> bool:
        """True when a GET would be refused until the object is restored."""
        return self.storage_class in ARCHIVED_CLASSES and not self.is_restored


@dataclass(frozen=True, slots=True)
class ObjectColumns(Sequence[ObjectInfo]):
    """Objects of a listing, field by field: an ObjectInfo is made of those that are looked at singly.

    Every column has one entry an object, in the units of ObjectInfo. `restored` and `problems` go by place.
    """

    keys: Sequence[str] = ()
    sizes: Sequence[int] = ()
    etags: Sequence[str] = ()
    modified: Sequence[float | None] = ()
    classes: Sequence[str] = ()
    restored: Set[int] = frozenset()
    problems: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[ObjectInfo]) -> ObjectColumns:
        """The columns of `objects`; a listing tells no version."""
        rows = tuple(objects)
        return cls(
            tuple(row.key for row in rows),
            tuple(row.size_bytes for row in rows),
            tuple(row.etag for row in rows),
            tuple(row.modified_at for row in rows),
            tuple(row.storage_class for row in rows),
            frozenset(place for place, row in enumerate(rows) if row.is_restored),
            {place: row.problem for place, row in enumerate(rows) if row.problem},
        )

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[ObjectInfo]:
        return map(self._object, range(len(self)))

    @overload
    def __getitem__(self, place: int) -> ObjectInfo: ...
    @overload
    def __getitem__(self, place: slice) -> ObjectColumns: ...
    def __getitem__(self, place: int | slice) -> ObjectInfo | ObjectColumns:
        if isinstance(place, int):
            return self._object(range(len(self))[place])
        places = range(len(self))[place]
        return ObjectColumns(
            self.keys[place],
            self.sizes[place],
            self.etags[place],
            self.modified[place],
            self.classes[place],
            frozenset(places.index(old) for old in self.restored if old in places),
            {places.index(old): why for old, why in self.problems.items() if old in places},
        )

    def _object(self, place: int) -> ObjectInfo:
        return ObjectInfo(
            self.keys[place],
            self.sizes[place],
            self.etags[place],
            self.modified[place],
            self.classes[place],
            None,
            place in self.restored,
            self.problems.get(place, ""),
        )


@dataclass(frozen=True, slots=True)
class ListingPage:
    """One page of a listing, in the server's order. `prefixes` are full prefixes ending in the delimiter."""

    objects: ObjectColumns
    prefixes: tuple[str, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of an account. `region` is empty when the listing did not say."""

    name: str
    created_at: float | None = None
    region: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to download: an object by key, or everything below a prefix.

    `base` is what is taken off the front of each key to get its path: it ends in `/` or is empty.
    `info` is the object where it is already known (the window has listed it), else None (HEAD first).
    `rules` say which keys below `base` belong to it (`app.core.patterns.KeyRules`); without any, all do.
    """

    bucket: str
    key: str
    is_prefix: bool
    base: str
    info: ObjectInfo | None = None
    rules: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        """The source as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


def title_of(sources: Sequence[Source]) -> str:
    """What a batch of these is called: its one source, or the folder that they share."""
    first = sources[0]
    if len(sources) == 1:
        return f"{first.bucket}/{first.key}"
    return f"{first.bucket}/{first.base}" if first.base else first.bucket


class Addressing(Enum):
    """Where the bucket's name goes in a URL. AUTO is path style for an IP address or localhost."""

    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """What a person says about how to reach S3; everything left empty is what boto3 would pick.

    Typed keys live in memory only and are not in the repr.
    """

    profile: str = ""
    endpoint_url: str = ""
    region: str = ""
    addressing: Addressing = Addressing.AUTO
    is_anonymous: bool = False
    ca_bundle: str = ""
    requester_pays: bool = False
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)

    @property
    def has_fixed_keys(self) -> bool:
        """True when no other keys can be found for it: they were typed, or there are to be none."""
        return self.is_anonymous or bool(self.access_key_id)

    def without_secrets(self) -> ConnectionSpec:
        """What of it may be written to disk: no typed keys, no user and password in its endpoint."""
        return replace(
            self,
            endpoint_url=without_user_info(self.endpoint_url),
            access_key_id="",
            secret_access_key="",
            session_token="",
        )

    def is_like(self, other: ConnectionSpec) -> bool:
        """True when the two differ in nothing but the keys that were typed for both."""
        with_other_keys = replace(
            self,
            access_key_id=other.access_key_id,
            secret_access_key=other.secret_access_key,
            session_token=other.session_token,
        )
        return bool(self.access_key_id and other.access_key_id) and with_other_keys == other

    @property
    def label(self) -> str:
        """A short name for the window and for messages; holds no secret."""
        if self.endpoint_url:
            return without_user_info(self.endpoint_url).split("://", 1)[-1]
        if self.profile:
            return self.profile
        return "public (anonymous)" if self.is_anonymous else "default"


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """One profile of the AWS config files. `is_sso` when its sign-in is by IAM Identity Center."""

    name: str
    region: str = ""
    endpoint_url: str = ""
    is_sso: bool = False


DEMO_BUCKET = "demo"


class DemoFault(Enum):
    """A fault of the demo bucket that can be switched on; the value is what the Demo menu calls it."""

    DENY_ONE = "One object answers 403 Access Denied"
    STALL_ONE = "One object stalls"
    DROP_ONE = "One object drops the connection half way"


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """A connection that stands: what was asked for and where it leads. Holds no secret in its repr."""

    spec: ConnectionSpec
    endpoint: str
    is_demo: bool = False

    @property
    def label(self) -> str:
        """A short name for the window."""
        return "demo" if self.is_demo else self.spec.label
