"""Plain connections: the same as botocore would make, and whatever is not plain left to it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.objects import Addressing, ConnectionSpec
from app.s3.connection import Setup
from app.s3.plain import PlainSetup, plain_setup
from tests.s3.stores import setup

TYPED = {"access_key_id": "AKIATYPED", "secret_access_key": "typed-secret"}
URLS = st.sampled_from(
    [
        "http://127.0.0.1:9000",
        "http://localhost:80",
        "http://localhost:49152",
        "https://minio.local",
        "https://s3.example.com:443",
        "https://s3.example.com:8443",
        "http://a-b.c",
    ]
)
REGIONS = st.sampled_from(["eu-central-1", "us-east-1", "us-gov-west-1", "garage", "x"])
BUCKETS = st.sampled_from(["films", "my.films", "a-b.c-9", "x--y", "Films", "my_films", "123"])
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "region": REGIONS,
        "endpoint_url": URLS,
        "ca_bundle": st.just("{folder}/ca.pem"),
        "output": st.just("json"),
        "aws_access_key_id": st.sampled_from(["AKIAFILEONE", "AKIAFILETWO"]),
        "aws_secret_access_key": st.sampled_from(["one", "two"]),
        "aws_session_token": st.just("file-token"),
    },
)
FILE = st.dictionaries(st.sampled_from(["default", "work"]), PROFILE, max_size=2)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "AWS_ACCESS_KEY_ID": st.just("AKIAVARIABLE"),
        "AWS_SECRET_ACCESS_KEY": st.just("variable-secret"),
        "AWS_SESSION_TOKEN": st.just("variable-token"),
        "AWS_PROFILE": st.sampled_from(["work", "default"]),
        "AWS_DEFAULT_REGION": REGIONS,
        "AWS_REGION": REGIONS,
        "AWS_ENDPOINT_URL": URLS,
        "AWS_ENDPOINT_URL_S3": URLS,
        "AWS_CA_BUNDLE": st.just("{folder}/ca.pem"),
        "https_proxy": st.just("http://proxy.example:3128"),
        "no_proxy": st.just("minio.local"),
    },
)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAVARIABLE", "AWS_SECRET_ACCESS_KEY": "variable-secret"}
SPECS = st.fixed_dictionaries(
    {"endpoint_url": URLS | st.just("")},
    optional={
        "profile": st.just("work"),
        "region": REGIONS,
        "addressing": st.sampled_from([Addressing.AUTO, Addressing.PATH]),
        "is_anonymous": st.booleans(),
        "access_key_id": st.just("AKIATYPED"),
        "secret_access_key": st.just("typed-secret"),
        "session_token": st.just("typed-token"),
    },
).filter(lambda spec: ("access_key_id" in spec) == ("secret_access_key" in spec))


@contextmanager
def surroundings(
    variables: Mapping[str, str],
    config: Mapping[str, Mapping[str, str]] | str = "",
    shared: Mapping[str, Mapping[str, str]] | str = "",
) -> Iterator[None]:
    """An environment with these variables and files only; `{folder}` in a value is a folder with a ca.pem."""
    held = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "ca.pem").write_text("")
        texts = {"config": _ini(config, "profile "), "credentials": _ini(shared, "")}
        for name, text in texts.items():
            Path(folder, name).write_text(text.replace("{folder}", folder))
        for name in list(os.environ):
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                del os.environ[name]
        os.environ.update({name: value.replace("{folder}", folder) for name, value in variables.items()})
        os.environ["AWS_CONFIG_FILE"] = f"{folder}/config"
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{folder}/credentials"
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(held)


def _ini(sections: Mapping[str, Mapping[str, str]] | str, prefix: str) -> str:
    if isinstance(sections, str):
        return sections
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name if name == 'default' else prefix + name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines)


def plain(**fields: Any) -> PlainSetup | None:
    """The plain setup of a spec, which asks botocore for nothing."""

    def by_botocore() -> Setup:
        raise AssertionError("botocore was asked")

    return plain_setup(ConnectionSpec(**fields), by_botocore)


@settings(max_examples=60, deadline=None)
@given(VARIABLES | st.just(KEYS), FILE, FILE, SPECS, BUCKETS)
def test_what_is_plain_is_what_botocore_makes_of_it(
    variables: dict[str, str],
    config: dict[str, dict[str, str]],
    shared: dict[str, dict[str, str]],
    fields: dict[str, Any],
    bucket: str,
) -> None:
    with surroundings(variables, config, shared):
        ours = plain_setup(ConnectionSpec(**fields), lambda: setup(**fields))
        if ours is None:
            return
        theirs = setup(**fields)
        assert ours.identity == theirs.identity
        assert ours.rules.endpoint == theirs.rules.endpoint
        assert ours.rules.is_aws == theirs.rules.is_aws
        assert ours.rules.target(bucket) == theirs.rules.target(bucket)
        keys = [source and source.fetch() for source in (ours.key_source, theirs.key_source)]
        assert keys[0] == keys[1]
        is_without_tls = ours.rules.endpoint.startswith("http:") and not ours.ca_bundle
        assert is_without_tls or ours.ca_bundle == theirs.ca_bundle


@pytest.mark.parametrize(
    ("variables", "fields"),
    [
        (KEYS, {}),
        ({}, TYPED),
        ({}, {"is_anonymous": True}),
        (KEYS | {"AWS_CA_BUNDLE": "{folder}/ca.pem"}, {"endpoint_url": "https://minio.local"}),
    ],
)
def test_keys_at_an_endpoint_need_no_botocore(variables: dict[str, str], fields: dict[str, Any]) -> None:
    with surroundings(variables):
        made = plain(**({"endpoint_url": "http://127.0.0.1:9000"} | fields))
        assert made is not None
        assert made.rules.target("films").path == "/films"


@pytest.mark.parametrize(
    "section",
    [
        "endpoint_url = http://minio.local\naws_access_key_id = AKIAFILEONE\naws_secret_access_key = one",
        "region = x\nendpoint_url = http://minio.local\naws_access_key_id = A\naws_secret_access_key = b",
    ],
)
def test_a_profile_with_an_endpoint_and_keys_needs_no_botocore(section: str) -> None:
    with surroundings({}, f"[profile work]\n{section}\n[profile other]\nsso_session = x\n"):
        made = plain(profile="work")
        assert made is not None
        assert made.rules.endpoint == "http://minio.local"


@pytest.mark.parametrize(
    ("variables", "config", "fields"),
    [
        (KEYS, "", {"endpoint_url": ""}),
        (KEYS, "", {"endpoint_url": "https://s3.eu-west-1.amazonaws.com"}),
        (KEYS, "", {"endpoint_url": "http://[::1]:9000"}),
        (KEYS, "", {"endpoint_url": "http://h/base"}),
        (KEYS, "", {"endpoint_url": "http://h:65536"}),
        (KEYS, "", {"addressing": Addressing.VIRTUAL}),
        (KEYS, "", {"region": "aws-global"}),
        (KEYS, "", {"region": "fips-us-east-1"}),
        (KEYS, "", {"profile": "nobody"}),
        (KEYS | {"AWS_USE_FIPS_ENDPOINT": "true"}, "", {}),
        (KEYS | {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "", {}),
        (KEYS | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "", {}),
        (KEYS | {"AWS_CREDENTIAL_EXPIRATION": "2030-01-01T00:00:00Z"}, "", {}),
        (KEYS | {"AWS_DEFAULT_REGION": ""}, "", {}),
        ({"AWS_ACCESS_KEY_ID": "AKIAVARIABLE"}, "", {}),
        ({}, "", {}),
        (KEYS, "[default]\ns3 =\n  addressing_style = virtual\n", {}),
        (KEYS, "[default]\nservices = mine\n", {}),
        (KEYS, "[profile default]\nregion = x\n", {}),
        (KEYS, "[profile 'work']\nregion = x\n", {}),
        (KEYS, "[default\n", {}),
        ({}, "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", {}),
        ({}, "[default]\ncredential_process = keys\n", {}),
        ({}, "[default]\nsso_session = x\n", {}),
    ],
)
def test_what_is_not_plain_is_left_to_botocore(
    variables: dict[str, str], config: str, fields: dict[str, Any]
) -> None:
    with surroundings(variables, config):
        assert plain(**({"endpoint_url": "http://127.0.0.1:9000"} | fields)) is None


@pytest.mark.parametrize(
    "bucket", ["Films", "my_films", "films--usw2-az1--x-s3", "arn:aws:s3:::films", "", "a"]
)
def test_an_odd_bucket_is_left_to_botocore(bucket: str) -> None:
    with surroundings(KEYS):
        made = plain(endpoint_url="http://127.0.0.1:9000")
        assert made is not None
        with pytest.raises(AssertionError, match="botocore was asked"):
            made.rules.target(bucket)
