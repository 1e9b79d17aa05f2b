"""Each real server takes an object from boto3 and gives it back."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.objects import SeededObject, many
from tests.servers.processes import (
    fault_server_process,
    moto_server,
    rclone_server,
    scripted_server_process,
    seaweed_server,
)

Server = Callable[[Path], AbstractContextManager[Endpoint]]


@pytest.mark.parametrize(
    "server", [rclone_server, seaweed_server, lambda _: moto_server()], ids=["rclone", "seaweedfs", "moto"]
)
def test_an_object_makes_the_round_trip_and_the_server_is_gone_afterwards(
    server: Server, tmp_path: Path
) -> None:
    item = SeededObject("folder/a b+c.bin", 300_000)
    with server(tmp_path) as endpoint:
        s3 = endpoint.client()
        s3.create_bucket(Bucket="round-trip")
        s3.put_object(Bucket="round-trip", Key=item.key, Body=item.read())
        (entry,) = s3.list_objects_v2(Bucket="round-trip")["Contents"]
        assert (entry["Key"], entry["Size"]) == (item.key, item.size_bytes)
        part = s3.get_object(Bucket="round-trip", Key=item.key, Range="bytes=100000-199999")
        assert part["Body"].read() == item.read(100_000, 100_000)
        assert s3.get_object(Bucket="round-trip", Key=item.key)["Body"].read() == item.read()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(endpoint.url).port)) != 0


def test_a_wrong_secret_is_refused_by_the_real_servers(tmp_path: Path) -> None:
    with rclone_server(tmp_path) as endpoint:
        wrong = Endpoint(endpoint.url, endpoint.access_key_id, "wrong").client()
        with pytest.raises(wrong.exceptions.ClientError):
            wrong.list_buckets()


def test_a_fault_server_in_a_process_serves_the_objects_of_many() -> None:
    with fault_server_process(3, 1000) as endpoint:
        client = endpoint.client()
        assert client.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 3
        for item in many(3, 1000):
            assert client.get_object(Bucket=BUCKET, Key=item.key)["Body"].read() == item.read()


def test_a_fault_server_in_a_process_has_the_objects_faults_and_network_of_its_script() -> None:
    big = SeededObject("big", 300_000, algorithms=("crc32c",), part_size_bytes=100_000)
    script = {
        "objects": [
            {"key": "big", "size_bytes": 300_000, "algorithms": ["crc32c"], "part_size_bytes": 100_000},
            {"key": "small/", "count": 3, "size_bytes": 10},
        ],
        "faults": [{"operation": "get", "key": "small/*", "times": 1, "status": 503, "code": "SlowDown"}],
        "keys": True,
        "latency_s": 0.05,
        "rate_bps": 1e8,
    }
    with scripted_server_process(script) as endpoint:
        client = endpoint.client()
        began = time.monotonic()
        head = client.head_object(Bucket=BUCKET, Key="big", ChecksumMode="ENABLED")
        assert time.monotonic() - began >= 0.1
        assert (head["ETag"], head["ChecksumCRC32C"]) == (f'"{big.etag}"', big.checksum("crc32c"))
        assert client.get_object(Bucket=BUCKET, Key="big")["Body"].read() == big.read()
        with pytest.raises(client.exceptions.ClientError, match="SlowDown"):
            client.get_object(Bucket=BUCKET, Key="small/00000.bin")
        assert client.get_object(Bucket=BUCKET, Key="small/00000.bin")["ContentLength"] == 10
        stranger = Endpoint(endpoint.url, "nobody").client()
        with pytest.raises(client.exceptions.ClientError, match="InvalidAccessKeyId"):
            stranger.list_objects_v2(Bucket=BUCKET)
