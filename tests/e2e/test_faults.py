"""What goes wrong on the server's side and with one answer: what the engine makes of each fault."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.states import Phase, State
from app.engine.engine import Engine
from tests.e2e.attempt import QUICK, Attempt, download, play, policy_of, run_batch
from tests.e2e.command import get, run
from tests.engine.stage import chosen, prepared, spec_of, until
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, clock_skew, deny, expired_token, server_error, slow_down
from tests.servers.listing import cycle_tokens, raw_control_character
from tests.servers.objects import COMPOSITE, SeededObject, many

SIZE = 100_000
ITEM = SeededObject("picture.bin", SIZE)
NEWER = replace(ITEM, seed=1)


def gets(server: FaultServer, key: str | None = None) -> int:
    return len(server.requests(Operation.GET, key))


def assert_fetched(attempt: Attempt, server: FaultServer, *, in_gets: int) -> None:
    """The one file is there, byte for byte, after so many GETs, and nothing is told as a failure."""
    assert attempt.outcome is Outcome.DONE
    assert attempt.files == {ITEM.key: ITEM.read()}
    assert (attempt.parts, attempt.first_error, attempt.rows[0].error) == ((), None, None)
    assert gets(server) == in_gets


def assert_refused(attempt: Attempt, server: FaultServer, kind: ErrorKind, *, in_gets: int) -> None:
    """The one file failed by name with this kind after so many GETs, and nothing has its name."""
    assert attempt.outcome is Outcome.STOPPED
    assert attempt.error.kind is kind
    assert ITEM.key in attempt.error.message
    assert attempt.files == {}
    assert gets(server) == in_gets


def test_a_body_cut_once_is_fetched_again(tmp_path: Path) -> None:
    with FaultServer([ITEM], [Fault(cut_after=SIZE // 2, times=1)]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_fetched(attempt, server, in_gets=2)
    assert attempt.rows[0].tries == 2
    assert attempt.took_s < 3


def test_a_body_cut_at_every_try_fails_and_tells_how_much_came(tmp_path: Path) -> None:
    with FaultServer([ITEM], [Fault(cut_after=100, ignores_range=True)]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_refused(attempt, server, ErrorKind.SHORT_BODY, in_gets=QUICK.tries)
    assert re.search(rf"ended early.*\b100 of {SIZE} bytes", attempt.error.message)
    assert attempt.took_s < 5


def test_a_body_cut_at_half_every_time_is_put_together_from_what_came(tmp_path: Path) -> None:
    with FaultServer([ITEM], [Fault(cut_after=SIZE // 2)]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_fetched(attempt, server, in_gets=2)
    assert attempt.rows[0].verified == "md5"


def test_a_body_framed_by_closing_that_ends_early_is_no_success(tmp_path: Path) -> None:
    cut = Fault(
        operation=Operation.GET, is_http_1_0=True, has_no_length=True, cut_after=700, ignores_range=True
    )
    with FaultServer([ITEM], [cut]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_refused(attempt, server, ErrorKind.SHORT_BODY, in_gets=QUICK.tries)
    assert "700" in attempt.error.message
    assert str(SIZE) in attempt.error.message
    assert attempt.took_s < 5


@pytest.mark.parametrize(
    "item",
    [
        replace(ITEM, part_size_bytes=30_000),
        replace(ITEM, part_size_bytes=30_000, algorithms=("crc32c",), checksum_type=COMPOSITE),
    ],
    ids=["multipart etag", "composite checksum"],
)
def test_what_only_parts_could_prove_is_not_called_verified(tmp_path: Path, item: SeededObject) -> None:
    with FaultServer([item]) as server:
        attempt = download(server, tmp_path, [item])
        assert_fetched(attempt, server, in_gets=1)
    assert attempt.rows[0].verified is None
    assert "size and ETag only" in attempt.rows[0].note


@pytest.mark.parametrize("is_ignored", [False, True], ids=["412", "If-Match ignored"])
def test_an_object_that_was_replaced_fails_as_changed_and_leaves_the_old_file(
    tmp_path: Path, is_ignored: bool
) -> None:
    (tmp_path / ITEM.key).write_bytes(b"mine")
    with FaultServer([ITEM]) as server:
        server.add_fault(Fault(ignores_if_match=is_ignored, before=lambda: server.put(NEWER)))
        attempt = download(server, tmp_path, [ITEM])
    assert (attempt.error.kind, gets(server)) == (ErrorKind.CHANGED, 1)
    assert re.search(r"changed.*[Ss]tart it again", attempt.error.message)
    assert (attempt.files, attempt.parts) == ({ITEM.key: b"mine"}, ())
    assert attempt.took_s < 2


def test_an_object_that_was_deleted_is_asked_for_once(tmp_path: Path) -> None:
    with FaultServer([ITEM], [Fault(status=404, code="NoSuchKey")]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_refused(attempt, server, ErrorKind.NOT_FOUND, in_gets=1)
        assert attempt.error.request_id == server.log[-1].request_id
    assert attempt.error.code == "NoSuchKey"


def test_a_server_that_asks_to_slow_down_for_a_while_gets_every_file_through(tmp_path: Path) -> None:
    objects = many(40, 10_000)
    busy = replace(slow_down(0.3), times=60)
    with FaultServer(objects, [busy]) as server:
        attempt = download(server, tmp_path, objects, timing=replace(QUICK, tries=10))
        refusals = [entry for entry in server.requests(Operation.GET) if entry.status == 503]
        assert gets(server) == 40 + len(refusals)
    assert attempt.outcome is Outcome.DONE
    assert attempt.files == {item.key: item.read() for item in objects}
    assert len(refusals) > 5
    assert attempt.took_s < 10


def test_the_next_try_waits_as_long_as_the_server_asks(tmp_path: Path) -> None:
    with FaultServer([ITEM], [slow_down(retry_after="1", times=1)]) as server:
        assert_fetched(download(server, tmp_path, [ITEM]), server, in_gets=2)
        first, second = server.requests(Operation.GET)
    assert 0.95 <= second.at - first.at < 5


def test_a_server_that_always_asks_to_slow_down_fails_within_the_tries(tmp_path: Path) -> None:
    with FaultServer([ITEM], [slow_down()]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_refused(attempt, server, ErrorKind.THROTTLED, in_gets=QUICK.tries_throttled)
        assert attempt.error.request_id == server.log[-1].request_id
    assert "asks to slow down" in attempt.error.message
    assert attempt.error.code == "SlowDown"
    assert attempt.took_s < 10


def test_a_cancel_ends_a_wait_for_the_next_try_at_once(tmp_path: Path) -> None:
    patient = replace(QUICK, backoff_first_s=20.0, backoff_max_s=20.0)
    with FaultServer([ITEM], [slow_down(retry_after="20")]) as server:

        async def scene(engine: Engine) -> float:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, policy_of())
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: batch.rows[0].phase is Phase.WAITING_TO_RETRY)
            began = time.monotonic()
            batch.cancel()
            assert (await running).states == [State.CANCELLED]
            return time.monotonic() - began

        assert play(spec_of(server), scene, timing=patient) < 1
        assert gets(server) == 1


def test_one_server_error_is_an_invisible_retry(tmp_path: Path) -> None:
    with FaultServer([ITEM], [server_error(times=1)]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_fetched(attempt, server, in_gets=2)
    assert attempt.took_s < 1


def test_a_refused_object_stops_the_pool_without_a_second_try(tmp_path: Path) -> None:
    objects = many(10, 1000)
    with FaultServer(objects, [deny("00002.bin")]) as server:
        attempt = download(server, tmp_path, objects, policy=policy_of(jobs=2))
        (refused,) = server.requests(Operation.GET, "00002.bin")
        assert refused.ended_at is not None
        assert not [entry for entry in server.log if entry.at > refused.ended_at + 0.2]
        assert attempt.error.request_id == refused.request_id
    assert (attempt.error.key, attempt.error.kind) == ("00002.bin", ErrorKind.ACCESS_DENIED)
    assert attempt.states[2] is State.FAILED
    assert attempt.states[5:] == [State.STOPPED] * 5
    done = {objects[index].key for index, state in enumerate(attempt.states) if state is State.DONE}
    assert attempt.files == {key: SeededObject(key, 1000).read() for key in done}
    assert attempt.took_s < 2


def test_after_expired_keys_are_renewed_the_batch_goes_on_and_fetches_nothing_twice(tmp_path: Path) -> None:
    objects = many(30, 1000)
    is_renewed = threading.Event()
    with FaultServer(objects, [expired_token(skip=10, until=is_renewed)]) as server:

        async def scene(engine: Engine) -> tuple[Attempt, Attempt]:
            batch = await prepared(engine, chosen(objects), tmp_path, policy_of(is_stopping=False))
            first = await run_batch(batch, tmp_path)
            is_renewed.set()
            assert await batch.requeue(None)
            return first, await run_batch(batch, tmp_path)

        expired, renewed = play(spec_of(server), scene)
        # A file that was on its way when the batch ended is fetched again; one that was done is not.
        was_done = [state is State.DONE for state in expired.states]
        fetched = {server.sent_bytes(item.key) for item, done in zip(objects, was_done, strict=True) if done}
    assert any(was_done)
    assert expired.error.kind is ErrorKind.EXPIRED_CREDENTIALS
    assert "expired" in expired.error.message
    assert expired.took_s < 2
    assert renewed.outcome is Outcome.DONE
    assert renewed.files == {item.key: item.read() for item in objects}
    assert fetched == {1000}


def test_a_wrong_clock_is_named_with_how_wrong_it_is(tmp_path: Path) -> None:
    with FaultServer([ITEM], [clock_skew(time.time() + 20 * 60)]) as server:
        attempt = download(server, tmp_path, [ITEM])
        assert_refused(attempt, server, ErrorKind.CLOCK_SKEW, in_gets=1)
    assert re.search(r"clock is 20 minutes behind", attempt.error.message)
    assert attempt.took_s < 2


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (Keys("AKIAOFTHESERVER00001"), "InvalidAccessKeyId"),
        (Keys("AKIAOFTHECLIENT02468", "another"), "SignatureDoesNotMatch"),
    ],
)
def test_wrong_keys_are_named_by_their_last_four_and_not_tried_twice(
    tmp_path: Path, keys: Keys, code: str
) -> None:
    with FaultServer([ITEM], keys=keys) as server:
        spec = replace(spec_of(server), access_key_id="AKIAOFTHECLIENT02468")
        attempt = download(server, tmp_path, [ITEM], spec=spec)
        assert_refused(attempt, server, ErrorKind.BAD_CREDENTIALS, in_gets=1)
    assert attempt.error.code == code
    assert "2468" in attempt.error.message
    assert not re.search("AKIAOF|test-secret", str(attempt.error))
    assert attempt.took_s < 2


def test_a_failing_download_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    old = tmp_path / ITEM.key
    old.write_bytes(b"old" * 100)
    before = old.stat()
    with FaultServer([ITEM], [Fault(cut_after=SIZE * 9 // 10, ignores_range=True)]) as server:
        attempt = download(server, tmp_path, [ITEM])
    assert attempt.error.kind is ErrorKind.SHORT_BODY
    assert old.read_bytes() == b"old" * 100
    assert (old.stat().st_mtime_ns, old.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_listing_that_goes_in_a_circle_ends_at_the_first_repeat(tmp_path: Path) -> None:
    with FaultServer(many(5, 10), [Fault(operation=Operation.LIST, page=cycle_tokens)]) as server:
        began = time.monotonic()
        listed = run("ls", f"s3://{BUCKET}/", "--recursive", "--endpoint-url", server.endpoint_url)
        assert len(server.requests(Operation.LIST)) == 3
        fetched = get(server, tmp_path)
        assert len(server.requests(Operation.LIST)) == 6
        assert time.monotonic() - began < 4
    assert (listed.code, fetched.code) == (1, 3)
    assert "continuation token twice" in listed.err
    error = fetched.receipt["first_error"]
    assert (error["kind"], error["key"]) == ("listing", None)
    assert "continuation token twice" in error["message"]
    assert BUCKET in error["message"]


def test_a_raw_control_character_in_a_listing_is_named_and_not_asked_for_again(tmp_path: Path) -> None:
    with FaultServer(many(5, 10), [Fault(operation=Operation.LIST, page=raw_control_character)]) as server:
        listed = run("ls", f"s3://{BUCKET}/", "--endpoint-url", server.endpoint_url)
        fetched = get(server, tmp_path)
        assert len(server.log) == 2
    assert (listed.code, fetched.code) == (2, 2)
    assert "listing is not valid XML" in listed.err
    assert "listing is not valid XML" in fetched.err
