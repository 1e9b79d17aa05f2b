"""The store against moto's server and against scripted ones."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.core.errors import ErrorKind
from app.core.objects import ListingPage
from app.engine.ports import GetRequest
from tests.s3.scripted_server import (
    KeepingSink,
    ScriptedServer,
    always,
    failure,
    reply,
    run,
)
from tests.s3.stores import KEY_ID, connected, scripted

ODD_KEYS = ["a b+c%20.txt", "x//y", "é/😀", "a/../b", "/lead", "q?x=1&y#z", "ctl\x01x", "~!*'()", "plain"]


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """The bucket `films`, 100 keys a page: every odd key holds its own name, `old` is archived."""
    os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = "100"
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="films")
    for key in ODD_KEYS:
        client.put_object(Bucket="films", Key=key, Body=key.encode())
    client.put_object(Bucket="films", Key="old", Body=b"old", StorageClass="GLACIER")
    for number in range(110):
        client.put_object(Bucket="films", Key=f"many/{number:04d}", Body=b"")
    client.close()
    yield url
    server.stop()
    del os.environ["MOTO_S3_DEFAULT_MAX_KEYS"]


async def pages_of(pages: AsyncIterator[ListingPage]) -> list[ListingPage]:
    """All pages of a listing."""
    return [page async for page in pages]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_the_exact_key_is_fetched(moto_url: str, key: str) -> None:
    async def main() -> None:
        async with connected(moto_url) as store:
            sink = KeepingSink()
            head = await store.get(GetRequest("films", key), sink)
            assert sink.data == key.encode()
            assert sink.head == head
            assert head.total_bytes == head.length_bytes == len(sink.data)
            assert head.modified_at is not None
            info = await store.head("films", key)
            assert (info.key, info.size_bytes, info.etag) == (key, len(sink.data), head.etag)

    run(main())


def test_a_range_is_told_by_its_content_range(moto_url: str) -> None:
    async def main() -> None:
        async with connected(moto_url) as store:
            sink = KeepingSink()
            head = await store.get(GetRequest("films", "plain", first=1, last=3), sink)
            assert sink.data == b"lai"
            assert (head.status, head.range_first, head.range_last, head.total_bytes) == (206, 1, 3, 5)

    run(main())


def test_a_listing_gives_every_key_once_in_pages(moto_url: str) -> None:
    async def main() -> None:
        async with connected(moto_url) as store:
            pages = await pages_of(store.list_pages("films", "many/"))
            assert [len(page.objects) for page in pages] == [100, 10]
            assert [page.is_last for page in pages] == [False, True]
            rest = await pages_of(store.list_pages("films", "many/", start_after="many/0107"))
            assert [info.key for info in rest[0].objects] == ["many/0108", "many/0109"]
            level = await pages_of(store.list_pages("films", "", delimiter="/"))
            assert "many/" in level[0].prefixes
            top = {key for key in ODD_KEYS if "/" not in key} | {"old"}
            assert {info.key for info in level[0].objects} == top
            old = next(info for info in level[0].objects if info.key == "old")
            assert old.is_archived

    run(main())


def test_buckets_are_listed_by_the_control_client(moto_url: str) -> None:
    async def main() -> None:
        async with connected(moto_url) as store:
            (bucket,) = await store.list_buckets()
            assert bucket.name == "films"
            assert store.endpoint == moto_url

    run(main())


def test_missing_things_are_told_apart(moto_url: str) -> None:
    async def main() -> None:
        async with connected(moto_url) as store:
            sink = KeepingSink()
            missing = await failure(store.get(GetRequest("films", "nothing"), sink))
            assert (missing.kind, missing.code) == (ErrorKind.NOT_FOUND, "NoSuchKey")
            assert sink.head is None
            assert (await failure(store.head("films", "nothing"))).kind is ErrorKind.NOT_FOUND
            no_bucket = await failure(store.get(GetRequest("no-films", "x"), sink))
            assert no_bucket.kind is ErrorKind.NO_SUCH_BUCKET
            bad_name = await failure(store.get(GetRequest("A bucket!", "x"), sink))
            assert bad_name.kind is ErrorKind.USAGE
            assert "A bucket!" in bad_name.message
            changed = await failure(store.get(GetRequest("films", "plain", if_match="0" * 32), sink))
            assert changed.kind is ErrorKind.CHANGED
            archived = await failure(store.get(GetRequest("films", "old"), sink))
            assert archived.kind is ErrorKind.ARCHIVED
            blocked = await failure(store.get(GetRequest("films", "a\ud800"), sink))
            assert blocked.kind is ErrorKind.BLOCKED

    run(main())


def test_what_was_pinned_goes_out_with_the_request() -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK", b"x")), requester_pays=True) as (server, store):
            request = GetRequest("films", "a", version_id="v/1", if_match="0a1b", first=5)
            await store.get(request, KeepingSink())
            seen = server.requests[0]
            assert seen.path == "/films/a?versionId=v%2F1"
            assert seen.headers["if-match"] == '"0a1b"'
            assert seen.headers["range"] == "bytes=5-"
            assert seen.headers["x-amz-request-payer"] == "requester"
            assert seen.headers["x-amz-checksum-mode"] == "ENABLED"
            assert seen.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={KEY_ID}/")

    run(main())


def test_an_anonymous_request_has_no_signature() -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK", b"x")), is_anonymous=True) as (server, store):
            await store.get(GetRequest("films", "a"), KeepingSink())
            assert "authorization" not in server.requests[0].headers

    run(main())


def test_the_checksums_of_an_answer_are_read_from_its_headers() -> None:
    async def main() -> None:
        answer = reply(
            "200 OK",
            b"x",
            x_amz_checksum_crc64nvme="AAAAAAAAAAA=",
            x_amz_checksum_type="FULL_OBJECT",
            x_amz_version_id="v1",
        )
        async with scripted(always(answer)) as (_, store):
            head = await store.get(GetRequest("films", "a"), KeepingSink())
            assert head.checksums == {"crc64nvme": "AAAAAAAAAAA="}
            assert head.version_id == "v1"

    run(main())


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"ETag": '"0a-2"', "x_amz_checksum_sha256": "AAAA"}, {}),
        ({"ETag": '"0a-2"', "x_amz_checksum_sha256": "AAAA-2"}, {"sha256": "AAAA-2"}),
        ({"ETag": '"0a-2"', "x_amz_checksum_crc64nvme": "AAAA"}, {"crc64nvme": "AAAA"}),
        (
            {"ETag": '"0a-2"', "x_amz_checksum_crc32": "AA==", "x_amz_checksum_type": "FULL_OBJECT"},
            {"crc32": "AA=="},
        ),
        ({"ETag": '"0a"', "x_amz_checksum_sha256": "AAAA"}, {"sha256": "AAAA"}),
    ],
    ids=["of what", "composite", "crc64nvme", "whole", "one piece"],
)
def test_a_checksum_of_a_multipart_upload_that_may_be_of_its_parts_is_not_taken_for_the_wholes(
    headers: dict[str, str], told: dict[str, str]
) -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK", b"x", **headers))) as (_, store):
            assert (await store.get(GetRequest("films", "a"), KeepingSink())).checksums == told

    run(main())


def test_a_part_is_asked_for_by_its_number() -> None:
    async def main() -> None:
        answer = reply("206 Partial", x_amz_mp_parts_count="3", Content_Length="5")
        async with scripted(always(answer)) as (server, store):
            request = GetRequest("films", "a", version_id="v 1", part_number=2)
            head = await store.describe(request)
            assert (head.parts_count, head.length_bytes) == (3, 5)
            assert server.requests[0].path == "/films/a?partNumber=2&versionId=v%201"

    run(main())


@pytest.mark.parametrize("count", ["", "-1", "three", "9" * 5000])
def test_a_count_of_parts_that_is_none_is_not_told(count: str) -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK", b"x", x_amz_mp_parts_count=count))) as (_, store):
            assert (await store.get(GetRequest("films", "a"), KeepingSink())).parts_count is None

    run(main())


@pytest.mark.parametrize(
    ("answer", "request_"),
    [
        (reply("200 OK", b"x", ETag='"other"'), GetRequest("films", "a", if_match="0a1b")),
        (reply("200 OK", b"x", x_amz_version_id="v2"), GetRequest("films", "a", version_id="v1")),
    ],
    ids=["etag", "version"],
)
def test_another_object_than_the_pinned_one_is_refused_before_its_first_byte(
    answer: bytes, request_: GetRequest
) -> None:
    async def main() -> None:
        async with scripted(always(answer)) as (_, store):
            sink = KeepingSink()
            assert (await failure(store.get(request_, sink))).kind is ErrorKind.CHANGED
            assert sink.head is None
            assert sink.data == b""

    run(main())


def test_a_bare_etag_equals_a_quoted_one() -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK", b"x", ETag="0a1b"))) as (_, store):
            head = await store.get(GetRequest("films", "a", if_match="0a1b"), KeepingSink())
            assert head.etag == "0a1b"

    run(main())


def test_a_control_call_to_a_closed_port_says_that_nothing_runs_there() -> None:
    async def main() -> None:
        async with ScriptedServer(always(b"")) as server:
            url = server.url
        async with connected(url) as store:
            assert (await failure(store.list_buckets())).kind is ErrorKind.CONNECTION_REFUSED
        async with connected("http://host.invalid") as store:
            assert (await failure(store.list_buckets())).kind is ErrorKind.HOST_NOT_FOUND

    run(main())
