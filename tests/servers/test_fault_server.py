"""The fault server answers like S3 where no fault is set, and goes wrong exactly where one is."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, clock_skew, deny, redirect, server_error, slow_down
from tests.servers.objects import SeededObject, many

MIB = 1 << 20
FILM = SeededObject("film.bin", 3 * MIB + 17)


@contextmanager
def connected(server: FaultServer) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=5)) as connection:
        yield connection


def get(
    server: FaultServer, key: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """One GET on a connection of its own: the response's head and its body."""
    with connected(server) as connection:
        connection.request("GET", f"/{BUCKET}/{quote(key)}", headers=headers or {})
        response = connection.getresponse()
        return response, response.read()


def client_of(server: FaultServer) -> Any:
    return Endpoint(server.endpoint_url).client()


def test_an_objects_bytes_are_the_same_read_whole_or_by_offset() -> None:
    whole = FILM.read()
    assert len(whole) == FILM.size_bytes
    assert FILM.read(MIB - 3, MIB + 9) == whole[MIB - 3 : 2 * MIB + 6]
    assert hashlib.md5(whole).hexdigest() == FILM.md5


def test_objects_of_other_keys_or_seeds_have_other_bytes() -> None:
    assert FILM.read(0, 64) != replace(FILM, seed=1).read(0, 64)
    assert FILM.read(0, 64) != replace(FILM, key="other").read(0, 64)
    assert FILM.read(0, 64) != FILM.read(MIB, 64)


def test_boto3_reads_back_what_the_seed_says() -> None:
    odd = SeededObject("odd/a b+c%20é😀.bin", 100, version_id="v1")
    sealed = SeededObject("sealed.bin", 5000)
    sealed = replace(sealed, checksums={"crc64nvme": sealed.checksum("crc64nvme")})
    with FaultServer([FILM, odd, sealed], keys=Keys()) as server:
        s3 = client_of(server)
        head = s3.head_object(Bucket=BUCKET, Key=odd.key)
        assert (head["ContentLength"], head["ETag"], head["VersionId"]) == (100, f'"{odd.md5}"', "v1")
        for item in (FILM, odd, sealed):
            assert s3.get_object(Bucket=BUCKET, Key=item.key)["Body"].read() == item.read()
        part = s3.get_object(Bucket=BUCKET, Key="film.bin", Range="bytes=1000-1999")
        assert (part["ContentRange"], part["Body"].read()) == (
            f"bytes 1000-1999/{FILM.size_bytes}",
            FILM.read(1000, 1000),
        )
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"Key": "missing"}, "NoSuchKey"),
        ({"Key": "film.bin", "IfMatch": '"other"'}, "PreconditionFailed"),
        ({"Key": "film.bin", "Range": "bytes=99999999-"}, "InvalidRange"),
        ({"Key": "cold.bin"}, "InvalidObjectState"),
        ({"Key": "film.bin", "Bucket": "elsewhere"}, "NoSuchBucket"),
    ],
)
def test_s3s_own_refusals_come_with_their_codes(arguments: dict[str, str], code: str) -> None:
    cold = SeededObject("cold.bin", 9, storage_class="DEEP_ARCHIVE")
    with FaultServer([FILM, cold]) as server, pytest.raises(ClientError) as caught:
        client_of(server).get_object(**{"Bucket": BUCKET, **arguments})
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["RequestId"]


def test_a_wrong_secret_is_refused_when_signatures_are_checked() -> None:
    with FaultServer([FILM], keys=Keys()) as server:
        wrong = Endpoint(server.endpoint_url, secret_access_key="wrong").client()
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            wrong.list_objects_v2(Bucket=BUCKET, Prefix="a/b c+d")
        right = client_of(server)
        assert right.list_objects_v2(Bucket=BUCKET, Prefix="a/b c+d")["KeyCount"] == 0


def test_one_connection_serves_many_requests() -> None:
    with FaultServer(many(20, 100)) as server:
        with connected(server) as connection:
            for item in many(20, 100):
                connection.request("GET", f"/{BUCKET}/{item.key}")
                assert connection.getresponse().read() == item.read()
        assert {entry.connection for entry in server.log} == {1}
        assert [entry.key for entry in server.log] == [item.key for item in many(20, 100)]


def test_the_first_fault_that_meets_a_request_shapes_it() -> None:
    with FaultServer([FILM], [server_error("film.bin", times=1), deny("film.*")]) as server:
        answers = [get(server, "film.bin") for _ in range(2)]
    assert [response.status for response, _ in answers] == [500, 403]
    assert b"<Code>AccessDenied</Code>" in answers[1][1]
    assert [entry.status for entry in server.log] == [500, 403]


def test_a_probability_repeats_with_its_seed() -> None:
    def statuses() -> list[int]:
        with FaultServer(many(40, 10), [slow_down(0.3, "2")], seed=7) as server:
            return [get(server, item.key)[0].status for item in many(40, 10)]

    first = statuses()
    assert set(first) == {200, 503}
    assert first == statuses()


def test_headers_of_a_fault_join_the_answer() -> None:
    with FaultServer([FILM], [slow_down(retry_after="2", times=1), clock_skew(1_000_000_000)]) as server:
        assert get(server, "film.bin")[0].headers["Retry-After"] == "2"
        skewed, document = get(server, "film.bin")
        assert skewed.headers.get_all("Date") == ["Sun, 09 Sep 2001 01:46:40 GMT"]
        assert b"RequestTimeTooSkewed" in document
        server.clear_faults()
        server.add_fault(redirect(307, "http://elsewhere.invalid/", "TemporaryRedirect"))
        moved, _ = get(server, "film.bin")
        assert (moved.status, moved.headers["Location"]) == (307, "http://elsewhere.invalid/")


def test_a_stall_sends_its_bytes_and_then_waits_for_the_client_to_leave() -> None:
    with FaultServer([FILM], [Fault(stall_after=10_000)]) as server:
        with connected(server) as connection:
            connection.request("GET", f"/{BUCKET}/film.bin")
            assert connection.getresponse().read(10_000) == FILM.read(0, 10_000)
            assert server.log[0].ended_at is None
            assert server.open_connections == 1
        server.wait_until(lambda: server.open_connections == 0)
    assert server.log[0].is_broken_off
    assert server.log[0].sent_bytes == 10_000


def test_release_lets_a_stalled_body_go_on() -> None:
    with FaultServer([FILM], [Fault(stall_after=10_000)]) as server, connected(server) as connection:
        connection.request("GET", f"/{BUCKET}/film.bin")
        response = connection.getresponse()
        start = response.read(10_000)
        server.release()
        assert start + response.read() == FILM.read()


def test_a_held_answer_waits_for_release() -> None:
    with FaultServer([FILM], [Fault(is_held=True)]) as server, connected(server) as connection:
        connection.request("GET", f"/{BUCKET}/film.bin")
        server.wait_until(lambda: len(server.log) == 1)
        assert server.log[0].status is None
        server.release()
        assert connection.getresponse().read() == FILM.read()


def test_a_delayed_answer_comes_no_sooner() -> None:
    with FaultServer([FILM], [Fault(delay_s=0.2)]) as server:
        start = time.monotonic()
        assert get(server, "film.bin")[0].status == 200
    assert time.monotonic() - start >= 0.2


def test_a_trickle_sends_a_byte_at_a_time() -> None:
    with FaultServer([SeededObject("drops", 5)], [Fault(trickle_s=0.03)]) as server:
        start = time.monotonic()
        assert get(server, "drops")[1] == SeededObject("drops", 5).read()
    assert time.monotonic() - start >= 0.1


def test_a_cut_body_ends_after_its_bytes_with_the_whole_length_promised() -> None:
    cut = Fault(cut_after=1_234_567)
    with FaultServer([FILM], [cut]) as server, pytest.raises(http.client.IncompleteRead) as caught:
        get(server, "film.bin")
    assert caught.value.partial == FILM.read(0, 1_234_567)
    assert server.log[0].is_broken_off


def test_a_reset_body_ends_with_a_reset() -> None:
    with (
        FaultServer([FILM], [Fault(cut_after=1000, is_reset=True)]) as server,
        pytest.raises(ConnectionResetError),
    ):
        get(server, "film.bin")


def test_a_body_without_a_length_is_framed_by_closing() -> None:
    with FaultServer([FILM], [Fault(has_no_length=True, cut_after=500)]) as server:
        response, body = get(server, "film.bin")
    assert "Content-Length" not in response.headers
    assert body == FILM.read(0, 500)


def test_a_wrong_length_is_declared() -> None:
    with FaultServer([FILM], [Fault(declared_bytes=100)]) as server:
        response, body = get(server, "film.bin")
    assert (response.headers["Content-Length"], body) == ("100", FILM.read(0, 100))


@pytest.mark.parametrize(
    ("fault", "status", "content_range", "length"),
    [
        (Fault(), 206, f"bytes 100-199/{FILM.size_bytes}", 100),
        (Fault(shorten_by=30), 206, f"bytes 100-169/{FILM.size_bytes}", 70),
        (Fault(content_range=""), 206, None, 100),
        (Fault(content_range="bytes 0-99/100"), 206, "bytes 0-99/100", 100),
        (Fault(ignores_range=True), 200, None, FILM.size_bytes),
    ],
)
def test_a_range_is_answered_as_the_fault_says(
    fault: Fault, status: int, content_range: str | None, length: int
) -> None:
    with FaultServer([FILM], [fault]) as server:
        response, body = get(server, "film.bin", {"Range": "bytes=100-199"})
    assert (response.status, response.headers["Content-Range"], len(body)) == (status, content_range, length)
    assert server.log[0].range == "bytes=100-199"


def test_a_flipped_bit_lies_at_its_offset_of_the_object_in_a_range_too() -> None:
    with FaultServer([FILM], [Fault(flip_at=2 * MIB)]) as server:
        _, body = get(server, "film.bin", {"Range": f"bytes={MIB}-"})
        _, before = get(server, "film.bin", {"Range": f"bytes=0-{MIB}"})
    right = FILM.read(MIB)
    assert [index for index in range(len(right)) if right[index] != body[index]] == [MIB]
    assert before == FILM.read(0, MIB + 1)


def test_an_object_can_be_replaced_between_two_answers() -> None:
    newer = replace(FILM, seed=1)
    with FaultServer([FILM]) as server:
        server.add_fault(Fault(operation=Operation.GET, skip=1, times=1, before=lambda: server.put(newer)))
        pinned = {"If-Match": f'"{FILM.etag}"'}
        assert [get(server, "film.bin", pinned)[0].status for _ in range(2)] == [200, 412]
        server.add_fault(Fault(ignores_if_match=True))
        assert get(server, "film.bin", pinned)[0].headers["ETag"] == f'"{newer.etag}"'
        server.remove("film.bin")
        assert get(server, "film.bin")[0].status == 404


def test_a_wrong_etag_is_told() -> None:
    with FaultServer([FILM], [Fault(etag="abc-2")]) as server:
        assert get(server, "film.bin")[0].headers["ETag"] == '"abc-2"'


def test_closing_the_server_ends_a_stalled_connection() -> None:
    with FaultServer([FILM], [Fault(stall_after=0)]) as server:
        stalled = socket.create_connection(("127.0.0.1", urlsplit(server.endpoint_url).port), timeout=5)
        stalled.sendall(f"GET /{BUCKET}/film.bin HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert stalled.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")
    with closing(stalled):
        assert stalled.recv(4096) == b""


def test_a_client_that_resets_leaves_the_server_serving() -> None:
    with FaultServer([FILM], [Fault(stall_after=0, times=1)]) as server:
        rude = socket.create_connection(("127.0.0.1", urlsplit(server.endpoint_url).port), timeout=5)
        rude.sendall(f"GET /{BUCKET}/film.bin HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert rude.recv(4096)
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        rude.close()
        server.wait_until(lambda: server.open_connections == 0)
        assert get(server, "film.bin")[1] == FILM.read()


@pytest.mark.parametrize(
    ("algorithm", "width"), [("crc32", 4), ("crc32c", 4), ("crc64nvme", 8), ("sha256", 32)]
)
def test_a_checksum_is_base64_of_its_bytes(algorithm: str, width: int) -> None:
    assert len(base64.b64decode(FILM.checksum(algorithm))) == width
