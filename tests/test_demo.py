"""The demo bucket: a believable S3 in a child process, with faults that can be switched while it runs."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from botocore.exceptions import ClientError

from app.core.objects import ARCHIVED_CLASSES, DEMO_BUCKET, DemoFault
from app.demo import FAULTS_PATH, TOKEN_HEADER
from app.demo.contents import FAULTY_KEYS, FILM_BYTES, STILLS, DemoObject, demo_objects, film_bytes
from tests.servers.running_demo import Demo

FILM = "interviews/01-uncut.mov"
OBJECTS = {item.key: item for item in demo_objects()}


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


def test_the_objects_are_the_same_at_every_start() -> None:
    assert list(demo_objects()) == list(OBJECTS.values())
