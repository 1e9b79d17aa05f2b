"""What botocore makes of a connection: profile, region, endpoint, keys, certificates."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.session import Session

from app.core.objects import Addressing, Bucket, ConnectionSpec, ProfileInfo
from app.core.timing import Timing
from app.s3.boto_credentials import DOING, BotoKeys, find_credentials
from app.s3.boto_endpoints import BotoRules
from app.s3.boto_faults import BOTO_ERRORS, boto_fault
from app.s3.credentials import having
from app.s3.endpoints import DEFAULT_REGION, ca_file
from app.s3.faults import Identity


class BotoSetup:
    """The Setup of any connection. Making it blocks as well; any thread."""

    def __init__(self, spec: ConnectionSpec, timing: Timing, ask_secret: Callable[[str], str | None]) -> None:
        self._timing = timing
        self._spec = spec
        self._ask_secret = ask_secret
        self._session: Any = Session(profile=spec.profile or None)
        profile = "" if spec.access_key_id else str(self._session.profile or "")
        self.identity = Identity(profile, spec.access_key_id, spec.is_anonymous)
        try:
            self.region: str = spec.region or self._session.get_config_variable("region") or DEFAULT_REGION
            self.ca_bundle = _ca_bundle(spec, self._session)
            self.rules = BotoRules(self._client, lambda: self.identity)
            self.key_source = None if spec.is_anonymous else self._find_keys()
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
    def find_again(self) -> Callable[[], BotoKeys] | None:
        """Finds the keys as they are given now (blocks); None where there are none, or typed ones."""
        return None if self._spec.has_fixed_keys else self._find_anew

    def _find_anew(self) -> BotoKeys:
        try:
            # A session reads its files once, and keeps what it was given for a role.
            session = Session(profile=self._spec.profile or None)
            credentials = find_credentials(session, self._ask_secret, self.identity)
        except BOTO_ERRORS as error:
            raise boto_fault(error, self.identity, DOING) from error
        self._session = session
        return BotoKeys(credentials, self.identity)

    def _find_keys(self) -> BotoKeys:
        spec = self._spec
        if spec.access_key_id:
            self._session.set_credentials(
                spec.access_key_id, spec.secret_access_key, spec.session_token or None
            )
        credentials = find_credentials(self._session, self._ask_secret, self.identity)
        self.identity = replace(self.identity, method=credentials.method)
        self.identity = having(self.identity, BotoKeys(credentials, self.identity).fetch())
        return BotoKeys(credentials, self.identity)

    def _client(self, region: str | None, endpoint_url: str | None = None, keys: str = "") -> Any:
        """A client by the session's configuration; with `keys`, one that only works addresses out."""
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


def _ca_bundle(spec: ConnectionSpec, session: Any) -> str:
    """The file of trusted certificates that botocore would use, or the one that was named."""
    return ca_file(
        spec.ca_bundle
        or session.get_config_variable("ca_bundle")
        or os.environ.get("REQUESTS_CA_BUNDLE")
        or str(get_cert_path(True))
    )


def read_profiles() -> tuple[ProfileInfo, ...]:
    """The profiles of the AWS config files, by name. Blocks; raises TransferError for a broken file."""
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
