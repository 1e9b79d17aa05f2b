"""Connections from AWS configuration files: profiles, endpoints, keys, MFA, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ErrorKind
from app.core.objects import Addressing, ConnectionSpec, ProfileInfo
from app.core.redaction import redacted
from app.core.timing import Timing
from app.s3.connection import BotoConnector
from tests.s3.scripted_server import failure, in_thread, run
from tests.s3.stores import connect_error, setup

KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "secret"}


def test_a_profile_gives_its_region_and_its_keys(config: Path) -> None:
    made = setup(profile="work")
    assert made.identity.keys == "the keys of profile work"
    target = made.rules.target("films")
    assert (target.origin, target.path) == ("https://films.s3.eu-central-1.amazonaws.com", "")
    assert (target.region, target.service, target.host) == ("eu-central-1", "s3", target.origin[8:])
    assert made.rules.is_aws


def test_a_profile_gives_its_endpoint_and_its_ca_bundle(config: Path, tmp_path: Path) -> None:
    made = setup(profile="minio")
    target = made.rules.target("films")
    assert (target.origin, target.path, target.region) == ("http://minio.local:9000", "/films", "us-east-1")
    assert made.ca_bundle == str(tmp_path / "ca.pem")
    assert not made.rules.is_aws


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_comes_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9000")
    made = setup(**KEYS)
    assert made.rules.endpoint == "http://127.0.0.1:9000"
    assert made.rules.target("films").path == "/films"


@pytest.mark.parametrize(
    ("fields", "bucket", "url"),
    [
        ({"endpoint_url": "http://127.0.0.1:9000"}, "films", "http://127.0.0.1:9000/films"),
        ({"endpoint_url": "http://localhost:9000/"}, "films", "http://localhost:9000/films"),
        ({"endpoint_url": "http://[::1]:9000"}, "films", "http://[::1]:9000/films"),
        ({"endpoint_url": "https://s3.example.com/base"}, "films", "https://s3.example.com/base/films"),
        (
            {"endpoint_url": "https://s3.example.com", "addressing": Addressing.VIRTUAL},
            "films",
            "https://films.s3.example.com",
        ),
        ({"region": "eu-west-1"}, "films", "https://films.s3.eu-west-1.amazonaws.com"),
        ({"region": "eu-west-1"}, "my.films", "https://s3.eu-west-1.amazonaws.com/my.films"),
        (
            {"region": "eu-west-1", "addressing": Addressing.PATH},
            "films",
            "https://s3.eu-west-1.amazonaws.com/films",
        ),
        ({"region": "cn-north-1"}, "films", "https://films.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_bucket_is_where_botocore_would_look_for_it(fields: dict[str, Any], bucket: str, url: str) -> None:
    target = setup(**KEYS, **fields).rules.target(bucket)
    assert target.origin + target.path == url


def test_another_region_is_asked_at_amazon_even_if_the_endpoint_named_one() -> None:
    made = setup(**KEYS, endpoint_url="https://s3.eu-west-1.amazonaws.com")
    assert made.rules.is_aws
    target = made.rules.target("films", "eu-north-1")
    assert target.origin == "https://films.s3.eu-north-1.amazonaws.com"
    assert target.region == "eu-north-1"


def test_an_anonymous_connection_has_no_keys() -> None:
    assert setup(is_anonymous=True).key_source is None


def test_a_proxy_is_the_one_that_botocore_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert setup(**KEYS).rules.target("films").proxy == "http://proxy.example:3128"
    inside = setup(**KEYS, endpoint_url="https://s3.inside.example").rules.target("films")
    assert inside.proxy == ""


@pytest.mark.parametrize("addressing", [Addressing.AUTO, Addressing.VIRTUAL], ids=["plain", "botocore"])
def test_a_key_that_was_pasted_with_a_space_is_hidden_too(addressing: Addressing) -> None:
    keys = {
        "access_key_id": "AKIAPASTEDPASTED7777",
        "secret_access_key": f"pasted-{addressing.value}-secret ",
    }

    async def main() -> None:
        connector = BotoConnector(in_thread, Timing(), lambda _prompt: None)
        spec = ConnectionSpec(endpoint_url="http://127.0.0.1:9000", addressing=addressing, **keys)
        await (await connector.connect(spec)).close()

    run(main())
    assert "pasted" not in redacted(f"the secret pasted-{addressing.value}-secret, quoted")


def test_user_information_of_an_endpoint_is_nowhere_to_be_seen() -> None:
    async def main() -> None:
        connector = BotoConnector(in_thread, Timing(), lambda _prompt: None)
        spec = ConnectionSpec(endpoint_url="http://me:pass@127.0.0.1:9000", **KEYS)
        store = await connector.connect(spec)
        await store.close()
        assert store.endpoint == "http://127.0.0.1:9000"

    run(main())


def test_a_missing_profile_is_named(config: Path) -> None:
    error = connect_error(profile="nobody")
    assert error.kind is ErrorKind.USAGE
    assert "nobody" in error.message


@pytest.mark.parametrize("url", ["minio.local", "ftp://a", "http://", "http://a:b", "http://a b/?x=1"])
def test_an_endpoint_that_is_no_url_is_named(url: str) -> None:
    error = connect_error(endpoint_url=url, **KEYS)
    assert error.kind is ErrorKind.USAGE
    assert url in error.message


def test_a_missing_ca_bundle_is_named() -> None:
    error = connect_error(ca_bundle="/nowhere/ca.pem", **KEYS)
    assert error.kind is ErrorKind.USAGE
    assert "/nowhere/ca.pem" in error.message


def test_half_a_key_is_refused() -> None:
    assert connect_error(access_key_id="AKIAIOSFODNN7EXAMPLE").kind is ErrorKind.USAGE


def test_no_keys_anywhere_says_what_to_do() -> None:
    error = connect_error()
    assert error.kind is ErrorKind.NO_CREDENTIALS
    assert "connect without signing" in error.message


def test_an_sso_sign_in_that_is_missing_names_the_command(config: Path) -> None:
    error = connect_error(profile="company")
    assert error.kind is ErrorKind.EXPIRED_CREDENTIALS
    expected = (
        "The sign-in of profile company has expired. Run `aws sso login --profile company`, then try again."
    )
    assert error.message == expected


def test_profiles_are_listed_with_what_the_window_shows(config: Path) -> None:
    profiles = run(BotoConnector(in_thread, Timing(), lambda _prompt: None).list_profiles())
    named = {profile.name: profile for profile in profiles}
    assert sorted(named) == ["company", "default", "mfa", "minio", "work"]
    assert named["company"].is_sso
    assert not named["work"].is_sso
    assert named["minio"] == ProfileInfo("minio", "", "http://minio.local:9000", False)


def test_a_broken_config_file_is_a_wrong_setting(config: Path) -> None:
    config.write_text("[profile work\nregion")
    connector = BotoConnector(in_thread, Timing(), lambda _prompt: None)

    async def main() -> None:
        assert (await failure(connector.list_profiles())).kind is ErrorKind.USAGE

    run(main())


def test_boto3_is_not_imported_with_the_package() -> None:
    code = "import app.s3.connection, app.s3.store, sys; print('boto3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
