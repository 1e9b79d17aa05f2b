"""Each way in which the fault server can fail, asked for on a real socket."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.servers.certificates import self_signed, tls_of
from tests.servers.endpoint import Endpoint, free_port
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, clock_skew, expired_token, slow_down
from tests.servers.listing import cycle_tokens, raw_control_character
from tests.servers.objects import SeededObject, many

PART = 1000
ITEM = SeededObject("x", 5 * PART)
SECOND = {"Range": f"bytes={PART}-{2 * PART - 1}"}


def get(
    server: FaultServer, headers: dict[str, str] | None = None, target: str = "/x"
) -> tuple[http.client.HTTPResponse, bytes]:
    with closing(http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=5)) as connection:
        connection.request("GET", f"/{BUCKET}{target}", headers=headers or {})
        response = connection.getresponse()
        return response, response.read()


def raw(server: FaultServer, range_asked: str = "") -> bytes:
    """Everything that comes over the wire until the server closes, the status line first."""
    lines = f"GET /{BUCKET}/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    lines += f"Range: {range_asked}\r\n" if range_asked else ""
    port = urlsplit(server.endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"{lines}\r\n".encode())
        came = b""
        while data := connection.recv(1 << 16):
            came += data
    return came


def statuses(server: FaultServer, count: int) -> list[int]:
    ranges = [{"Range": f"bytes={PART * n}-{PART * (n + 1) - 1}"} for n in range(count)]
    return [get(server, headers)[0].status for headers in ranges]


def test_a_rule_meets_the_nth_get_of_a_key_only() -> None:
    with FaultServer([ITEM], [Fault("x", Operation.GET, skip=1, times=1, status=500)]) as server:
        assert statuses(server, 3) == [206, 500, 206]


def test_a_rule_meets_the_ranges_that_hold_its_offset() -> None:
    with FaultServer([ITEM], [Fault(holds=2 * PART + 5, status=404, code="NoSuchKey")]) as server:
        assert statuses(server, 4) == [206, 206, 404, 206]
        assert get(server)[0].status == 404
        assert get(server, {"Range": f"bytes={3 * PART}-"})[0].status == 206


def test_a_rule_meets_the_ranges_that_begin_at_its_first_byte() -> None:
    with FaultServer([ITEM], [Fault(first=PART, times=1, status=500)]) as server:
        assert statuses(server, 3) == [206, 500, 206]
        assert statuses(server, 3) == [206, 206, 206]


def test_a_rule_ends_with_its_event() -> None:
    is_over = threading.Event()
    with FaultServer([ITEM], [expired_token(skip=1, until=is_over)]) as server:
        assert statuses(server, 3) == [206, 400, 400]
        is_over.set()
        assert statuses(server, 3) == [206, 206, 206]


def test_renewed_keys_make_the_ones_before_expire() -> None:
    keys = Keys("renewed", "secret", session_token="token")
    with FaultServer([ITEM], keys=Keys()) as server:
        old = Endpoint(server.endpoint_url).client()
        assert old.head_object(Bucket=BUCKET, Key="x")["ContentLength"] == ITEM.size_bytes
        server.renew_keys(keys)
        with pytest.raises(ClientError, match="ExpiredToken"):
            old.list_objects_v2(Bucket=BUCKET)
        with pytest.raises(ClientError, match="InvalidToken"):
            Endpoint(server.endpoint_url, "renewed", "secret").client().list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize(
    ("access_key_id", "secret", "code"),
    [("test-key", "wrong", "SignatureDoesNotMatch"), ("nobody", "test-secret", "InvalidAccessKeyId")],
)
def test_a_wrong_key_is_told_from_a_wrong_secret(access_key_id: str, secret: str, code: str) -> None:
    with FaultServer([ITEM], keys=Keys()) as server, pytest.raises(ClientError, match=code):
        Endpoint(server.endpoint_url, access_key_id, secret).client().list_objects_v2(Bucket=BUCKET)


def test_a_request_signed_long_ago_is_skewed() -> None:
    with FaultServer([ITEM], keys=Keys()) as server:
        headers = {
            "Authorization": "AWS4-HMAC-SHA256 Credential=test-key/20200101/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + "0" * 64,
            "x-amz-date": "20200101T000000Z",
            "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        }
        assert b"RequestTimeTooSkewed" in get(server, headers)[1]
        assert b"AccessDenied" in get(server)[1]


def test_a_skewed_clock_shows_in_the_date_header() -> None:
    with FaultServer([ITEM], [clock_skew(time.time() + 1200)]) as server:
        response, _ = get(server)
    ahead_s = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
    assert 1190 < ahead_s < 1210


def test_slow_down_asks_for_a_while() -> None:
    with FaultServer([ITEM], [slow_down(retry_after="3", times=1)]) as server:
        assert get(server)[0].headers["Retry-After"] == "3"
        assert statuses(server, 2) == [206, 206]


def test_http_1_0_frames_by_closing() -> None:
    with FaultServer([ITEM], [Fault(is_http_1_0=True, has_no_length=True, cut_after=700)]) as server:
        came = raw(server)
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    assert b"content-length" not in head.lower()
    assert body == ITEM.read(0, 700)


def test_http_1_0_closes_even_with_a_length() -> None:
    with FaultServer([ITEM], [Fault(is_http_1_0=True)]) as server:
        response, body = get(server)
        server.wait_until(lambda: server.open_connections == 0)
    assert (response.version, response.headers["Content-Length"], body) == (10, "5000", ITEM.read())


@pytest.mark.parametrize("fault", [Fault(is_chunked=True), Fault(is_chunked=True, trickle_s=0.0001)])
def test_a_chunked_body_tells_no_length(fault: Fault) -> None:
    with FaultServer([ITEM], [fault]) as server:
        response, body = get(server, SECOND)
        assert (response.headers["Transfer-Encoding"], response.headers["Content-Length"]) == (
            "chunked",
            None,
        )
        assert body == ITEM.read(PART, PART)


def test_a_cut_chunked_body_has_no_last_chunk() -> None:
    with FaultServer([ITEM], [Fault(is_chunked=True, cut_after=500)]) as server:
        with pytest.raises(http.client.IncompleteRead):
            get(server)
        assert not raw(server).endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("declared_bytes", [700, 9000])
def test_a_wrong_length_is_declared_and_the_whole_body_sent(declared_bytes: int) -> None:
    with FaultServer([ITEM], [Fault(declared_bytes=declared_bytes)]) as server:
        head, _, body = raw(server).partition(b"\r\n\r\n")
    assert f"Content-Length: {declared_bytes}\r\n".encode() in head + b"\r\n"
    assert body == ITEM.read()


def test_a_range_without_its_header_may_hold_other_bytes() -> None:
    with FaultServer([ITEM], [Fault(content_range="", shift_by=10)]) as server:
        response, body = get(server, SECOND)
    assert (response.status, response.headers["Content-Range"]) == (206, None)
    assert body == ITEM.read(PART + 10, PART)


def test_a_bit_is_flipped_once_or_always() -> None:
    wrong = bytearray(ITEM.read())
    wrong[PART + 7] ^= 1
    with FaultServer([ITEM], [Fault(flip_at=PART + 7, holds=PART + 7, times=1)]) as server:
        assert get(server, {"Range": "bytes=0-99"})[1] == ITEM.read(0, 100)
        assert get(server)[1] == wrong
        assert get(server)[1] == ITEM.read()
        server.add_fault(Fault(flip_at=PART + 7))
        assert [get(server, SECOND)[1] for _ in range(2)] == [wrong[PART : 2 * PART]] * 2


def test_an_object_is_swapped_between_two_ranges_and_if_match_refused_or_ignored() -> None:
    newer = replace(ITEM, seed=1)
    pinned = {"If-Match": f'"{ITEM.etag}"'}
    for is_ignored, expected in ((False, [206, 412, 412]), (True, [206, 206, 206])):
        with FaultServer([ITEM]) as server:
            swap = Fault(ignores_if_match=is_ignored, skip=1, before=lambda now=server: now.put(newer))
            server.add_fault(swap)
            answers = [get(server, {**pinned, **SECOND}) for _ in range(3)]
        assert [response.status for response, _ in answers] == expected
        assert answers[0][1] == ITEM.read(PART, PART)
        if is_ignored:
            assert answers[1][0].headers["ETag"] == f'"{newer.etag}"'
            assert answers[1][1] == newer.read(PART, PART)


def test_cycling_tokens_come_over_the_wire() -> None:
    with FaultServer(many(5, 10), [Fault(operation=Operation.LIST, page=cycle_tokens)]) as server:
        pages = [get(server, target=f"?list-type=2{token}")[1] for token in ("", "&continuation-token=A!")]
    assert [
        b"<NextContinuationToken>%b</" % token in page
        for token, page in zip((b"A!", b"B!"), pages, strict=True)
    ]


def test_a_raw_control_character_comes_over_the_wire() -> None:
    with FaultServer(many(5, 10), [Fault(operation=Operation.LIST, page=raw_control_character)]) as server:
        assert b"bad&#1;name" in get(server, target="?list-type=2&encoding-type=url")[1]


def test_nothing_listens_on_a_free_port() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", free_port()), timeout=5)


def test_a_self_signed_server_is_trusted_only_by_its_own_certificate(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    if certificate is None:
        pytest.skip("no openssl program here that can make a certificate")
    with FaultServer([ITEM], ssl_context=tls_of(certificate)) as server:

        def ask(context: ssl.SSLContext) -> bytes:
            port = urlsplit(server.endpoint_url).port
            with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)) as asked:
                asked.request("GET", f"/{BUCKET}/x")
                return asked.getresponse().read()

        with pytest.raises(ssl.SSLCertVerificationError):
            ask(ssl.create_default_context())
        assert ask(ssl.create_default_context(cafile=certificate)) == ITEM.read()
        assert len(server.log) == 1
