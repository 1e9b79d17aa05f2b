"""The demo bucket: a believable S3 in a child process, with faults that can be switched while it runs."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import pytest
from botocore.exceptions import ClientError

from app.core.errors import ErrorKind, TransferError
from app.core.objects import ARCHIVED_CLASSES, DEMO_BUCKET, ConnectionSpec, DemoFault
from app.demo import FAULTS_PATH, TOKEN_HEADER, DemoServer
from app.demo.contents import FAULTY_KEYS, FILM_BYTES, STILLS, DemoObject, demo_objects, film_bytes
from tests.servers.endpoint import Endpoint

T = TypeVar("T")
FILM = "interviews/01-uncut.mov"
OBJECTS = {item.key: item for item in demo_objects()}
WAIT_S = 20.0


async def in_thread(function: Callable[[], T]) -> T:
    return await asyncio.to_thread(function)


class Demo:
    """A DemoServer with a loop of its own, driven step by step from the test."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.server = DemoServer(in_thread)
        self.spec = self.start()

    def start(self) -> ConnectionSpec:
        self.spec = self.runner.run(self.server.start())
        return self.spec

    def switch(self, fault: DemoFault, is_on: bool) -> None:
        self.runner.run(self.server.set_fault(fault, is_on))

    def close(self) -> None:
        self.runner.run(self.server.close())
        self.runner.close()

    @property
    def port(self) -> int:
        return urlsplit(self.spec.endpoint_url).port or 0

    def client(self) -> Any:
        spec = self.spec
        return Endpoint(spec.endpoint_url, spec.access_key_id, spec.secret_access_key).client()

    def ask(
        self, method: str, path: str, headers: dict[str, str], timeout_s: float = WAIT_S
    ) -> http.client.HTTPResponse:
        """The head of an answer; the connection stays open until the response is closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        connection.request(method, path, headers=headers)
        return connection.getresponse()

    def get(self, key: str, timeout_s: float = WAIT_S) -> http.client.HTTPResponse:
        return self.ask("GET", f"/{DEMO_BUCKET}/{quote(key)}", {"Authorization": "anyone"}, timeout_s)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with closing(Demo()) as running:
        yield running


@pytest.fixture
def fault_on(demo: Demo) -> Iterator[Callable[[DemoFault], str]]:
    """Switches a fault on until the test ends; gives the key it spoils."""

    def switch(fault: DemoFault) -> str:
        demo.switch(fault, True)
        return FAULTY_KEYS[fault]

    yield switch
    for fault in DemoFault:
        demo.switch(fault, False)


def expected_body(item: DemoObject) -> bytes:
    return b"".join(film_bytes(item.key, 0, item.size_bytes)) if item.body is None else item.body


def test_the_listing_tells_every_object_with_its_size_time_and_class(demo: Demo) -> None:
    pages = (
        demo.client()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=DEMO_BUCKET, PaginationConfig={"PageSize": 100})
    )
    entries = [entry for page in pages for entry in page["Contents"]]
    assert [entry["Key"] for entry in entries] == sorted(OBJECTS)
    for entry in entries:
        item = OBJECTS[entry["Key"]]
        assert (entry["Size"], entry["StorageClass"]) == (item.size_bytes, item.storage_class)
        assert entry["LastModified"] == item.modified_at


def test_a_delimiter_folds_the_folders(demo: Demo) -> None:
    page = demo.client().list_objects_v2(Bucket=DEMO_BUCKET, Delimiter="/")
    folders = [prefix["Prefix"] for prefix in page["CommonPrefixes"]]
    assert {"stills/", "interviews/", "odd names/", "empty folder/"} <= set(folders)
    assert [entry["Key"] for entry in page["Contents"]] == ["README.txt"]
    stills = demo.client().list_objects_v2(Bucket=DEMO_BUCKET, Prefix="stills/", Delimiter="/")
    assert stills["KeyCount"] == STILLS


def test_every_object_outside_the_archive_downloads_as_it_was_made(demo: Demo) -> None:
    client = demo.client()
    picked = [
        item for item in OBJECTS.values() if not item.key.startswith("stills/") or item.key < "stills/001"
    ]
    for item in picked:
        if item.storage_class in ARCHIVED_CLASSES:
            with pytest.raises(ClientError, match="InvalidObjectState"):
                client.get_object(Bucket=DEMO_BUCKET, Key=item.key)
        elif item.body is not None:
            answer = client.get_object(Bucket=DEMO_BUCKET, Key=item.key, ChecksumMode="ENABLED")
            assert answer["Body"].read() == expected_body(item), item.key
            assert answer["ChecksumCRC64NVME"]


def test_a_films_ranges_are_parts_of_one_film(demo: Demo) -> None:
    client = demo.client()
    whole = expected_body(OBJECTS[FILM])
    assert client.head_object(Bucket=DEMO_BUCKET, Key=FILM)["ContentLength"] == FILM_BYTES == len(whole)
    for first, last in ((0, 99), (8 << 20, (8 << 20) + 70_000), (FILM_BYTES - 10, FILM_BYTES - 1)):
        answer = client.get_object(Bucket=DEMO_BUCKET, Key=FILM, Range=f"bytes={first}-{last}")
        assert answer["ContentRange"] == f"bytes {first}-{last}/{FILM_BYTES}"
        assert answer["Body"].read() == whole[first : last + 1]


@pytest.mark.parametrize(
    ("arguments", "status"), [({"IfMatch": '"other"'}, 412), ({"Range": "bytes=99999999999-"}, 416)]
)
def test_a_film_is_refused_like_any_object(demo: Demo, arguments: dict[str, str], status: int) -> None:
    with pytest.raises(ClientError) as caught:
        demo.client().get_object(Bucket=DEMO_BUCKET, Key=FILM, **arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_denied_object_answers_with_s3s_error_and_a_request_id(
    demo: Demo, fault_on: Callable[[DemoFault], str]
) -> None:
    key = fault_on(DemoFault.DENY_ONE)
    with pytest.raises(ClientError) as caught:
        demo.client().get_object(Bucket=DEMO_BUCKET, Key=key)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    demo.switch(DemoFault.DENY_ONE, False)
    answer = demo.client().get_object(Bucket=DEMO_BUCKET, Key=key)
    assert answer["Body"].read() == OBJECTS[key].body


def test_a_stalled_object_goes_on_when_the_fault_is_switched_off(
    demo: Demo, fault_on: Callable[[DemoFault], str]
) -> None:
    key = fault_on(DemoFault.STALL_ONE)
    with closing(demo.get(key)) as response:
        start = response.read(10_000)
        demo.switch(DemoFault.STALL_ONE, False)
        assert start + response.read() == OBJECTS[key].body


def test_a_stalled_object_sends_nothing_after_its_first_bytes(
    demo: Demo, fault_on: Callable[[DemoFault], str]
) -> None:
    with closing(demo.get(fault_on(DemoFault.STALL_ONE), timeout_s=0.5)) as response:
        assert len(response.read(10_000)) == 10_000
        with pytest.raises(TimeoutError):
            response.read(1)


def test_a_dropped_object_ends_half_way_every_time(demo: Demo, fault_on: Callable[[DemoFault], str]) -> None:
    key = fault_on(DemoFault.DROP_ONE)
    body = OBJECTS[key].body or b""
    for _ in range(2):
        with closing(demo.get(key)) as response, pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        assert caught.value.partial == body[: len(body) // 2]


def test_a_fault_leaves_the_other_objects_alone(demo: Demo, fault_on: Callable[[DemoFault], str]) -> None:
    for fault in DemoFault:
        fault_on(fault)
    with closing(demo.get("stills/0044.tif")) as response:
        assert response.read() == OBJECTS["stills/0044.tif"].body


@pytest.mark.parametrize("token", ["", "guess"])
def test_the_control_path_is_closed_without_the_token(demo: Demo, token: str) -> None:
    with closing(demo.ask("PUT", f"{FAULTS_PATH}deny_one", {TOKEN_HEADER: token})) as response:
        assert response.status == 404
    with closing(demo.get(FAULTY_KEYS[DemoFault.DENY_ONE])) as response:
        assert response.status == 200


def test_starting_again_keeps_the_server_that_runs(demo: Demo) -> None:
    pid = demo.server.process_id
    assert demo.start() == demo.spec
    assert demo.server.process_id == pid


def test_a_child_that_died_is_started_anew_and_close_is_idempotent() -> None:
    demo = Demo()
    first = demo.server.process_id
    assert first is not None
    with socket.create_connection(("127.0.0.1", demo.port), timeout=WAIT_S) as line:
        os.kill(first, signal.SIGKILL)
        wait_for_end(line)
    with pytest.raises(TransferError, match="not running"):
        demo.switch(DemoFault.DENY_ONE, True)
    demo.start()
    assert demo.server.process_id != first
    assert demo.client().list_objects_v2(Bucket=DEMO_BUCKET)["KeyCount"] == len(OBJECTS)
    demo.runner.run(demo.server.close())
    demo.close()
    assert demo.server.process_id is None


def wait_for_end(line: socket.socket) -> None:
    """Wait until the process at the other end of a connection is gone."""
    try:
        assert line.recv(1) == b""
    except ConnectionResetError:
        return


PARENT = """
import asyncio, sys, time
from app.demo import DemoServer

async def main():
    server = DemoServer(asyncio.to_thread)
    print((await server.start()).endpoint_url, flush=True)
    if sys.argv[1] == "wait":
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["wait", "leave"])
def test_the_child_ends_with_its_parent_however_that_ends(way: str) -> None:
    command = [sys.executable, "-c", PARENT, way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = urlsplit(parent.stdout.readline().strip()).port
        if way == "wait":
            with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as line:
                parent.kill()
                wait_for_end(line)
        else:
            assert parent.wait(WAIT_S) == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_start_that_is_cancelled_leaves_no_child_and_may_be_repeated() -> None:
    async def run() -> str:
        waiting = asyncio.Event()

        async def offload(function: Callable[[], T]) -> T:
            waiting.set()
            return await asyncio.to_thread(function)

        server = DemoServer(offload)
        first = asyncio.create_task(server.start())
        await waiting.wait()
        pid = server.process_id
        assert pid is not None
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert server.process_id is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        spec = await server.start()
        await server.close()
        return spec.endpoint_url

    assert asyncio.run(asyncio.wait_for(run(), 2 * WAIT_S)).startswith("http://127.0.0.1:")


def test_without_moto_the_person_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TransferError, match=r"pip install 'downspout\[demo\]'") as caught:
        asyncio.run(DemoServer(in_thread).start())
    assert caught.value.kind is ErrorKind.USAGE


def test_a_fault_before_the_start_is_refused_with_the_next_step() -> None:
    with pytest.raises(TransferError, match="Open it again from the Demo menu"):
        asyncio.run(DemoServer(in_thread).set_fault(DemoFault.DENY_ONE, True))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_child_is_told_nothing_of_the_machines_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
    monkeypatch.setenv("AWS_PROFILE", "work")
    with closing(Demo()) as demo:
        environment = Path(f"/proc/{demo.server.process_id}/environ").read_bytes().split(b"\0")
    told = {line.partition(b"=")[0].decode(): line.partition(b"=")[2].decode() for line in environment}
    assert told["AWS_SECRET_ACCESS_KEY"] == demo.spec.secret_access_key
    assert told["AWS_CONFIG_FILE"] == told["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert "AWS_PROFILE" not in told


def test_the_objects_are_the_same_at_every_start() -> None:
    assert list(demo_objects()) == list(OBJECTS.values())
