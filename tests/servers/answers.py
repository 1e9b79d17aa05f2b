"""The fault server's S3: which answer a request gets from the objects, bent by its fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.servers.exchange import Answer, Request, Span, error, http_date
from tests.servers.faults import Fault, Operation
from tests.servers.listing import make_page, to_xml
from tests.servers.objects import SeededObject

_ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}
_XML = {"Content-Type": "application/xml"}


def operation_of(request: Request) -> Operation:
    """What a request asks for."""
    match request.method, bool(request.bucket), bool(request.key):
        case "GET", False, _:
            return Operation.BUCKETS
        case "GET", _, False:
            return Operation.LOCATION if "location" in request.query else Operation.LIST
        case "HEAD", True, False:
            return Operation.HEAD_BUCKET
        case "GET", _, _:
            return Operation.GET
        case "HEAD", True, _:
            return Operation.HEAD
    return Operation.OTHER


class Bucket:
    """One bucket's objects and the answers about them."""

    def __init__(self, name: str, objects: Iterable[SeededObject], region: str) -> None:
        self.name = name
        self._region = region
        self._objects = {item.key: item for item in objects}
        self._keys: Sequence[str] = sorted(self._objects)

    def put(self, item: SeededObject) -> None:
        """Add or replace an object."""
        self._objects = {**self._objects, item.key: item}
        self._keys = sorted(self._objects)

    def remove(self, key: str) -> None:
        """Take an object away."""
        self._objects = {name: item for name, item in self._objects.items() if name != key}
        self._keys = sorted(self._objects)

    def answer(self, operation: Operation, request: Request, fault: Fault, request_id: str) -> Answer:
        """The answer to one request."""
        if operation is Operation.BUCKETS:
            return Answer(200, dict(_XML), self._buckets())
        if operation is Operation.OTHER:
            return error(405, "MethodNotAllowed", "This bucket is read-only.", request_id)
        if request.bucket != self.name:
            return error(
                404, "NoSuchBucket", "The specified bucket does not exist", request_id, request.bucket
            )
        if operation is Operation.HEAD_BUCKET:
            return Answer(200, {"x-amz-bucket-region": self._region})
        if operation is Operation.LOCATION:
            text = f'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{self._region}</LocationConstraint>'
            return Answer(200, dict(_XML), text.encode())
        if operation is Operation.LIST:
            return self._list(request, fault)
        return self._object(operation, request, fault, request_id)

    def _buckets(self) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            "<ListAllMyBucketsResult><Owner><ID>owner</ID></Owner><Buckets>"
            f"<Bucket><Name>{self.name}</Name><CreationDate>2023-11-14T22:13:20.000Z</CreationDate></Bucket>"
            "</Buckets></ListAllMyBucketsResult>"
        ).encode()

    def _list(self, request: Request, fault: Fault) -> Answer:
        page = make_page(self.name, self._keys, self._objects, request.query)
        xml = to_xml(fault.page(page) if fault.page else page)
        return Answer(200, dict(_XML), fault.xml(xml) if fault.xml else xml)

    def _object(self, operation: Operation, request: Request, fault: Fault, request_id: str) -> Answer:
        item = self._objects.get(request.key)
        version = request.query.get("versionId")
        if item is None:
            return error(404, "NoSuchKey", "The specified key does not exist.", request_id, request.key)
        if version is not None and item.version_id is not None and version != item.version_id:
            return error(
                404, "NoSuchVersion", "The specified version does not exist.", request_id, request.key
            )
        if_match = request.headers.get("if-match", "").strip('"')
        if if_match and if_match != item.etag and not fault.ignores_if_match:
            message = "At least one of the pre-conditions you specified did not hold"
            return error(412, "PreconditionFailed", message, request_id, request.key)
        if operation is Operation.HEAD:
            headers = {**_object_headers(item, fault, is_whole=True), "Content-Length": str(item.size_bytes)}
            return Answer(200, headers)
        if item.storage_class in _ARCHIVED:
            message = "The operation is not valid for the object's storage class"
            return error(403, "InvalidObjectState", message, request_id, request.key)
        return _get(item, request.headers.get("range", ""), fault, request_id)


def _get(item: SeededObject, asked: str, fault: Fault, request_id: str) -> Answer:
    span = None if fault.ignores_range else parse_range(asked, item.size_bytes)
    if span is None:
        length = max(0, item.size_bytes - fault.shorten_by)
        return Answer(200, _object_headers(item, fault, is_whole=True), Span(item, 0, length))
    first, last = span
    if first > last:
        answer = error(416, "InvalidRange", "The requested range is not satisfiable", request_id, item.key)
        answer.headers["Content-Range"] = f"bytes */{item.size_bytes}"
        return answer
    last -= min(fault.shorten_by, last - first)
    headers = _object_headers(item, fault, is_whole=False)
    content_range = f"bytes {first}-{last}/{item.size_bytes}"
    if fault.content_range != "":
        headers["Content-Range"] = fault.content_range or content_range
    return Answer(206, headers, Span(item, first, last - first + 1))


def _object_headers(item: SeededObject, fault: Fault, *, is_whole: bool) -> dict[str, str]:
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
    if is_whole and item.checksums:
        headers |= {f"x-amz-checksum-{name}": value for name, value in item.checksums.items()}
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
