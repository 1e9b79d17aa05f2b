"""`get` from servers that others wrote: every byte compared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.command import Ran, files_of, run
from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import Keys
from tests.servers.objects import SeededObject
from tests.servers.processes import moto_server, rclone_server, seaweed_server

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


def _get(endpoint: Endpoint, *words: str) -> Ran:
    keys = Keys(endpoint.access_key_id, endpoint.secret_access_key)
    return run("get", *words, "--endpoint-url", endpoint.url, "--json", keys=keys)


@pytest.mark.parametrize(
    "server", [rclone_server, seaweed_server, lambda _: moto_server()], ids=["rclone", "seaweedfs", "moto"]
)
def test_every_byte_of_a_real_server_arrives(server: Server, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    with server(tmp_path / "served") as endpoint:
        s3 = endpoint.client()
        s3.create_bucket(Bucket=BUCKET)
        for item in OBJECTS:
            s3.put_object(Bucket=BUCKET, Key=item.key, Body=item.read())
        whole = _get(endpoint, f"s3://{BUCKET}/data/", str(tmp_path / "to"))
        again = _get(endpoint, f"s3://{BUCKET}/data/", str(tmp_path / "to"))
        one = _get(endpoint, f"s3://{BUCKET}/data/large.bin", str(tmp_path / "one"))
        missing = _get(endpoint, "s3://another-bucket/", str(tmp_path / "none"))
    assert whole.code == 0, whole.err
    assert files_of(tmp_path / "to") == {item.key.removeprefix("data/"): item.read() for item in OBJECTS}
    assert again.receipt["counts"]["done"] == 0
    assert one.code == 0
    assert files_of(tmp_path / "one") == {"large.bin": OBJECTS[-4].read()}
    assert missing.code == 2
    assert "another-bucket" in missing.err
