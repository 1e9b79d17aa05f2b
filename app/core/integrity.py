"""What the server says an object's bytes hash to, and whether the bytes that came agree."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from app.core.errors import ErrorKind, TransferError, plain_text

_COMPOSITE = re.compile(r"(.+)-([1-9]\d{0,4})", re.ASCII | re.DOTALL)
_MD5_ETAG = re.compile(r"[0-9a-f]{32}")


class Algorithm(Enum):
    """A checksum over an object's bytes, in order of preference; the value is S3's word for it.

    The CRCs come first because they are cheap and can be combined over ranges.
    """

    CRC64NVME = "crc64nvme"
    CRC32C = "crc32c"
    CRC32 = "crc32"
    SHA256 = "sha256"
    SHA1 = "sha1"
    MD5 = "md5"

    @property
    def is_combinable(self) -> bool:
        """True when the checksum of the whole follows from those of its ranges and their lengths."""
        return self in _CRCS

    @property
    def width_bytes(self) -> int:
        """Bytes of a digest."""
        return _WIDTHS[self]


_CRCS = frozenset({Algorithm.CRC64NVME, Algorithm.CRC32C, Algorithm.CRC32})
_WIDTHS = {
    Algorithm.CRC64NVME: 8,
    Algorithm.CRC32C: 4,
    Algorithm.CRC32: 4,
    Algorithm.SHA256: 32,
    Algorithm.SHA1: 20,
    Algorithm.MD5: 16,
}
_HEADER_ALGORITHMS = tuple(algorithm for algorithm in Algorithm if algorithm is not Algorithm.MD5)


class Expectation(NamedTuple):
    """The digest that the whole object's bytes must have. An MD5 was told by the ETag."""

    algorithm: Algorithm
    digest: bytes


@dataclass(frozen=True, slots=True)
class CompositeExpectation:
    """The digest that the digests of the object's parts must have, one behind the other in their order.

    S3 calls it composite; the ETag of a multipart upload is one by MD5. `reason` is what is to be said when
    the parts' sizes cannot be told.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    """

    algorithm: Algorithm
    digest: bytes
    parts: int
    reason: Unverifiable


class Unverifiable(Enum):
    """Why no digest of the whole object is known; the value is the reason in words."""

    COMPOSITE_CHECKSUM = "size and ETag only: the checksum covers parts, not the whole object"
    UNKNOWN_CHECKSUM = "size and ETag only: the server's checksum is of no kind that can be compared"
    MULTIPART_ETAG = "size and ETag only: the ETag of a multipart upload is no MD5 of the whole object"
    OTHER_ETAG = "size and ETag only: the ETag is no MD5 of the object"
    NOTHING_TOLD = "no checksum from the server"


def expectation_of(
    checksums: Mapping[str, str], etag: str, *, is_etag_md5: bool
) -> Expectation | CompositeExpectation | Unverifiable:
    """The best digest that the server told of the object, or why it told none: of the whole, then by parts.

    `checksums` maps a lower-case algorithm to a header's base64 text, `etag` has no quotes; both must be of
    an answer about the whole object. The answer to a byte range may carry the checksum of one part of a
    multipart upload, in the same form:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
    `is_etag_md5` is False when the answer says that its ETag is none, whatever it looks like. A value that is
    malformed or of the wrong width counts as not told.
    """
    for algorithm in _HEADER_ALGORITHMS if checksums else ():
        digest = _decoded(checksums.get(algorithm.value, ""))
        if len(digest) == algorithm.width_bytes:
            return Expectation(algorithm, digest)
    if is_etag_md5 and looks_like_md5(etag):
        return Expectation(Algorithm.MD5, bytes.fromhex(etag))
    return _composite_of(checksums, etag if is_etag_md5 else "") or _reason(checksums, etag)


def looks_like_md5(etag: str) -> bool:
    """True when an ETag without quotes has the form of an MD5; that of a multipart upload has not."""
    return _MD5_ETAG.fullmatch(etag) is not None


def check(expectation: Expectation | CompositeExpectation, actual: bytes, subject: str) -> None:
    """Raise CHECKSUM unless `actual`, the digest of the bytes that came, is the expected one.

    `subject` names the object in the message.
    """
    if actual == expectation.digest:
        return
    name, algorithm = plain_text(subject), expectation.algorithm
    if algorithm is Algorithm.MD5:
        what = f"MD5 differs from ETag: what came of {name} is not what the server says it stored."
    else:
        what = f"{algorithm.value} of {name} differs from what the server says."
    raise TransferError(
        ErrorKind.CHECKSUM, f"{what} The bytes were damaged on the way or on the server: download it again."
    )


def _composite_of(checksums: Mapping[str, str], etag: str) -> CompositeExpectation | None:
    for algorithm in _HEADER_ALGORITHMS if checksums else ():
        found = _COMPOSITE.fullmatch(checksums.get(algorithm.value, ""))
        if found and len(digest := _decoded(found[1])) == algorithm.width_bytes:
            return CompositeExpectation(algorithm, digest, int(found[2]), Unverifiable.COMPOSITE_CHECKSUM)
    found = _COMPOSITE.fullmatch(etag)
    if found and looks_like_md5(found[1]):
        digest = bytes.fromhex(found[1])
        return CompositeExpectation(Algorithm.MD5, digest, int(found[2]), Unverifiable.MULTIPART_ETAG)
    return None


def _decoded(text: str) -> bytes:
    """The bytes of strict base64, empty for anything else (a composite value's `-N` is not base64)."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return b""


def _reason(checksums: Mapping[str, str], etag: str) -> Unverifiable:
    if any(_COMPOSITE.fullmatch(value) for value in checksums.values()):
        return Unverifiable.COMPOSITE_CHECKSUM
    if checksums:
        return Unverifiable.UNKNOWN_CHECKSUM
    if _COMPOSITE.fullmatch(etag):
        return Unverifiable.MULTIPART_ETAG
    return Unverifiable.OTHER_ETAG if etag else Unverifiable.NOTHING_TOLD
