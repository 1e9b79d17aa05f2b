"""Connections: from what a person said, through botocore's sessions and rules, to a store."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import Addressing, Bucket, ConnectionSpec, ProfileInfo
from app.core.redaction import redacted
from app.core.timing import Timing
from app.engine.ports import Offload
from app.s3.boto_faults import BOTO_ERRORS, boto_fault
from app.s3.credentials import DOING, KeyRing, find_credentials, freeze, having
from app.s3.curl import CurlTransport
from app.s3.endpoints import EndpointRules
from app.s3.faults import Identity
from app.s3.store import CurlStore

MAX_IDLE_CONNECTIONS = 256
DEFAULT_REGION = "us-east-1"

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
        setup = await self._offload(lambda: Setup(tidied(spec), self._timing, self._ask_secret))
        log.info("%s, region %s, %s", setup.rules.endpoint, setup.region, setup.identity.keys)
        return CurlStore(
            rules=setup.rules,
            ring=KeyRing(
                setup.credentials, setup.identity, self._offload, find_again=setup.find_credentials_again
            ),
            transport=CurlTransport(self._timing, MAX_IDLE_CONNECTIONS),
            offload=self._offload,
            list_buckets=setup.list_buckets,
            ca_bundle=setup.ca_bundle,
            requester_pays=spec.requester_pays,
        )

    async def list_profiles(self) -> tuple[ProfileInfo, ...]:
        """The profiles of the AWS config files, by name. Raises TransferError for a broken file."""
        return await self._offload(_read_profiles)


class Setup:
    """What botocore makes of a spec. Making it and calling it blocks; any thread."""

    def __init__(self, spec: ConnectionSpec, timing: Timing, ask_secret: Callable[[str], str | None]) -> None:
        from botocore.session import Session

        redacted.learn(spec.secret_access_key, spec.session_token, key_id=spec.access_key_id)
        self._timing = timing
        self._spec = spec
        self._ask_secret = ask_secret
        self._session: Any = Session(profile=spec.profile or None)
        profile = "" if spec.access_key_id else str(self._session.profile or "")
        self.identity = Identity(profile, spec.access_key_id, spec.is_anonymous)
        try:
            self.region: str = spec.region or self._session.get_config_variable("region") or DEFAULT_REGION
            self.ca_bundle = _ca_bundle(spec, self._session)
            self.rules = EndpointRules(self._client)
            self.credentials = self._find_credentials(self._session)
        except BOTO_ERRORS as error:
            raise boto_fault(error, self.identity, "the connection") from error

    def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets. Blocks, asks the network; raises TransferError."""
        # Imported here, for it costs a fifth of a download's start: botocore's session is boto3's own, and
        # only for control calls is there anything that boto3 adds to it.
        import boto3

        boto3.Session(botocore_session=self._session)
        try:
            pages = self._client(None).get_paginator("list_buckets").paginate()
            return tuple(
                Bucket(
                    bucket["Name"],
                    bucket["CreationDate"].timestamp() if "CreationDate" in bucket else None,
                    bucket.get("BucketRegion", ""),
                )
                for page in pages
                for bucket in page.get("Buckets", ())
            )
        except BOTO_ERRORS as error:
            raise boto_fault(error, self.identity, "the list of buckets") from error

    @property
    def find_credentials_again(self) -> Callable[[], Any] | None:
        """Finds credentials as the configuration gives them now; None where there are none, or typed ones."""
        if self._spec.is_anonymous or self._spec.access_key_id:
            return None
        return self._find_anew

    def _find_anew(self) -> Any:
        from botocore.session import Session

        try:
            # A session reads its files once, and keeps what it was given for a role.
            session = Session(profile=self._spec.profile or None)
            credentials = find_credentials(session, self._ask_secret, self.identity)
        except BOTO_ERRORS as error:
            raise boto_fault(error, self.identity, DOING) from error
        self._session = session
        return credentials

    def _find_credentials(self, session: Any) -> Any:
        spec = self._spec
        if spec.is_anonymous:
            return None
        if spec.access_key_id:
            session.set_credentials(spec.access_key_id, spec.secret_access_key, spec.session_token or None)
        credentials = find_credentials(session, self._ask_secret, self.identity)
        self.identity = replace(self.identity, method=credentials.method)
        self.identity = having(self.identity, freeze(credentials, self.identity))
        return credentials

    def _client(self, region: str | None, endpoint_url: str | None = None, keys: str = "") -> Any:
        """A client by the session's configuration; with `keys`, one that only works addresses out."""
        from botocore import UNSIGNED
        from botocore.config import Config

        options: dict[str, Any] = {
            "connect_timeout": self._timing.connect_s,
            "read_timeout": self._timing.low_speed_s,
            "retries": {"total_max_attempts": 2},
            "s3_disable_express_session_auth": True,
        }
        if self._spec.is_anonymous and not keys:
            options["signature_version"] = UNSIGNED
        if self._spec.addressing is not Addressing.AUTO:
            options["s3"] = {"addressing_style": self._spec.addressing.value}
        return self._session.create_client(
            "s3",
            region_name=region or self.region,
            endpoint_url=(self._spec.endpoint_url if endpoint_url is None else endpoint_url) or None,
            aws_access_key_id=keys or None,
            aws_secret_access_key=keys or None,
            verify=self.ca_bundle,
            config=Config(**options),
        )


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


def _ca_bundle(spec: ConnectionSpec, session: Any) -> str:
    """The file of trusted certificates that botocore would use, or the one that was named."""
    from botocore.httpsession import get_cert_path

    named = (
        spec.ca_bundle
        or session.get_config_variable("ca_bundle")
        or os.environ.get("REQUESTS_CA_BUNDLE")
        or get_cert_path(True)
    )
    path = Path(os.path.expanduser(str(named)))  # noqa: PTH111 (pathlib raises for a ~name that is nobody's)
    if not path.is_file():
        text = f"There is no CA bundle at {plain_text(str(path))}. Choose a file of PEM certificates."
        raise TransferError(ErrorKind.USAGE, text)
    return str(path)


def _read_profiles() -> tuple[ProfileInfo, ...]:
    from botocore.session import Session

    try:
        profiles: dict[str, dict[str, Any]] = Session().full_config.get("profiles", {})
    except BOTO_ERRORS as error:
        raise boto_fault(error, Identity(), "the AWS configuration") from error
    return tuple(
        ProfileInfo(
            name,
            region=str(values.get("region", "")),
            endpoint_url=str(values.get("endpoint_url", "")),
            is_sso="sso_session" in values or "sso_start_url" in values,
        )
        for name, values in sorted(profiles.items())
    )
