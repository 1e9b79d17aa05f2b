"""`get` from servers that others wrote: every byte compared, and what each server lets us verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Ran, files_of, run
from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import Keys
from tests.servers.objects import SeededObject
from tests.servers.processes import moto_server, rclone_server, seaweed_server
from tests.servers.proxy import Proxy

Server = Callable[[Path], AbstractContextManager[Endpoint]]
MIB = 1 << 20
BUCKET = "interop"
OBJECTS = [
    *(SeededObject(f"data/{index:03}.bin", 1 + 997 * index) for index in range(120)),
    SeededObject("data/large.bin", 20 * MIB + 7),
    SeededObject("data/empty", 0),
    SeededObject("data/sub/a b+c%20d.txt", 1234),
    SeededObject("data/sub/fünf 🚀 & <b>.txt", 77),
]
LARGE = SeededObject("", 17 * MIB + 5, part_size_bytes=5 * MIB)
UPLOADS = {
    "plain": "",
    "crc32": "CRC32",
    "crc32c": "CRC32C",
    "crc64nvme": "CRC64NVME",
    "sha1": "SHA1",
    "sha256": "SHA256",
}
"""The large objects by key, each uploaded in parts with this checksum."""

# moto says of a composite checksum neither that it is one nor of how many parts; its MD5 ETag says both.
VERIFIED = {
    "rclone": dict.fromkeys(UPLOADS, "md5"),
    "seaweedfs": {**{key: key for key in UPLOADS}, "plain": "md5"},
    "moto": {**dict.fromkeys(UPLOADS, "md5"), "crc64nvme": "crc64nvme"},
}
SERVERS: dict[str, Server] = {
    "rclone": rclone_server,
    "seaweedfs": seaweed_server,
    "moto": lambda _: moto_server(),
}


def _get(endpoint: Endpoint, *words: str) -> Ran:
    keys = Keys(endpoint.access_key_id, endpoint.secret_access_key)
    return run("get", *words, "--endpoint-url", endpoint.url, "--json", keys=keys)


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server's name and its endpoint; OBJECTS and UPLOADS are in its bucket."""
    with SERVERS[request.param](tmp_path_factory.mktemp("served")) as endpoint:
        s3 = endpoint.client()
        s3.create_bucket(Bucket=BUCKET)
        for item in OBJECTS:
            s3.put_object(Bucket=BUCKET, Key=item.key, Body=item.read())
        for key, algorithm in UPLOADS.items():
            _upload_in_parts(s3, f"large/{key}", algorithm)
        yield request.param, endpoint


def _upload_in_parts(s3: Any, key: str, algorithm: str) -> None:
    how = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    begun = s3.create_multipart_upload(Bucket=BUCKET, Key=key, **how)
    upload = {"Bucket": BUCKET, "Key": key, "UploadId": begun["UploadId"]}
    parts = []
    for number in range(1, (LARGE.part_count or 0) + 1):
        body = LARGE.read(*LARGE.part(number))
        sent = s3.upload_part(**upload, PartNumber=number, Body=body, **how)
        told = {name: value for name, value in sent.items() if name in {"ETag", f"Checksum{algorithm}"}}
        parts.append({"PartNumber": number, **told})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def test_every_byte_of_a_real_server_arrives(served: tuple[str, Endpoint], tmp_path: Path) -> None:
    _, endpoint = served
    whole = _get(endpoint, f"s3://{BUCKET}/data/", str(tmp_path / "to"))
    again = _get(endpoint, f"s3://{BUCKET}/data/", str(tmp_path / "to"))
    one = _get(endpoint, f"s3://{BUCKET}/data/large.bin", str(tmp_path / "one"))
    missing = _get(endpoint, "s3://another-bucket/", str(tmp_path / "none"))
    assert whole.code == 0, whole.err
    assert files_of(tmp_path / "to") == {item.key.removeprefix("data/"): item.read() for item in OBJECTS}
    assert {file["verified"] for file in whole.receipt["files"]} <= {"md5", "crc32", "crc64nvme"}
    assert again.receipt["counts"]["done"] == 0
    assert one.code == 0
    assert files_of(tmp_path / "one") == {"large.bin": OBJECTS[-4].read()}
    assert missing.code == 2
    assert "another-bucket" in missing.err


@pytest.mark.parametrize("part_size", ["1MiB", "5MiB", "7MiB", "64MiB"])
def test_large_objects_uploaded_in_parts_arrive_in_ranges_of_any_size(
    served: tuple[str, Endpoint], tmp_path: Path, part_size: str
) -> None:
    name, endpoint = served
    ran = _get(endpoint, f"s3://{BUCKET}/large/", str(tmp_path), "--part-size", part_size)
    assert ran.code == 0, ran.err
    assert files_of(tmp_path) == dict.fromkeys(UPLOADS, LARGE.read())
    verified = {file["key"].removeprefix("large/"): file["verified"] for file in ran.receipt["files"]}
    if part_size == "64MiB":
        # One GET: parts are not asked for.
        assert {key: value for key, value in verified.items() if value} == {
            key: value for key, value in VERIFIED[name].items() if key == "crc64nvme" or name == "rclone"
        }
    else:
        assert verified == VERIFIED[name]


def test_bits_flipped_on_the_way_from_a_real_server_are_found(
    served: tuple[str, Endpoint], tmp_path: Path
) -> None:
    _, endpoint = served
    with Proxy(endpoint.url, flip_every=3 * MIB) as proxy:
        ran = _get(
            replace(endpoint, url=proxy.endpoint_url), f"s3://{BUCKET}/large/", str(tmp_path), "--keep-going"
        )
    assert ran.code == 1
    assert [file["error"]["kind"] for file in ran.receipt["files"]] == ["checksum"] * len(UPLOADS)
    assert [name for name in files_of(tmp_path) if not name.endswith(".s3part")] == []
