"""Connections: from what a person said to a store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import Bucket, ConnectionSpec, ProfileInfo
from app.core.redaction import redacted
from app.core.timing import Timing
from app.engine.ports import Offload
from app.s3.credentials import KeyRing, KeySource
from app.s3.curl import CurlTransport
from app.s3.endpoints import Rules
from app.s3.faults import Identity
from app.s3.plain import plain_setup
from app.s3.store import CurlStore

MAX_IDLE_CONNECTIONS = 256

log = logging.getLogger(__name__)


class Setup(Protocol):
    """What a spec comes to. Without a key source nothing is signed."""

    @property
    def identity(self) -> Identity:
        """Who asks."""

    @property
    def region(self) -> str:
        """The region to sign for where a bucket's own is not known."""

    @property
    def rules(self) -> Rules:
        """Where the buckets are."""

    @property
    def key_source(self) -> KeySource | None:
        """Where the keys come from."""

    @property
    def find_again(self) -> Callable[[], KeySource] | None:
        """Finds the keys as they are given now (blocks); None where there are none, or typed ones."""

    @property
    def ca_bundle(self) -> str:
        """The file of trusted certificates; may be empty for an endpoint without TLS."""

    def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets. Blocks, asks the network; raises TransferError."""


log = logging.getLogger(__name__)


class BotoConnector:
    """Turns a ConnectionSpec into a CurlStore by boto3's own configuration; a Connector."""

    def __init__(self, offload: Offload, timing: Timing, ask_secret: Callable[[str], str | None]) -> None:
        """`ask_secret` gets a prompt (for an MFA code) on an offload thread and blocks; None is a refusal."""
        self._offload = offload
        self._timing = timing
        self._ask_secret = ask_secret

    async def connect(self, spec: ConnectionSpec) -> CurlStore:
        """Resolve profile, keys and endpoint; asks S3 nothing. Raises TransferError."""
        spec = tidied(spec)
        redacted.learn(spec.secret_access_key, spec.session_token, key_id=spec.access_key_id)
        setup = await self._offload(lambda: self._setup(spec))
        log.info("%s, region %s, %s", setup.rules.endpoint, setup.region, setup.identity.keys)
        return CurlStore(
            rules=setup.rules,
            ring=KeyRing(setup.key_source, setup.identity, self._offload, find_again=setup.find_again),
            transport=CurlTransport(self._timing, MAX_IDLE_CONNECTIONS),
            offload=self._offload,
            list_buckets=setup.list_buckets,
            ca_bundle=setup.ca_bundle,
            requester_pays=spec.requester_pays,
        )

    async def list_profiles(self) -> tuple[ProfileInfo, ...]:
        """The profiles of the AWS config files, by name. Raises TransferError for a broken file."""

        def read() -> tuple[ProfileInfo, ...]:
            from app.s3.boto_setup import read_profiles

            return read_profiles()

        return await self._offload(read)

    def _setup(self, spec: ConnectionSpec) -> Setup:
        @cache
        def by_botocore() -> Setup:
            from app.s3.boto_setup import BotoSetup

            return BotoSetup(spec, self._timing, self._ask_secret)

        return plain_setup(spec, by_botocore) or by_botocore()


def tidied(spec: ConnectionSpec) -> ConnectionSpec:
    """The spec without what pasting leaves behind: outer spaces, and user information in the endpoint."""
    names = (
        "profile",
        "endpoint_url",
        "region",
        "ca_bundle",
        "access_key_id",
        "secret_access_key",
        "session_token",
    )
    spec = replace(spec, **{name: getattr(spec, name).strip() for name in names})
    if spec.endpoint_url:
        spec = replace(spec, endpoint_url=_checked_endpoint(spec.endpoint_url))
    if bool(spec.access_key_id) != bool(spec.secret_access_key):
        text = "An access key has two halves, the id and the secret. Type both or neither."
        raise TransferError(ErrorKind.USAGE, text)
    return spec


def _checked_endpoint(url: str) -> str:
    text = f"The endpoint {plain_text(url.rpartition('@')[2])} is not a URL. It looks like https://s3.example.com."
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise TransferError(ErrorKind.USAGE, text)
        _ = parts.port  # raises ValueError when it is none
    except ValueError:
        raise TransferError(ErrorKind.USAGE, text) from None
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
