"""How to reach a test server, and a plain boto3 client for it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config


@dataclass(frozen=True)
class Endpoint:
    """A server's URL and the keys it takes."""

    url: str
    access_key_id: str = "test-key"
    secret_access_key: str = "test-secret"

    def client(self) -> Any:
        """A boto3 S3 client: path style, no retries, short limits, no AWS settings of the machine."""
        session = boto3.session.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name="us-east-1",
        )
        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=5,
            read_timeout=10,
            s3={"addressing_style": "path"},
            proxies={},
            # rclone sends a whole object's checksum with a range, which botocore would hold against the range
            response_checksum_validation="when_required",
        )
        return session.client("s3", endpoint_url=self.url, config=config)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
