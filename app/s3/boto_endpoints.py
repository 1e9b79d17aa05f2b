"""Where a bucket is by botocore's own endpoint rules: base URL, signing name and region."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from botocore.awsrequest import AWSResponse

from app.core.errors import ErrorKind, TransferError, plain_text
from app.s3.boto_faults import BOTO_ERRORS, boto_fault
from app.s3.endpoints import AWS_HOSTS, BucketTarget, proxy_for
from app.s3.faults import Identity

_PROBE = "k"
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class BotoRules:
    """The Rules of botocore. Making them blocks as well.

    botocore builds and signs a whole request with keys that mean nothing; it is caught before it is sent.
    """

    def __init__(
        self, make_client: Callable[[str | None, str | None, str], Any], identity: Callable[[], Identity]
    ) -> None:
        """`make_client(region, endpoint, keys)` makes an S3 client; None is what the connection says.

        Raises botocore's errors.
        """
        self._make_client = make_client
        self._identity = identity
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.endpoint = _bare(self._client("").meta.endpoint_url)
        self.is_aws = (urlsplit(self.endpoint).hostname or "").endswith(AWS_HOSTS)

    def target(self, bucket: str, region: str = "") -> BucketTarget:
        """Where `bucket` is; with `region`, where it is on AWS in that region. Raises TransferError."""
        try:
            answer = self._client(region).head_object(Bucket=bucket, Key=_PROBE)
        except BOTO_ERRORS as error:
            doing = f"a request to the bucket {plain_text(bucket)}"
            raise boto_fault(error, self._identity(), doing) from error
        caught = answer["ResponseMetadata"]["HTTPHeaders"]
        scope = _SCOPE.match(caught["authorization"])
        if scope is None:
            text = f"The bucket {bucket} wants a kind of signature that is not supported here."
            raise TransferError(ErrorKind.USAGE, text)
        parts = urlsplit(caught["url"])
        netloc = parts.netloc.rpartition("@")[2]
        return BucketTarget(
            origin=f"{parts.scheme}://{netloc}",
            host=netloc.removesuffix(_DEFAULT_PORTS[parts.scheme]),
            path=parts.path.removesuffix(f"/{_PROBE}"),
            region=scope[1],
            service=scope[2],
            proxy=proxy_for(caught["url"]),
        )

    def _client(self, region: str) -> Any:
        with self._lock:
            client = self._clients.get(region)
            if client is None:
                client = self._make_client(region or None, "" if region else None, "endpoint-rules")
                client.meta.events.register("before-send.s3.HeadObject", _catch)
                self._clients[region] = client
            return client


class _NoBody:
    """The body of an answer that was never sent."""

    def stream(self) -> Iterator[bytes]:
        return iter(())


def _catch(request: Any, **_: object) -> Any:
    """Answer botocore in the server's place: 200, with the request's own URL and signature as headers."""
    authorization = request.headers["Authorization"]
    if isinstance(authorization, bytes):
        authorization = authorization.decode("ascii")
    headers: Any = {"url": request.url, "authorization": authorization}
    return AWSResponse(request.url, 200, headers, _NoBody())


def _bare(url: str) -> str:
    """The URL without user information."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
