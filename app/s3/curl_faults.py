"""libcurl's failures as TransferErrors: what happened, to what, and what to do next."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from urllib.parse import urlsplit

import pycurl

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.timing import Timing
from app.s3.faults import said
from app.s3.http import HttpRequest

_LOST = (
    ErrorKind.NETWORK,
    "The connection to {where} was lost ({amount}) for {subject}: {reason}. Try again.",
)
_WEIRD = (
    ErrorKind.PROTOCOL,
    "{where} does not answer {subject} as an S3 server does: {reason}. Check the endpoint.",
)
_UNUSABLE = (
    ErrorKind.USAGE,
    "The endpoint {where} cannot be used: {reason}. Check the endpoint of this connection.",
)
_OTHER = (ErrorKind.NETWORK, "The request to {where} for {subject} failed: {reason}. Try again.")
_TOO_MANY_FILES = (
    ErrorKind.TOO_MANY_FILES,
    "This computer has too many open files to connect for {subject}. "
    "Lower the number of jobs or raise the limit of open files.",
)
_FAULTS: dict[int, tuple[ErrorKind, str]] = {
    pycurl.E_COULDNT_RESOLVE_HOST: (
        ErrorKind.HOST_NOT_FOUND,
        "Cannot find the host {where} for {subject}. Check the endpoint of this connection.",
    ),
    pycurl.E_COULDNT_RESOLVE_PROXY: (
        ErrorKind.HOST_NOT_FOUND,
        "Cannot find the proxy {proxy} for {subject}. Check the proxy settings of this computer.",
    ),
    pycurl.E_OPERATION_TIMEDOUT: (
        ErrorKind.UNREACHABLE,
        "No connection to {where} within {connect_s:g} s for {subject}. "
        "Check the network and the endpoint, then try again.",
    ),
    pycurl.E_PARTIAL_FILE: (
        ErrorKind.SHORT_BODY,
        "The connection ended early ({amount}) for {subject}. Try again.",
    ),
    pycurl.E_PEER_FAILED_VERIFICATION: (
        ErrorKind.TLS_UNTRUSTED,
        "The certificate of {where} is not trusted: {reason}. Nothing was sent. "
        "If this server is yours, name its CA bundle in the connection.",
    ),
    pycurl.E_SSL_CACERT_BADFILE: (
        ErrorKind.USAGE,
        "The CA bundle {ca_bundle} cannot be read. Choose another file.",
    ),
    pycurl.E_GOT_NOTHING: _LOST,
    pycurl.E_SEND_ERROR: _LOST,
    pycurl.E_RECV_ERROR: _LOST,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: _WEIRD,  # libcurl's name of code 8, which HTTP uses too
    pycurl.E_UNSUPPORTED_PROTOCOL: _WEIRD,  # an answer that is not HTTP
    pycurl.E_URL_MALFORMAT: _UNUSABLE,
    pycurl.E_BAD_FUNCTION_ARGUMENT: _UNUSABLE,
}
NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True, slots=True)
class CurlFailure:
    """What libcurl knows of a failure. `expected_bytes` is the body's length, None when it was not told."""

    code: int
    text: str
    os_error: int
    received_bytes: int
    expected_bytes: int | None


def curl_fault(failure: CurlFailure, request: HttpRequest, timing: Timing) -> TransferError:
    """The error that stands for a request which ended without a whole answer."""
    if failure.os_error in NO_MORE_FILES:
        kind, words = _TOO_MANY_FILES
    elif failure.code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(failure, request)
    else:
        kind, words = _FAULTS.get(failure.code, _OTHER)
    text = words.format(
        subject=request.subject,
        where=_where(request),
        proxy=_host(request.proxy),
        ca_bundle=plain_text(request.ca_bundle),
        reason=said(failure.text),
        amount=_amount(failure),
        connect_s=timing.connect_s,
    )
    return TransferError(kind, text)


def stalled(request: HttpRequest, received: int, expected: int | None, limit_s: float) -> TransferError:
    """The error for a connection on which nothing, or too little, came for `limit_s` seconds."""
    amount = _amount(CurlFailure(0, "", 0, received, expected))
    text = (
        f"{_where(request)} sent nothing, or almost nothing, for {limit_s:g} s ({amount}) "
        f"for {request.subject}. Try again."
    )
    return TransferError(ErrorKind.TIMEOUT, text)


def closed(request: HttpRequest) -> TransferError:
    """The error for a request whose transport was closed."""
    return TransferError(ErrorKind.NETWORK, f"The connection was closed before {request.subject} had come.")


def slept(request: HttpRequest) -> TransferError:
    """The error for a connection that was broken off because this computer has slept."""
    text = f"This computer has slept: the connection to {_where(request)} for {request.subject} is made anew."
    return TransferError(ErrorKind.UNREACHABLE, text)


def _not_connected(failure: CurlFailure, request: HttpRequest) -> TransferError:
    where = f"proxy {_host(request.proxy)}" if request.proxy else f"server {_where(request)}"
    if failure.os_error == errno.ECONNREFUSED:
        text = f"The {where} refuses connections (for {request.subject}). Check that it runs there."
        return TransferError(ErrorKind.CONNECTION_REFUSED, text)
    text = f"Cannot reach the {where} for {request.subject}: {said(failure.text)}. Check the network."
    return TransferError(ErrorKind.UNREACHABLE, text)


def _amount(failure: CurlFailure) -> str:
    if failure.expected_bytes is None:
        return f"{failure.received_bytes} bytes, the length was not told"
    return f"{failure.received_bytes} of {failure.expected_bytes} bytes"


def _where(request: HttpRequest) -> str:
    return _host(request.url)


def _host(url: str) -> str:
    """Host and port of a URL, without any user information."""
    return plain_text(urlsplit(url).netloc.rsplit("@", 1)[-1])
