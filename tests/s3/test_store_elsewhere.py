"""The store against servers that send it elsewhere or list without end."""

from __future__ import annotations

import asyncio

import pytest

from app.core.errors import ErrorKind
from app.engine.ports import GetRequest
from app.s3.endpoints import BucketTarget
from tests.s3.scripted_server import (
    KeepingSink,
    ScriptedServer,
    Seen,
    always,
    failure,
    in_turn,
    reply,
    run,
)
from tests.s3.stores import scripted


def test_a_redirect_of_a_server_that_is_not_aws_is_named_and_never_followed() -> None:
    async def main() -> None:
        async with ScriptedServer(always(reply("200 OK", b"x"))) as other:
            moved = reply("307 Moved", b"", Location=f"{other.url}/films/a", x_amz_bucket_region="eu-west-1")
            async with scripted(always(moved)) as (server, store):
                error = await failure(store.get(GetRequest("films", "a"), KeepingSink()))
                assert error.kind is ErrorKind.WRONG_ENDPOINT
                assert f"127.0.0.1:{other.port}" in error.message
                assert len(server.requests) == 1
                assert other.requests == []

    run(main())


class LocalAws:
    """Endpoint rules that say AWS and lead to a local server."""

    is_aws = True
    endpoint = "https://s3.us-east-1.amazonaws.com"

    def __init__(self, url: str) -> None:
        self._url = url

    def target(self, bucket: str, region: str = "") -> BucketTarget:
        return BucketTarget(
            self._url, self._url.partition("://")[2], f"/{bucket}", region or "us-east-1", "s3", ""
        )


@pytest.mark.parametrize(
    "refusal",
    [
        reply("301 Moved", b"<Error><Code>PermanentRedirect</Code></Error>", x_amz_bucket_region="eu-west-1"),
        reply("307 Moved", b"", Location="https://films.s3.eu-west-1.amazonaws.com/a"),
        reply(
            "400 Bad",
            b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
        ),
    ],
    ids=["301", "307", "400"],
)
def test_aws_is_asked_once_more_in_the_region_that_it_names(refusal: bytes) -> None:
    async def main() -> None:
        async with scripted(in_turn(refusal, reply("200 OK", b"x"))) as (server, store):
            store._rules = LocalAws(server.url)  # type: ignore[assignment]
            for _ in range(2):
                sink = KeepingSink()
                await store.get(GetRequest("films", "a"), sink)
                assert sink.data == b"x"
            regions = [seen.headers["authorization"].split("/")[2] for seen in server.requests]
            assert regions == ["us-east-1", "eu-west-1", "eu-west-1"]

    run(main())


def test_aws_that_redirects_again_is_an_error() -> None:
    async def main() -> None:
        async def moved(seen: Seen, writer: asyncio.StreamWriter) -> None:
            region = "eu-west-2" if "eu-west-1" in seen.headers["authorization"] else "eu-west-1"
            writer.write(reply("301 Moved", b"", x_amz_bucket_region=region))

        async with scripted(moved) as (server, store):
            store._rules = LocalAws(server.url)  # type: ignore[assignment]
            error = await failure(store.get(GetRequest("films", "a"), KeepingSink()))
            assert error.kind is ErrorKind.WRONG_ENDPOINT
            assert len(server.requests) == 2

    run(main())


def listing(key: str, token: str) -> bytes:
    """A page with one key and a token for the next."""
    return reply(
        "200 OK",
        f"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>{key}</Key><Size>1</Size></Contents>"
        f"<NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>".encode(),
    )


def test_a_listing_in_a_circle_ends_at_the_first_repeat() -> None:
    async def main() -> None:
        answers = in_turn(listing("a", "A"), listing("b", "B"), listing("c", "A"), listing("d", "B"))
        async with scripted(answers) as (server, store):
            pages = []

            async def pull() -> None:
                async for page in store.list_pages("films", ""):
                    pages.append(page)

            error = await failure(pull())
            assert error.kind is ErrorKind.LISTING
            assert len(pages) == 2
            assert len(server.requests) == 3
            assert "continuation-token=A" in server.requests[1].path

    run(main())


def test_a_listing_asks_for_the_next_page_only_when_it_is_pulled() -> None:
    async def main() -> None:
        async with scripted(in_turn(listing("a", "A"), listing("b", "B"))) as (server, store):
            pages = store.list_pages("films", "")
            assert [info.key for info in (await anext(pages)).objects] == ["a"]
            assert len(server.requests) == 1
            assert [info.key for info in (await anext(pages)).objects] == ["b"]

    run(main())


def test_a_listing_that_fails_part_way_keeps_the_kind_of_the_failure() -> None:
    async def main() -> None:
        busy = reply("503 Busy", b"<Error><Code>SlowDown</Code></Error>", Retry_After="2")
        async with scripted(in_turn(listing("a", "A"), busy)) as (_, store):
            pages = store.list_pages("films", "")
            await anext(pages)
            error = await failure(anext(pages))
            assert (error.kind, error.code, error.retry_after_s) == (ErrorKind.THROTTLED, "SlowDown", 2.0)

    run(main())
