"""Where the browser stands: a bucket and a prefix, and how a person writes one."""

from __future__ import annotations

from dataclasses import dataclass

SCHEME = "s3://"
DELIMITER = "/"


@dataclass(frozen=True, slots=True)
class Location:
    """One level of one bucket. `prefix` is empty or ends in `/`."""

    bucket: str
    prefix: str = ""

    @property
    def uri(self) -> str:
        """The location as `s3://bucket/prefix`."""
        return f"{SCHEME}{self.bucket}/{self.prefix}"

    @property
    def parent(self) -> Location | None:
        """One level up; None at the top of the bucket."""
        if not self.prefix:
            return None
        return Location(self.bucket, self.prefix[: self.prefix[:-1].rfind(DELIMITER) + 1])

    @property
    def crumbs(self) -> tuple[tuple[str, Location], ...]:
        """The bucket and each folder on the way here: its own name and its location."""
        names = self.prefix.split(DELIMITER)[:-1]
        trail = [(self.bucket, Location(self.bucket))]
        below = ""
        for name in names:
            below += name + DELIMITER
            trail.append((name, Location(self.bucket, below)))
        return tuple(trail)


def parse_location(text: str, current: Location | None) -> Location | None:
    """What a person typed, as a location; None when it names no bucket.

    `s3://bucket/prefix` and a plain `bucket` name a bucket. Text with a slash is a prefix of the bucket
    that is open, or `bucket/prefix` when none is. A prefix is a folder: it gets its `/` at the end.
    """
    text = text.strip()
    is_uri = text[: len(SCHEME)].lower() == SCHEME
    if is_uri:
        text = text[len(SCHEME) :]
    elif current is not None and DELIMITER in text:
        return Location(current.bucket, _as_folder(text))
    bucket, _, prefix = text.partition(DELIMITER)
    if not is_bucket_name(bucket):
        return None
    return Location(bucket, _as_folder(prefix))


def names_folder(text: str) -> bool:
    """True when a text that names a location says that it is a folder: else it may be an object's."""
    return text.strip().endswith(DELIMITER)


def is_bucket_name(text: str) -> bool:
    """True when the text may name a bucket on some S3 server; AWS's own rules are stricter."""
    return bool(text) and text.isprintable() and not any(ch in " :/\\?#" for ch in text)


def _as_folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith(DELIMITER) else prefix + DELIMITER
