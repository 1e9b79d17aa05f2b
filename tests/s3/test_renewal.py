"""Keys that are asked for anew while a connection stands, and a look whether its server is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import ErrorKind, TransferError
from app.engine.ports import GetRequest
from app.s3.store import CurlStore
from tests.s3.scripted_server import KeepingSink, ScriptedServer, always, failure, reply, run
from tests.s3.stores import connected, scripted
from tests.servers.endpoint import free_port

OLD, NEW = "AKIAWORKWORKWORKWORK", "ASIANEWNEWNEWNEW9999"
SSO = """[profile work]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Reader
[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.example/start
"""


OF_WORK = {"profile": "work", "access_key_id": "", "secret_access_key": ""}
REQUEST = GetRequest("films", "x")


def rewrite(config: Path, old: str = "", new: str = "") -> None:
    """Another text in the file of the profiles; without `old` the whole of it."""
    text = config.read_text()
    config.write_text(text.replace(old, new) if old else new)


async def signer(server: ScriptedServer, store: CurlStore) -> str:
    """The key id that signs the next request."""
    await store.describe(REQUEST)
    return server.requests[-1].headers["authorization"].partition("Credential=")[2].partition("/")[0]


@pytest.mark.parametrize("odd", [{}, {"AWS_MAX_ATTEMPTS": "2"}], ids=["plain", "by botocore"])
def test_new_keys_of_the_profile_sign_the_requests_after_the_renewal(
    config: Path, odd: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in odd.items():
        monkeypatch.setenv(name, text)

    async def main() -> None:
        async with scripted(always(reply("200 OK")), **OF_WORK) as (server, store):
            assert await signer(server, store) == OLD
            rewrite(config, OLD, NEW)
            assert await signer(server, store) == OLD
            assert await store.renew_keys()
            assert await signer(server, store) == NEW

    run(main())


def test_keys_that_are_still_the_same_are_not_new(config: Path) -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK")), **OF_WORK) as (server, store):
            assert await signer(server, store) == OLD
            assert not await store.renew_keys()
            assert await signer(server, store) == OLD

    run(main())


@pytest.mark.parametrize("options", [{}, {"is_anonymous": True}], ids=["typed", "anonymous"])
def test_what_was_typed_cannot_be_renewed(config: Path, options: dict[str, bool]) -> None:
    async def main() -> None:
        async with scripted(always(reply("200 OK")), **options) as (_, store):
            assert not await store.renew_keys()

    run(main())


def test_a_sign_in_that_does_not_renew_names_the_command_and_the_old_keys_stay(config: Path) -> None:
    async def main() -> TransferError:
        async with scripted(always(reply("200 OK")), **OF_WORK) as (server, store):
            assert await signer(server, store) == OLD
            rewrite(config, new=SSO)
            error = await failure(store.renew_keys())
            assert await signer(server, store) == OLD
            return error

    error = run(main())
    assert error.kind is ErrorKind.EXPIRED_CREDENTIALS
    assert "aws sso login --profile work" in error.message


def test_a_profile_that_is_gone_is_a_named_error(config: Path) -> None:
    async def main() -> TransferError:
        async with scripted(always(reply("200 OK")), **OF_WORK) as (_, store):
            rewrite(config)
            return await failure(store.renew_keys())

    error = run(main())
    assert error.kind is ErrorKind.USAGE
    assert "profile work" in error.message


def test_the_id_of_a_renewed_key_is_masked_like_the_first_one(config: Path) -> None:
    odd = "minio-like-key-7777"
    echo = f"<Error><Code>Odd</Code><Message>no {odd}</Message></Error>".encode()

    async def main() -> TransferError:
        async with scripted(always(reply("418 Odd", echo)), **OF_WORK) as (_, store):
            rewrite(config, OLD, odd)
            assert await store.renew_keys()
            return await failure(store.get(REQUEST, KeepingSink()))

    assert "no …7777" in run(main()).message


@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "404 Not Found", "503 Slow", "301 Moved"])
def test_a_probe_is_one_head_of_the_bucket_and_any_answer_will_do(status: str) -> None:
    async def main() -> None:
        async with scripted(always(reply(status))) as (server, store):
            await store.probe("films")
            assert [(seen.method, seen.path) for seen in server.requests] == [("HEAD", "/films")]

    run(main())


def test_a_probe_that_nothing_answers_says_why() -> None:
    async def main() -> TransferError:
        async with connected(f"http://127.0.0.1:{free_port()}") as store:
            return await failure(store.probe("films"))

    error = run(main())
    assert error.kind is ErrorKind.CONNECTION_REFUSED
    assert "films" in error.message
