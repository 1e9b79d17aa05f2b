"""What the fault server tells of an object's checksums, whole, by range and by part, as S3 does."""

from __future__ import annotations

import base64
import hashlib
import http.client
import zlib
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault
from tests.servers.objects import COMPOSITE, FULL_OBJECT, SeededObject

ALGORITHMS = ("crc64nvme", "crc32c", "crc32", "sha256", "sha1")
PART = 100_000
WHOLE = SeededObject("whole", 3 * PART + 17, algorithms=ALGORITHMS)
PARTED = replace(WHOLE, key="parted", part_size_bytes=PART)
COMPOSED = replace(PARTED, key="composed", checksum_type=COMPOSITE, algorithms=("crc32", "sha256"))
ASKED = {"x-amz-checksum-mode": "ENABLED"}


def ask(
    server: FaultServer, method: str, target: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=5)) as connection:
        connection.request(method, f"/{BUCKET}/{target}", headers=headers or {})
        response = connection.getresponse()
        return response, response.read()


def told(response: http.client.HTTPResponse) -> dict[str, str]:
    """The checksum headers without their common start."""
    start = "x-amz-checksum-"
    return {name[len(start) :]: value for name, value in response.getheaders() if name.startswith(start)}


def test_checksums_are_those_of_the_bytes() -> None:
    content = WHOLE.read()
    assert WHOLE.checksum("sha256") == base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert WHOLE.checksum("sha1") == base64.b64encode(hashlib.sha1(content).digest()).decode()
    assert WHOLE.checksum("crc32") == base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def test_a_multipart_etag_is_the_md5_of_the_parts_md5s() -> None:
    parts = [hashlib.md5(PARTED.read(*PARTED.part(number))).digest() for number in range(1, 5)]
    assert PARTED.etag == f"{hashlib.md5(b''.join(parts)).hexdigest()}-4"
    assert replace(PARTED, fixed_etag="mine").etag == "mine"
    assert replace(PARTED, size_bytes=0).etag.endswith("-1")


def test_a_composite_checksum_is_that_of_the_parts_checksums() -> None:
    parts = [zlib.crc32(COMPOSED.read(*COMPOSED.part(number))).to_bytes(4, "big") for number in range(1, 5)]
    value = zlib.crc32(b"".join(parts)).to_bytes(4, "big")
    assert COMPOSED.told_checksums()["crc32"] == f"{base64.b64encode(value).decode()}-4"


def test_checksums_are_told_only_to_those_who_ask() -> None:
    with FaultServer([WHOLE]) as server:
        for method in ("HEAD", "GET"):
            assert told(ask(server, method, "whole")[0]) == {}
            answer = told(ask(server, method, "whole", ASKED)[0])
            assert answer == {name: WHOLE.checksum(name) for name in ALGORITHMS} | {"type": FULL_OBJECT}


def test_a_composite_checksum_is_told_as_one() -> None:
    with FaultServer([COMPOSED]) as server:
        answer = told(ask(server, "HEAD", "composed", ASKED)[0])
    assert answer == COMPOSED.told_checksums() | {"type": COMPOSITE}
    assert answer["sha256"].endswith("-4")


@pytest.mark.parametrize("key", ["whole", "parted"])
@pytest.mark.parametrize("range_asked", ["bytes=0-99", f"bytes=0-{PART}", f"bytes=1-{PART}", "bytes=5-"])
def test_a_range_tells_no_checksum(key: str, range_asked: str) -> None:
    with FaultServer([WHOLE, PARTED]) as server:
        response, _ = ask(server, "GET", key, {"Range": range_asked, **ASKED})
    assert response.status == 206
    assert told(response) == {}


@pytest.mark.parametrize(("number", "span"), [(2, f"{PART}-{2 * PART - 1}"), (4, f"{3 * PART}-")])
def test_a_range_that_is_a_part_tells_that_parts_checksum(number: int, span: str) -> None:
    with FaultServer([PARTED]) as server:
        response, body = ask(server, "GET", "parted", {"Range": f"bytes={span}", **ASKED})
    assert body == PARTED.read(*PARTED.part(number))
    assert told(response) == PARTED.part_checksums(number) | {"type": FULL_OBJECT}


def test_a_fault_tells_the_whole_checksum_with_a_range_as_rclone_does() -> None:
    with FaultServer([WHOLE], [Fault(tells_whole_checksum=True, range_status=200)]) as server:
        response, body = ask(server, "GET", "whole", {"Range": "bytes=100-199"})
    assert (response.status, response.headers["Content-Range"]) == (200, f"bytes 100-199/{WHOLE.size_bytes}")
    assert body == WHOLE.read(100, 100)
    assert told(response)["crc32"] == WHOLE.checksum("crc32")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_part_is_answered_by_its_number(method: str) -> None:
    with FaultServer([COMPOSED]) as server:
        response, body = ask(server, method, "composed?partNumber=4", ASKED)
    assert response.status == 206
    assert response.headers["Content-Range"] == f"bytes {3 * PART}-{3 * PART + 16}/{COMPOSED.size_bytes}"
    assert (response.headers["Content-Length"], response.headers["x-amz-mp-parts-count"]) == ("17", "4")
    assert told(response) == COMPOSED.part_checksums(4) | {"type": COMPOSITE}
    assert response.headers["ETag"] == f'"{COMPOSED.etag}"'
    assert body == (COMPOSED.read(3 * PART) if method == "GET" else b"")


def test_an_object_of_one_piece_is_its_own_first_part() -> None:
    with FaultServer([WHOLE]) as server:
        response, body = ask(server, "GET", "whole?partNumber=1", ASKED)
        assert ask(server, "GET", "whole?partNumber=2")[0].status == 416
    assert (response.status, body) == (206, WHOLE.read())
    assert "x-amz-mp-parts-count" not in response.headers
    assert told(response)["sha1"] == WHOLE.checksum("sha1")


@pytest.mark.parametrize("algorithm", ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"])
def test_boto3_accepts_each_checksum_and_catches_a_flipped_bit(algorithm: str) -> None:
    item = SeededObject("x", 1000, algorithms=(algorithm,))
    with FaultServer([item]) as server:
        client = Endpoint(server.endpoint_url).client()
        asked = {"Bucket": BUCKET, "Key": "x", "ChecksumMode": "ENABLED"}
        assert client.get_object(**asked)["Body"].read() == item.read()
        server.add_fault(Fault(flip_at=500))
        with pytest.raises(Exception, match="checksum"):
            client.get_object(**asked)["Body"].read()


def test_a_large_objects_checksums_need_no_memory_and_are_computed_once() -> None:
    large = SeededObject("large", 200 << 20, part_size_bytes=8 << 20, algorithms=("crc64nvme",))
    with FaultServer([large]) as server:
        first = ask(server, "HEAD", "large", ASKED)[0]
        assert told(first) == told(ask(server, "HEAD", "large", ASKED)[0])
        assert first.headers["ETag"].endswith('-25"')
