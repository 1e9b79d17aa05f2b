"""`s3://bucket/key` as people type it. The key is taken as it stands: nothing is unquoted."""

from __future__ import annotations

from app.core.errors import ErrorKind, TransferError
from app.core.objects import Source

SCHEME = "s3://"


def parse_source(text: str) -> Source:
    """A SOURCE of the command line. A bare bucket or a trailing `/` means everything below it.

    Raises TransferError(USAGE) for anything that is no S3 URI.
    """
    if not text.startswith(SCHEME):
        raise TransferError(ErrorKind.USAGE, f"{text!r} is no S3 address. It must begin with s3://.")
    bucket, _, key = text[len(SCHEME) :].partition("/")
    if not bucket:
        raise TransferError(ErrorKind.USAGE, f"{text!r} names no bucket. Write s3://BUCKET/KEY.")
    is_prefix = not key or key.endswith("/")
    return Source(bucket, key, is_prefix, base=key[: key.rfind("/") + 1])
