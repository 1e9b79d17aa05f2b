"""The fault server's answers about one object: conditions, ranges, parts and checksums, bent by a fault."""

from __future__ import annotations

from tests.servers.exchange import Answer, Request, Span, error, http_date
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject

_ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}


def answer_object(
    item: SeededObject | None, operation: Operation, request: Request, fault: Fault, request_id: str
) -> Answer:
    """The answer to a HEAD or GET of an object; `item` is None when there is none of that key."""
    version = request.query.get("versionId")
    if item is None:
        return error(404, "NoSuchKey", "The specified key does not exist.", request_id, request.key)
    if version is not None and item.version_id is not None and version != item.version_id:
        return error(404, "NoSuchVersion", "The specified version does not exist.", request_id, request.key)
    if_match = request.headers.get("if-match", "").strip('"')
    if if_match not in {"", "*", item.etag} and not fault.ignores_if_match:
        message = "At least one of the pre-conditions you specified did not hold"
        return error(412, "PreconditionFailed", message, request_id, request.key)
    if operation is Operation.GET and item.storage_class in _ARCHIVED:
        message = "The operation is not valid for the object's storage class"
        return error(403, "InvalidObjectState", message, request_id, request.key)
    answer = _part_answer if "partNumber" in request.query else _range_answer
    return answer(item, request, fault, request_id)


def _part_answer(item: SeededObject, request: Request, fault: Fault, request_id: str) -> Answer:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax"""
    text = request.query["partNumber"]
    count = item.part_count or 1
    if not text.isdigit() or not 1 <= int(text) <= count:
        return error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable", request_id)
    first, length = item.part(int(text))
    headers = _headers(item, fault)
    if _is_checksum_asked(request):
        is_part = item.part_count is not None
        headers |= _checksum_headers(item, item.part_checksums(int(text)) if is_part else None)
    if item.part_count is not None:
        headers["x-amz-mp-parts-count"] = str(count)
    return _partial(item, headers, fault, first, first + length - 1)


def _range_answer(item: SeededObject, request: Request, fault: Fault, request_id: str) -> Answer:
    asked = "" if request.method == "HEAD" or fault.ignores_range else request.headers.get("range", "")
    span = parse_range(asked, item.size_bytes)
    headers = _headers(item, fault)
    if span is None:
        if _is_checksum_asked(request):
            headers |= _checksum_headers(item, None)
        length = max(0, item.size_bytes - fault.shorten_by) if request.method == "GET" else item.size_bytes
        return Answer(200, headers, Span(item, 0, length))
    first, last = span
    if first > last:
        answer = error(416, "InvalidRange", "The requested range is not satisfiable", request_id, item.key)
        answer.headers["Content-Range"] = f"bytes */{item.size_bytes}"
        return answer
    number = item.part_at(first, last - first + 1)
    if fault.tells_whole_checksum:
        headers |= _checksum_headers(item, None)
    elif number is not None and _is_checksum_asked(request):
        headers |= _checksum_headers(item, item.part_checksums(number))
    return _partial(item, headers, fault, first, last)


def _partial(item: SeededObject, headers: dict[str, str], fault: Fault, first: int, last: int) -> Answer:
    last -= max(0, min(fault.shorten_by, last - first))
    if fault.content_range != "":
        headers["Content-Range"] = fault.content_range or f"bytes {first}-{last}/{item.size_bytes}"
    return Answer(fault.range_status, headers, Span(item, first + fault.shift_by, last - first + 1))


def _headers(item: SeededObject, fault: Fault) -> dict[str, str]:
    etag = item.etag if fault.etag is None else fault.etag
    headers = {
        "Last-Modified": http_date(item.modified_at),
        "ETag": f'"{etag}"',
        "Accept-Ranges": "bytes",
        "Content-Type": "binary/octet-stream",
    }
    if item.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = item.storage_class
    if item.version_id is not None:
        headers["x-amz-version-id"] = item.version_id
    return headers


def _is_checksum_asked(request: Request) -> bool:
    return request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"


def _checksum_headers(item: SeededObject, of_part: dict[str, str] | None) -> dict[str, str]:
    told = item.told_checksums() if of_part is None else of_part
    headers = {f"x-amz-checksum-{name}": value for name, value in told.items()}
    if headers:
        headers["x-amz-checksum-type"] = item.checksum_type
    return headers


def parse_range(text: str, size_bytes: int) -> tuple[int, int] | None:
    """First and last offset of a single range; first > last when it cannot be met, None for no range.

    https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
    """
    unit, _, spec = text.partition("=")
    first, dash, last = spec.partition("-")
    if unit != "bytes" or not dash or "," in spec or not (first or last):
        return None
    if not first:
        return (size_bytes - min(int(last), size_bytes), size_bytes - 1) if int(last) else (1, 0)
    if int(first) >= size_bytes:
        return 1, 0
    return int(first), min(int(last) if last else size_bytes - 1, size_bytes - 1)
