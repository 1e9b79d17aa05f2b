"""The fault server's S3: which answer a request gets from the objects, bent by its fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.servers.exchange import Answer, Request, error
from tests.servers.faults import Fault, Operation
from tests.servers.listing import make_page, to_xml
from tests.servers.object_answers import answer_object
from tests.servers.objects import SeededObject
from tests.servers.ready_objects import ReadyObjects

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

    def __init__(self, name: str, objects: Iterable[SeededObject] | ReadyObjects, region: str) -> None:
        self.name = name
        self._region = region
        self._ready = objects if isinstance(objects, ReadyObjects) else None
        self._objects: Mapping[str, SeededObject] = self._ready or {item.key: item for item in objects}
        self._keys: Sequence[str] = self._ready.keys_in_order if self._ready else sorted(self._objects)

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
        return answer_object(self._objects.get(request.key), operation, request, fault, request_id)

    def _buckets(self) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            "<ListAllMyBucketsResult><Owner><ID>owner</ID></Owner><Buckets>"
            f"<Bucket><Name>{self.name}</Name><CreationDate>2023-11-14T22:13:20.000Z</CreationDate></Bucket>"
            "</Buckets></ListAllMyBucketsResult>"
        ).encode()

    def _list(self, request: Request, fault: Fault) -> Answer:
        if self._ready is not None and fault.page is None and fault.xml is None:
            ready = self._ready.page_xml(self.name, request.query)
            if ready is not None:
                return Answer(200, dict(_XML), ready)
        page = make_page(self.name, self._keys, self._objects, request.query)
        xml = to_xml(fault.page(page) if fault.page else page)
        return Answer(200, dict(_XML), fault.xml(xml) if fault.xml else xml)
