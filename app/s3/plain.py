"""Connections that need none of botocore's rules: an endpoint by its URL, and keys that stand there in clear.

botocore takes 0.2 s of CPU to be imported and to say where a bucket is, half of what 1,000 small downloads
take (measured). So what is known to be plain is read here, exactly as botocore would (tests/s3/test_plain.py
compares the two), and whatever is not known to be plain is left to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.objects import Addressing, Bucket, ConnectionSpec
from app.core.redaction import redacted
from app.s3.credentials import FixedKeys, KeySource, having
from app.s3.endpoints import DEFAULT_REGION, BucketTarget, ca_file, proxy_for
from app.s3.faults import Identity
from app.s3.signing import Keys

if TYPE_CHECKING:
    from app.s3.connection import Setup

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ENDPOINT = re.compile(rf"(https?)://((?:{_LABEL}\.)*{_LABEL})(?::([1-9]\d{{0,4}}))?")
_REGION = re.compile(_LABEL)
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.]|-(?!-)){1,61}[a-z0-9]")
_PROFILE = re.compile(r"profile [A-Za-z0-9_.-]+")
_OWN_WORDS = ("amazonaws", "fips", "global", "external", "s3-")
"""Endpoints and regions with these have rules of their own."""
_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_CA_BUNDLE",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_PAGER",
    }
)
_SETTINGS = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "region",
        "endpoint_url",
        "ca_bundle",
        "output",
        "cli_pager",
    }
)


class _NotPlainError(Exception):
    """This one is for botocore."""


@dataclass(frozen=True, slots=True)
class PlainSetup:
    """The Setup of a plain connection; what it cannot do is done by the one of botocore."""

    identity: Identity
    region: str
    rules: PlainRules
    key_source: FixedKeys | None
    ca_bundle: str
    spec: ConnectionSpec
    by_botocore: Callable[[], Setup]

    @property
    def find_again(self) -> Callable[[], KeySource] | None:
        """Finds the keys as they are given now (blocks); None where there are none, or typed ones."""
        return None if self.spec.has_fixed_keys else self._find_anew

    def _find_anew(self) -> KeySource:
        made = plain_setup(self.spec, self.by_botocore)
        if made is not None and made.key_source is not None:
            return made.key_source
        by_botocore = self.by_botocore().find_again
        assert by_botocore is not None
        return by_botocore()

    def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets. Blocks, asks the network; raises TransferError."""
        return self.by_botocore().list_buckets()


class PlainRules:
    """The Rules of an endpoint that is not Amazon's, with the bucket in the path."""

    is_aws = False

    def __init__(self, endpoint: str, region: str, by_botocore: Callable[[], Setup]) -> None:
        self.endpoint = endpoint
        self._region = region
        self._by_botocore = by_botocore

    def target(self, bucket: str, region: str = "") -> BucketTarget:
        """Where `bucket` is. Blocks for an odd name only; any thread. Raises TransferError."""
        if region or not _BUCKET.fullmatch(bucket):
            return self._by_botocore().rules.target(bucket, region)
        scheme, _, netloc = self.endpoint.partition("://")
        host = netloc.removesuffix(":80" if scheme == "http" else ":443")
        proxy = proxy_for(f"{self.endpoint}/{bucket}")
        return BucketTarget(self.endpoint, host, f"/{bucket}", self._region, "s3", proxy)


def plain_setup(spec: ConnectionSpec, by_botocore: Callable[[], Setup]) -> PlainSetup | None:
    """The setup of `spec`, None for one that is not known to be plain. Reads files; any thread.

    Raises TransferError.
    """
    try:
        settings = _Settings(spec)
        endpoint = settings.endpoint(spec)
        region = settings.region(spec)
        source = None if spec.is_anonymous else settings.keys(spec)
        profile = "" if spec.access_key_id else settings.profile
        identity = Identity(profile, spec.access_key_id, spec.is_anonymous)
        if source:
            identity = having(replace(identity, method=source.method), source.keys)
        ca_bundle = settings.ca_bundle(spec, endpoint)
    except _NotPlainError:
        return None
    rules = PlainRules(endpoint, region, by_botocore)
    return PlainSetup(identity, region, rules, source, ca_bundle, spec, by_botocore)


class _Settings:
    """Environment and configuration files; every method raises _NotPlainError for what is not plain."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self._variables = {name: text for name, text in os.environ.items() if name.startswith("AWS_")}
        _plain(self._variables.keys() <= _VARIABLES and all(self._variables.values()))
        _plain(spec.addressing is not Addressing.VIRTUAL)
        self.profile = spec.profile or self._variables.get("AWS_PROFILE", "")
        name = self.profile or "default"
        config = _sections(self._variables.get("AWS_CONFIG_FILE", "~/.aws/config"))
        shared = _sections(self._variables.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
        profiles = [section for section in config if section.startswith("profile")]
        _plain("profile default" not in profiles and all(map(_PROFILE.fullmatch, profiles)))
        self._shared = shared.get(name, {})
        self._config = config.get(name if name == "default" else f"profile {name}", {})
        self._all = self._config | self._shared
        _plain(bool(self._all) or not self.profile)
        _plain(self._all.keys() <= _SETTINGS and all(self._all.values()))

    def endpoint(self, spec: ConnectionSpec) -> str:
        """The endpoint's URL."""
        url = (
            spec.endpoint_url
            or self._variables.get("AWS_ENDPOINT_URL_S3")
            or self._variables.get("AWS_ENDPOINT_URL")
            or self._all.get("endpoint_url", "")
        )
        found = _ENDPOINT.fullmatch(url)
        _plain(found is not None and int(found[3] or 0) < 1 << 16 and not _has_rules(url))
        return url

    def region(self, spec: ConnectionSpec) -> str:
        """The region to sign for."""
        named = self._variables.get("AWS_DEFAULT_REGION") or self._all.get("region")
        region = spec.region or named or DEFAULT_REGION
        _plain(_REGION.fullmatch(region) is not None and not _has_rules(region))
        return region

    def keys(self, spec: ConnectionSpec) -> FixedKeys:
        """The keys to sign with."""
        if spec.access_key_id:
            typed = Keys(spec.access_key_id, spec.secret_access_key, spec.session_token or None)
            return FixedKeys(typed, "explicit")
        variables = {name.lower(): text for name, text in self._variables.items()}
        for method, settings in (
            ("env", {} if spec.profile else variables),
            ("shared-credentials-file", self._shared),
            ("config-file", self._config),
        ):
            if "aws_access_key_id" in settings:
                _plain("aws_secret_access_key" in settings)
                found = Keys(
                    settings["aws_access_key_id"],
                    settings["aws_secret_access_key"],
                    settings.get("aws_session_token"),
                )
                redacted.learn(found.secret_access_key, found.session_token, key_id=found.access_key_id)
                return FixedKeys(found, method)
        raise _NotPlainError

    def ca_bundle(self, spec: ConnectionSpec, endpoint: str) -> str:
        """The file of trusted certificates; empty where none is needed."""
        named = (
            spec.ca_bundle
            or self._variables.get("AWS_CA_BUNDLE")
            or self._all.get("ca_bundle")
            or os.environ.get("REQUESTS_CA_BUNDLE")
        )
        if named:
            return ca_file(named)
        if endpoint.startswith("http:"):
            return ""
        try:
            from certifi import where
        except ImportError:
            raise _NotPlainError from None
        return where()


def _sections(path: str) -> dict[str, dict[str, str]]:
    """A configuration file's sections, none when there is no file."""
    path = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 (as botocore does it)
    if not os.path.isfile(path):  # noqa: PTH113
        return {}
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read([path])
    except (configparser.Error, UnicodeDecodeError):
        raise _NotPlainError from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _has_rules(text: str) -> bool:
    return any(word in text for word in _OWN_WORDS)


def _plain(is_plain: bool) -> None:
    if not is_plain:
        raise _NotPlainError
