"""One connection to S3 over libcurl: signed requests, judged heads, guarded listings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import Bucket, ConnectionSpec, ListingPage, ObjectInfo
from app.engine.ports import BodySink, GetHead, GetRequest, Offload
from app.s3.credentials import KeyRing
from app.s3.curl import CurlTransport
from app.s3.endpoints import BucketTarget, Rules
from app.s3.faults import http_fault, read_refusal
from app.s3.heads import HeadJudge, get_head, judge_pins, object_info
from app.s3.http import Headers, HttpHead, HttpRequest, HttpResponse, Receiver
from app.s3.listing import PageWalk
from app.s3.page_parser import PageParser
from app.s3.signing import Keys, Signer, encode_key, encode_query

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNTOLD = frozenset({"400", "401", "403", "404"})
"""The codes of a refusal that stand for many causes when the server did not say which."""


class CurlStore:
    """An ObjectStore: one request a call, and never a request to where a server redirects.

    The one exception is AWS itself: a bucket in another region is asked for there, once.
    """

    def __init__(
        self,
        *,
        rules: Rules,
        ring: KeyRing,
        transport: CurlTransport,
        offload: Offload,
        list_buckets: Callable[[], tuple[Bucket, ...]],
        ca_bundle: str,
        requester_pays: bool,
    ) -> None:
        """`list_buckets` is the blocking control call."""
        self._rules = rules
        self._ring = ring
        self._transport = transport
        self._offload = offload
        self._list_buckets = list_buckets
        self._ca_bundle = ca_bundle
        self._always = (("x-amz-request-payer", "requester"),) if requester_pays else ()
        self._targets: dict[str, BucketTarget] = {}
        self._targets_lock = asyncio.Lock()
        self._signers: dict[tuple[str, str], Signer] = {}

    @property
    def endpoint(self) -> str:
        """The endpoint's URL, without any user information."""
        return self._rules.endpoint

    async def get(self, request: GetRequest, sink: BodySink) -> GetHead:
        """GET one object or range into `sink`; raises TransferError."""
        judge = HeadJudge(request, sink)
        await self._send_for("GET", request, judge)
        return judge.head

    async def describe(self, request: GetRequest) -> GetHead:
        """HEAD one object as a GET would be headed; raises TransferError."""
        response = await self._send_for("HEAD", request, None)
        head = get_head(response.head)
        judge_pins(request, head)
        return head

    async def head(self, bucket: str, key: str) -> ObjectInfo:
        """HEAD one object; raises TransferError."""
        subject = plain_text(f"s3://{bucket}/{key}")
        try:
            response = await self._send("HEAD", bucket, key, "", (), subject, None)
        except TransferError as refusal:
            if refusal.code not in _UNTOLD:
                raise
            # An answer to a HEAD has no body to say why (RFC 9110, section 9.3.2); one to a GET has.
            first_byte = [("range", "bytes=0-0")]
            await self._send("GET", bucket, key, "", first_byte, subject, _Unwanted(refusal))
            raise
        return object_info(key, response.head)

    def list_pages(
        self, bucket: str, prefix: str, *, delimiter: str = "", start_after: str = ""
    ) -> AsyncIterator[ListingPage]:
        """Pages of the objects below `prefix`, each asked for when it is pulled; raises TransferError."""
        subject = f"the listing of {plain_text(f's3://{bucket}/{prefix}')}"

        async def ask(query: dict[str, str], parser: PageParser) -> None:
            text = encode_query(sorted((name, value) for name, value in query.items() if value))
            # Only AWS is asked: other servers refuse headers that they do not know.
            optional = [("x-amz-optional-object-attributes", "RestoreStatus")] if self._rules.is_aws else ()
            await self._send("GET", bucket, "", text, optional, subject, parser)

        return PageWalk(ask, prefix, delimiter, start_after)

    async def list_buckets(self) -> tuple[Bucket, ...]:
        """The account's buckets; raises TransferError."""
        return await self._offload(self._list_buckets)

    async def probe(self, bucket: str) -> None:
        """HEAD the bucket, whatever the server answers; raises TransferError when nothing does."""
        target = self._targets.get(bucket) or await self._find_target(bucket)
        subject = plain_text(f"the bucket {bucket}")
        await self._ask("HEAD", target, "", "", (), subject, None)

    async def renew_keys(self, typed: ConnectionSpec | None = None) -> bool:
        """Take typed keys or ask for new ones; True when they are other ones. Raises TransferError."""
        if typed is None:
            return await self._ring.renew()
        return self._ring.take(
            Keys(typed.access_key_id, typed.secret_access_key, typed.session_token or None)
        )

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        await self._transport.aclose()

    async def _send_for(self, method: str, request: GetRequest, receiver: Receiver | None) -> HttpResponse:
        headers = [("x-amz-checksum-mode", "ENABLED")]
        # An ETag that is no plain text cannot be a header; the answer's ETag is compared all the same.
        if request.if_match.isascii() and request.if_match.isprintable() and request.if_match:
            headers.append(("if-match", f'"{request.if_match}"'))
        if request.first is not None or request.last is not None:
            last = "" if request.last is None else request.last
            headers.append(("range", f"bytes={request.first or 0}-{last}"))
        query: list[tuple[str, str]] = []
        if request.part_number is not None:
            query.append(("partNumber", str(request.part_number)))
        if request.version_id:
            query.append(("versionId", request.version_id))
        return await self._send(
            method,
            request.bucket,
            request.key,
            encode_query(query) if query else "",
            headers,
            plain_text(request.key),
            receiver,
        )

    async def _send(
        self,
        method: str,
        bucket: str,
        key: str,
        query: str,
        headers: Headers,
        subject: str,
        receiver: Receiver | None,
    ) -> HttpResponse:
        """One request, a second one only to another region of AWS; the answer is a 2xx."""
        try:
            path = "/" + encode_key(key) if key else ""
        except UnicodeEncodeError:
            text = f"The key {subject} has no UTF-8 form, so S3 cannot hold it."
            raise TransferError(ErrorKind.BLOCKED, text) from None
        target = self._targets.get(bucket) or await self._find_target(bucket)
        response = await self._ask(method, target, path, query, headers, subject, receiver)
        region = self._other_region(response, target)
        if region:
            target = await self._find_target(bucket, region)
            response = await self._ask(method, target, path, query, headers, subject, receiver)
        if not response.head.is_success:
            raise http_fault(response, subject, self._ring.identity)
        return response

    async def _ask(
        self,
        method: str,
        target: BucketTarget,
        path: str,
        query: str,
        headers: Headers,
        subject: str,
        receiver: Receiver | None,
    ) -> HttpResponse:
        full_path = (target.path + path) or "/"
        if query:
            full_path += f"?{query}"
        all_headers = [("host", target.host), *headers, *self._always]
        keys = await self._ring.keys()
        if keys is not None:
            all_headers = self._signer(keys, target).sign(method, full_path, all_headers, int(time.time()))
        request = HttpRequest(
            method, target.origin + full_path, all_headers, subject, self._ca_bundle, target.proxy
        )
        return await self._transport.request(request, receiver)

    def _signer(self, keys: Keys, target: BucketTarget) -> Signer:
        """The signer for these keys and this target, kept for the next request."""
        scope = (target.region, target.service)
        signer = self._signers.get(scope)
        if signer is None or signer.keys is not keys:
            signer = self._signers[scope] = Signer(keys, *scope)
        return signer

    async def _find_target(self, bucket: str, region: str = "") -> BucketTarget:
        """The bucket's target by the rules, kept for the next request; with `region`, anew."""
        async with self._targets_lock:
            known = self._targets.get(bucket)
            if known is not None and region in {"", known.region}:
                return known
            target = await self._offload(lambda: self._rules.target(bucket, region))
            self._targets[bucket] = target
            return target

    def _other_region(self, response: HttpResponse, target: BucketTarget) -> str:
        """The region to ask instead; empty when the answer names none or the endpoint is not AWS's."""
        status = response.head.status
        if not self._rules.is_aws or not (status in _REDIRECTS or status == 400):
            return ""
        refusal = read_refusal(response)
        return refusal.region if refusal.region != target.region else ""


class _Unwanted:
    """A Receiver that ends an answer at its head with the error that it was given."""

    def __init__(self, error: TransferError) -> None:
        self._error = error

    def begin(self, head: HttpHead) -> None:
        raise self._error

    def write(self, data: bytes) -> None:
        raise self._error
