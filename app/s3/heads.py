"""What the head of a GET or a HEAD says about an object, and whether it is the one that was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import ObjectInfo
from app.engine.ports import BodySink, GetHead, GetRequest
from app.s3.dates import http_date
from app.s3.http import HttpHead
from app.s3.page_parser import NO_SIZE, unquoted

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII)
_PARTS_ETAG = re.compile(r"-\d+$", re.ASCII)
_PARTS = re.compile(r"\d{1,5}", re.ASCII)
_CHECKSUM = "x-amz-checksum-"
_CHECKSUM_TYPE = "x-amz-checksum-type"
_ENCRYPTION = "x-amz-server-side-encryption"
_KMS = frozenset({"aws:kms", "aws:kms:dsse"})


class HeadJudge:
    """Stands between the transport and a sink: ETag and version are compared before the first byte."""

    def __init__(self, request: GetRequest, sink: BodySink) -> None:
        self._request = request
        self._sink = sink
        self.write = sink.write
        self.head: GetHead

    def begin(self, head: HttpHead) -> None:
        """Compare the answer with what was pinned and hand its head to the sink; raises TransferError."""
        self.head = get_head(head)
        judge_pins(self._request, self.head)
        self._sink.begin(self.head)


def judge_pins(request: GetRequest, head: GetHead) -> None:
    """Raise CHANGED when an answer has another ETag or version than the request pinned."""
    wanted = unquoted(request.if_match)
    is_other_etag = bool(wanted and head.etag) and wanted != head.etag
    is_other_version = bool(request.version_id and head.version_id) and request.version_id != head.version_id
    if is_other_etag or is_other_version:
        raise TransferError(
            ErrorKind.CHANGED,
            f"{plain_text(request.key)} changed while it was being downloaded. "
            "Start it again to get the new one.",
        )


def get_head(head: HttpHead) -> GetHead:
    """The head of a GET as the engine judges it."""
    headers = head.headers
    first = last = total = None
    length = head.length_bytes
    told = headers.get("content-range")
    found = _CONTENT_RANGE.fullmatch(told) if told else None
    if found:
        first, last = int(found[1]), int(found[2])
        total = None if found[3] == "*" else int(found[3])
    elif head.status == 200:
        total = length
    etag = unquoted(headers.get("etag", ""))
    parts = headers.get("x-amz-mp-parts-count")
    return GetHead(
        status=head.status,
        length_bytes=length,
        etag=etag,
        version_id=headers.get("x-amz-version-id"),
        modified_at=http_date(headers.get("last-modified", "")),
        range_first=first,
        range_last=last,
        total_bytes=total,
        checksums=_checksums(headers, is_in_parts=_PARTS_ETAG.search(etag) is not None),
        is_etag_md5=_is_etag_md5(headers),
        parts_count=int(parts) if parts and _PARTS.fullmatch(parts) else None,
    )


def _checksums(headers: Mapping[str, str], *, is_in_parts: bool) -> dict[str, str]:
    """The checksums by algorithm, those left out of which it is not told whether they are of the whole.

    Of a multipart upload they may be of its parts, though they do not say so (moto 5.2); CRC64NVME never is:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    told = {
        name[len(_CHECKSUM) :]: value
        for name, value in headers.items()
        if name[: len(_CHECKSUM)] == _CHECKSUM and name != _CHECKSUM_TYPE
    }
    if not told or not is_in_parts or headers.get(_CHECKSUM_TYPE) == "FULL_OBJECT":
        return told
    return {name: value for name, value in told.items() if name == "crc64nvme" or "-" in value}


def _is_etag_md5(headers: Mapping[str, str]) -> bool:
    """False for SSE-KMS, SSE-C and directory buckets, whose ETags look like an MD5 and are none.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    is_keyed = headers.get(_ENCRYPTION) in _KMS or f"{_ENCRYPTION}-customer-algorithm" in headers
    return not is_keyed and headers.get("x-amz-storage-class") != "EXPRESS_ONEZONE"


def object_info(key: str, head: HttpHead) -> ObjectInfo:
    """The object that a HEAD describes."""
    headers = head.headers
    length = head.length_bytes
    return ObjectInfo(
        key=key,
        size_bytes=length or 0,
        etag=unquoted(headers.get("etag", "")),
        modified_at=http_date(headers.get("last-modified", "")),
        storage_class=headers.get("x-amz-storage-class") or "STANDARD",
        version_id=headers.get("x-amz-version-id"),
        is_restored='ongoing-request="false"' in headers.get("x-amz-restore", ""),
        problem="" if length is not None else NO_SIZE,
    )
