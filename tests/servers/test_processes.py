"""Each real server takes an object from boto3 and gives it back."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET
from tests.servers.objects import SeededObject, many
from tests.servers.processes import fault_server_process, moto_server, rclone_server, seaweed_server

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
