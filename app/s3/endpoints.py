"""Where a bucket is and how it wants to be asked: URL, region, proxy, certificates."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.errors import ErrorKind, TransferError, plain_text

DEFAULT_REGION = "us-east-1"
AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")


@dataclass(frozen=True, slots=True)
class BucketTarget:
    """Where and how to ask for a bucket. `origin` is scheme and host; `path` is before the key, no end slash.

    `host` is the Host header. `proxy` is a URL or empty.
    """

    origin: str
    host: str
    path: str
    region: str
    service: str
    proxy: str


class Rules(Protocol):
    """Where the buckets of one connection are."""

    endpoint: str
    """The endpoint's URL, without any user information."""
    is_aws: bool
    """True when the endpoint is Amazon's own."""

    def target(self, bucket: str, region: str = "") -> BucketTarget:
        """Where `bucket` is; with `region`, where it is on AWS in that region.

        Blocks but asks nobody; any thread. Raises TransferError.
        """


def proxy_for(url: str) -> str:
    """The proxy that botocore would use for `url`, empty for none."""
    if sys.platform not in {"darwin", "win32"} and not any(n.lower().endswith("_proxy") for n in os.environ):
        return ""  # as `urllib.request.getproxies` would find, of which the import costs 20 ms
    from botocore.httpsession import ProxyConfiguration
    from botocore.utils import get_environ_proxies

    return ProxyConfiguration(proxies=get_environ_proxies(url)).proxy_url_for(url) or ""


def ca_file(named: str) -> str:
    """The file of trusted certificates that `named` means. Raises TransferError when there is none."""
    path = Path(os.path.expanduser(named))  # noqa: PTH111 (pathlib raises for a ~name that is nobody's)
    if not path.is_file():
        text = f"There is no CA bundle at {plain_text(str(path))}. Choose a file of PEM certificates."
        raise TransferError(ErrorKind.USAGE, text)
    return str(path)
