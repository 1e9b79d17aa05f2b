"""Keys that expire in the middle of a batch: renewed by themselves, by a person, or a stop that says how."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import ErrorKind, TransferError
from app.core.events import Outcome
from app.core.objects import ConnectionSpec
from app.core.states import Phase, State
from app.engine.batch import Batch
from app.engine.engine import Engine
from tests.e2e.attempt import Attempt, download, play, policy_of, run_batch
from tests.e2e.command import files_of, get, run
from tests.engine.stage import chosen, everything, prepared, spec_of, until
from tests.servers.fault_server import BUCKET, FaultServer, Keys
from tests.servers.faults import Fault, Operation, expired_token
from tests.servers.objects import SeededObject, many

PART = 64 << 10
PARTS = 16
ITEM = SeededObject("film.bin", PARTS * PART, algorithms=("crc64nvme",))
JOBS = 4
RANGED = policy_of(jobs=JOBS, part_size_bytes=PART)
OLD = Keys("ASIAOLDOLDOLDOLD0001", "old-secret", "old-token")
NEW = Keys("ASIANEWNEWNEWNEW0002", "new-secret", "new-token")


def profile(folder: Path, keys: Keys) -> None:
    """Write the keys into the profile `work`."""
    (folder / "credentials").write_text(
        f"[work]\naws_access_key_id = {keys.access_key_id}\n"
        f"aws_secret_access_key = {keys.secret_access_key}\naws_session_token = {keys.session_token}\n"
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of AWS configuration whose profile `work` has the old keys."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    profile(folder, OLD)
    return folder


def as_work(server: FaultServer) -> ConnectionSpec:
    return ConnectionSpec(endpoint_url=server.endpoint_url, profile="work", region="us-east-1")


def refusals(server: FaultServer) -> int:
    return sum(entry.status == 400 for entry in server.requests(Operation.GET))


async def asks_person(batch: Batch) -> None:
    """Wait until the batch shows that somebody has to sign in."""

    def asks() -> bool:
        wait = batch.rows.snapshot().wait
        return wait is not None and wait.needs_person

    await until(asks)


def test_a_long_object_pauses_at_half_and_after_the_sign_in_no_byte_comes_twice(tmp_path: Path) -> None:
    is_renewed = threading.Event()
    with FaultServer([ITEM], [expired_token(skip=PARTS // 2, until=is_renewed)]) as server:

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await until(lambda: refusals(server) > 0)
            expired_at = time.monotonic()
            await asks_person(batch)
            assert time.monotonic() - expired_at < 2
            await until(lambda: batch.rows[0].phase is Phase.WAITING_FOR_SIGN_IN)
            assert batch.rows[0].state is State.RUNNING
            asked = len(server.log)
            is_renewed.set()
            assert len(server.log) == asked
            engine.sign_in_again(batch.rows.batch_id)
            return await running

        attempt = play(spec_of(server), scene, jobs=JOBS, is_attended=True)
        assert attempt.outcome is Outcome.DONE
        assert attempt.files == {ITEM.key: ITEM.read()}
        assert attempt.rows[0].verified == "crc64nvme"
        assert (attempt.rows[0].attempt, attempt.rows[0].tries) == (1, 1)
        assert server.sent_bytes(ITEM.key) == ITEM.size_bytes
        assert refusals(server) <= JOBS


def test_keys_that_the_profile_has_by_now_are_taken_without_a_question(tmp_path: Path, home: Path) -> None:
    objects = many(60, 1000)
    with FaultServer(objects, keys=OLD) as server:

        def renew() -> None:
            profile(home, NEW)
            server.renew_keys(NEW)

        server.add_fault(Fault(operation=Operation.GET, skip=20, times=1, before=renew))

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, everything(), tmp_path / "to", policy_of(jobs=JOBS))
            return await run_batch(batch, tmp_path / "to")

        attempt = play(as_work(server), scene, jobs=JOBS)
        assert attempt.outcome is Outcome.DONE
        assert attempt.files == {item.key: item.read() for item in objects}
        assert {row.tries for row in attempt.rows} == {1}
        assert 1 <= refusals(server) <= JOBS


def test_one_question_is_for_all_batches_of_a_connection_and_a_listing_of_the_browser_asks_none(
    tmp_path: Path, home: Path
) -> None:
    objects = many(20, 1000)
    with FaultServer(objects, keys=OLD) as server:

        async def scene(engine: Engine) -> list[Attempt]:
            batches = [
                await prepared(engine, everything(), tmp_path / name, policy_of(jobs=JOBS))
                for name in ("one", "two")
            ]
            server.renew_keys(NEW)
            running = [
                asyncio.ensure_future(run_batch(batch, tmp_path / name))
                for batch, name in zip(batches, ("one", "two"), strict=True)
            ]
            for batch in batches:
                await asks_person(batch)
            with pytest.raises(TransferError, match=r"Put new keys into profile work") as caught:
                await engine.list_prefix(1, BUCKET, "", lambda page: None)
            assert caught.value.kind is ErrorKind.EXPIRED_CREDENTIALS
            for batch in batches:
                await asks_person(batch)
            profile(home, NEW)
            engine.sign_in_again(batches[0].rows.batch_id)
            return list(await asyncio.gather(*running))

        for attempt in play(as_work(server), scene, jobs=JOBS, is_attended=True):
            assert attempt.outcome is Outcome.DONE
            assert attempt.files == {item.key: item.read() for item in objects}


def test_keys_that_are_typed_anew_for_the_same_connection_let_its_batch_go_on(tmp_path: Path) -> None:
    with FaultServer([ITEM], keys=OLD) as server:
        spec = ConnectionSpec(endpoint_url=server.endpoint_url, region="us-east-1")
        typed = {
            keys: replace(
                spec,
                access_key_id=keys.access_key_id,
                secret_access_key=keys.secret_access_key,
                session_token=keys.session_token,
            )
            for keys in (OLD, NEW)
        }
        server.add_fault(
            Fault(operation=Operation.GET, skip=PARTS // 2, times=1, before=lambda: server.renew_keys(NEW))
        )

        async def scene(engine: Engine) -> Attempt:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await asks_person(batch)
            wait = batch.rows.snapshot().wait
            assert wait is not None
            assert "Connect with new keys" in wait.error.message
            await engine.connect(replace(typed[NEW], requester_pays=True))
            await asks_person(batch)
            await engine.connect(typed[NEW])
            return await running

        attempt = play(typed[OLD], scene, jobs=JOBS, is_attended=True)
        assert attempt.outcome is Outcome.DONE
        assert attempt.files == {ITEM.key: ITEM.read()}
        assert server.sent_bytes(ITEM.key) == ITEM.size_bytes


def test_a_cancel_ends_the_wait_for_a_sign_in_at_once(tmp_path: Path) -> None:
    with FaultServer([ITEM], [expired_token(skip=4)]) as server:

        async def scene(engine: Engine) -> float:
            batch = await prepared(engine, chosen([ITEM]), tmp_path, RANGED)
            running = asyncio.ensure_future(run_batch(batch, tmp_path))
            await asks_person(batch)
            began = time.monotonic()
            batch.cancel()
            attempt = await running
            took_s = time.monotonic() - began
            assert attempt.states == [State.CANCELLED]
            assert batch.rows.snapshot().wait is None
            return took_s

        assert play(spec_of(server), scene, jobs=JOBS, is_attended=True) < 0.2


@pytest.mark.parametrize("is_stopping", [True, False], ids=["stop on first error", "keep going"])
def test_where_nobody_can_sign_in_one_file_fails_and_stops_the_others(
    tmp_path: Path, is_stopping: bool
) -> None:
    objects = many(40, 1000)
    with FaultServer(objects, [expired_token(skip=20)]) as server:
        attempt = download(server, tmp_path, objects, policy=policy_of(jobs=JOBS, is_stopping=is_stopping))
    assert attempt.outcome is Outcome.STOPPED
    assert attempt.error.kind is ErrorKind.EXPIRED_CREDENTIALS
    assert attempt.states.count(State.FAILED) == 1
    assert attempt.states.count(State.DONE) == 20


@pytest.mark.parametrize("mode", ["--stop-on-first-error", "--keep-going"])
def test_the_command_line_ends_with_3_names_what_to_do_and_resumes_after_it(
    tmp_path: Path, home: Path, mode: str
) -> None:
    objects = many(40, 1000)
    with FaultServer(objects, keys=OLD) as server:
        server.add_fault(
            Fault(operation=Operation.GET, skip=20, times=1, before=lambda: server.renew_keys(NEW))
        )
        ran = get(server, tmp_path / "to", "--profile", "work", "--jobs", "4", mode)
        left = files_of(tmp_path / "to")
        profile(home, NEW)
        resumed = run("resume", "--json")
        assert files_of(tmp_path / "to") == {item.key: item.read() for item in objects}
        assert {server.sent_bytes(key) for key in left} == {1000}
    assert (ran.code, resumed.code) == (3, 0)
    error = ran.receipt["first_error"]
    assert (error["kind"], error["code"]) == ("expired_credentials", "ExpiredToken")
    assert "Put new keys into profile work, then go on." in error["message"]
    assert ran.receipt["counts"]["failed"] == 1
    assert len(left) >= 17
    assert set(left) == {file["path"] for file in ran.receipt["files"] if file["state"] == "done"}
    assert "token" not in ran.out.replace("ExpiredToken", "")
