"""What the engine makes of each fault of a large object, fetched in ranges and gone on with later."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind
from app.core.events import Outcome
from app.core.states import State
from app.engine.engine import Engine
from tests.e2e.attempt import QUICK, Attempt, download, play, policy_of, run_batch
from tests.engine.stage import chosen, prepared, spec_of
from tests.servers.fault_server import FaultServer, LogEntry
from tests.servers.faults import Fault, Operation, expired_token, slow_down
from tests.servers.objects import SeededObject, many

START_S = 15.0
PART = 64 << 10
PARTS = 16
SIZE = PART * PARTS
ITEM = SeededObject("film.bin", SIZE, algorithms=("crc64nvme",))
NEWER = replace(ITEM, seed=1)
IN_SECOND = PART + 1000
RANGED = policy_of(jobs=4, part_size_bytes=PART)
SERIAL = policy_of(jobs=1, part_size_bytes=PART)

ON_ITS_WAY_S = 0.2


def gets(server: FaultServer) -> list[LogEntry]:
    return server.requests(Operation.GET, ITEM.key)


def bent(**fields: object) -> Fault:
    """A fault of every GET of the object, HEAD left alone."""
    return replace(Fault(ITEM.key, Operation.GET), **fields)


def assert_whole(attempt: Attempt) -> None:
    assert attempt.outcome is Outcome.DONE, attempt.first_error
    assert attempt.files == {ITEM.key: ITEM.read()}
    assert (attempt.parts, attempt.rows[0].error) == ((), None)


def assert_failed(attempt: Attempt, *kinds: ErrorKind) -> None:
    assert attempt.outcome is Outcome.STOPPED
    assert attempt.error.kind in kinds
    assert ITEM.key in attempt.error.message
    assert attempt.files == {}


def test_a_large_object_comes_in_ranges_that_are_asked_for_once(tmp_path: Path) -> None:
    with FaultServer([ITEM]) as server:
        assert_whole(download(server, tmp_path, [ITEM], policy=RANGED))
        ranges = sorted(int(entry.range.removeprefix("bytes=").partition("-")[0]) for entry in gets(server))
        assert {entry.headers.get("if-match") for entry in gets(server)} == {f'"{ITEM.etag}"'}
    assert ranges == [PART * number for number in range(PARTS)]


@pytest.mark.parametrize(
    "fault",
    [
        {"cut_after": PART // 2},
        {"cut_after": PART // 2, "is_reset": True},
        {"stall_after": 10_000},
        {"status": 500, "code": "InternalError"},
    ],
    ids=["cut", "reset", "stall", "500"],
)
def test_a_range_that_fails_once_is_the_only_one_fetched_again(
    tmp_path: Path, fault: dict[str, object]
) -> None:
    with FaultServer([ITEM], [bent(holds=IN_SECOND, times=1, **fault)]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
        assert_whole(attempt)
        assert len(gets(server)) == PARTS + 1
        assert server.sent_bytes(ITEM.key) <= SIZE + PART
    assert attempt.took_s < QUICK.low_speed_s + 3


def test_a_body_cut_at_every_try_keeps_its_part_file_and_the_retry_goes_on_from_it(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(first=2 * PART, cut_after=0)]) as server:

        async def scene(engine: Engine) -> tuple[Attempt, Attempt, int]:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            failed = await run_batch(batch, tmp_path)
            before = server.sent_bytes(ITEM.key)
            server.clear_faults()
            assert await batch.requeue(None)
            return failed, await run_batch(batch, tmp_path), before

        failed, resumed, before = play(spec_of(server), scene)
        assert_failed(failed, ErrorKind.SHORT_BODY)
        assert re.search(r"ended early.*\d+ of \d+ bytes", failed.error.message)
        assert len(failed.parts) == 1
        assert_whole(resumed)
        assert before >= 2 * PART
        assert server.sent_bytes(ITEM.key) <= SIZE + 4 * PART


def test_the_missing_bytes_of_a_short_range_are_asked_for_again(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(holds=IN_SECOND, times=1, shorten_by=20_000)]) as server:
        assert_whole(download(server, tmp_path, [ITEM], policy=RANGED))
        assert len(gets(server)) == PARTS + 1


def test_ranges_that_are_always_short_never_make_a_wrong_file(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(shorten_by=PART // 2)]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
        assert len(gets(server)) <= 20 * PARTS
    if attempt.outcome is Outcome.DONE:
        assert_whole(attempt)
    else:
        assert_failed(attempt, ErrorKind.SHORT_BODY, ErrorKind.PROTOCOL)


def test_an_ignored_range_falls_back_to_one_stream(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(ignores_range=True)]) as server:
        assert_whole(download(server, tmp_path, [ITEM], policy=RANGED))
        assert len(gets(server)) <= 2


def test_a_range_answered_with_200_and_its_content_range_is_a_range(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(range_status=200, ignores_if_match=True)]) as server:
        assert_whole(download(server, tmp_path, [ITEM], policy=RANGED))
        assert len(gets(server)) == PARTS


@pytest.mark.parametrize("fault", [{"is_chunked": True}, {"is_http_1_0": True, "has_no_length": True}])
def test_a_range_without_a_length_is_judged_by_its_content_range(
    tmp_path: Path, fault: dict[str, object]
) -> None:
    with FaultServer([ITEM], [bent(**fault)]) as server:
        assert_whole(download(server, tmp_path, [ITEM], policy=RANGED))


@pytest.mark.parametrize(
    "fault",
    [
        {"content_range": "", "shift_by": 100},
        {"content_range": f"bytes 0-{PART - 1}/{SIZE}", "shift_by": -PART},
        {"content_range": "bytes 5-4/3"},
        {"content_range": f"bytes {PART}-{2 * PART - 1}/{SIZE + 1}"},
    ],
    ids=["none", "another range", "nonsense", "another size"],
)
def test_a_range_that_is_not_the_one_asked_for_fails_by_name(
    tmp_path: Path, fault: dict[str, object]
) -> None:
    with FaultServer([ITEM], [bent(first=PART, **fault)]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
        assert len(gets(server)) <= PARTS + QUICK.tries
    assert_failed(attempt, ErrorKind.PROTOCOL, ErrorKind.CHANGED, ErrorKind.SHORT_BODY)
    assert attempt.took_s < 5


def test_a_bit_flipped_in_the_second_range_is_caught_before_the_file_has_its_name(tmp_path: Path) -> None:
    with FaultServer([ITEM], [bent(holds=IN_SECOND, flip_at=IN_SECOND)]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
        assert len(gets(server)) <= 2 * PARTS
    assert_failed(attempt, ErrorKind.CHECKSUM)
    assert attempt.took_s < 10


@pytest.mark.parametrize("is_ignored", [False, True], ids=["412", "If-Match ignored"])
def test_an_object_replaced_between_two_ranges_fails_as_changed_and_its_part_file_is_dropped(
    tmp_path: Path, is_ignored: bool
) -> None:
    (tmp_path / ITEM.key).write_bytes(b"mine")
    with FaultServer([ITEM]) as server:
        swap = bent(skip=2, ignores_if_match=is_ignored, before=lambda: server.put(NEWER))
        server.add_fault(swap)
        attempt = download(server, tmp_path, [ITEM], policy=SERIAL)
        assert len(gets(server)) == 3
    assert attempt.error.kind is ErrorKind.CHANGED
    assert re.search(r"changed.*[Ss]tart it again", attempt.error.message)
    assert (attempt.files, attempt.parts) == ({ITEM.key: b"mine"}, ())
    assert attempt.took_s < 2


def test_an_object_deleted_between_two_ranges_is_hardly_asked_for_again(tmp_path: Path) -> None:
    gone = bent(holds=2 * PART, status=404, code="NoSuchKey")
    with FaultServer([ITEM], [gone]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=policy_of(jobs=2, part_size_bytes=PART))
        refused = [entry for entry in gets(server) if entry.status == 404]
        assert refused[0].ended_at is not None
        # What was on its way when the refusal was sent may still arrive.
        late = refused[0].ended_at + ON_ITS_WAY_S
        assert not [entry for entry in gets(server) if entry.at > late]
    assert len(refused) == 1
    assert_failed(attempt, ErrorKind.NOT_FOUND)
    assert attempt.took_s < 2


def test_slow_down_halves_the_requests_in_flight(tmp_path: Path) -> None:
    objects = many(60, 1000)
    busy = replace(slow_down(), times=8, delay_s=0.05)
    slow = Fault(operation=Operation.GET, delay_s=0.05)
    with FaultServer(objects, [busy, slow]) as server:
        attempt = download(
            server, tmp_path, objects, policy=policy_of(jobs=8), timing=replace(QUICK, tries=8)
        )
        later = [entry for entry in server.requests(Operation.GET) if entry.status == 200][:8]
    assert attempt.outcome is Outcome.DONE
    together = max(
        sum(other.at <= entry.at < (other.ended_at or entry.at) for other in later) for entry in later
    )
    assert together <= 4


def test_keys_that_expire_half_way_cost_no_byte_twice_but_the_open_ranges(tmp_path: Path) -> None:
    is_renewed = threading.Event()
    with FaultServer([ITEM], [expired_token(skip=PARTS // 2, until=is_renewed)]) as server:

        async def scene(engine: Engine) -> tuple[Attempt, Attempt]:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, policy_of(jobs=2, part_size_bytes=PART))
            expired = await run_batch(batch, tmp_path)
            is_renewed.set()
            assert await batch.requeue(None)
            return expired, await run_batch(batch, tmp_path)

        expired, renewed = play(spec_of(server), scene)
        assert_failed(expired, ErrorKind.EXPIRED_CREDENTIALS)
        assert len(expired.parts) == 1
        assert expired.took_s < 2
        assert_whole(renewed)
        assert server.sent_bytes(ITEM.key) <= SIZE + 2 * PART


def test_a_large_download_that_fails_late_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    old = tmp_path / ITEM.key
    old.write_bytes(b"old")
    before = old.stat()
    with FaultServer([ITEM], [bent(holds=SIZE * 9 // 10, status=403, code="AccessDenied")]) as server:
        attempt = download(server, tmp_path, [ITEM], policy=RANGED)
    assert attempt.states == [State.FAILED]
    assert old.read_bytes() == b"old"
    assert (old.stat().st_mtime_ns, old.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
