"""libcurl's failures as TransferErrors: what happened, to what, and what to do next."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from urllib.parse import urlsplit

import pycurl

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.timing import Timing
from app.s3.http import HttpRequest

_LOST = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR})
_WEIRD = frozenset({pycurl.E_FTP_WEIRD_SERVER_REPLY, pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_CHUNK_FAILED})
_UNUSABLE = frozenset({pycurl.E_URL_MALFORMAT, pycurl.E_BAD_FUNCTION_ARGUMENT})
_NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})


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
    subject, where = request.subject, _where(request)
    reason = plain_text(failure.text)
    code = failure.code
    if failure.os_error in _NO_MORE_FILES:
        kind = ErrorKind.DISK
        text = (
            f"This computer has too many open files to connect for {subject}. "
            "Lower the number of jobs or raise the limit of open files."
        )
    elif code == pycurl.E_COULDNT_RESOLVE_HOST:
        kind = ErrorKind.HOST_NOT_FOUND
        text = f"Cannot find the host {where} for {subject}. Check the endpoint of this connection."
    elif code == pycurl.E_COULDNT_RESOLVE_PROXY:
        kind = ErrorKind.HOST_NOT_FOUND
        text = f"Cannot find the proxy {_host(request.proxy)}. Check the proxy settings of this computer."
    elif code == pycurl.E_COULDNT_CONNECT:
        return _not_connected(failure, request)
    elif code == pycurl.E_OPERATION_TIMEDOUT:
        kind = ErrorKind.TIMEOUT
        text = (
            f"No connection to {where} within {timing.connect_s:g} s for {subject}. "
            "Check the network and the endpoint, then try again."
        )
    elif code == pycurl.E_PARTIAL_FILE:
        kind = ErrorKind.SHORT_BODY
        text = f"The connection ended early ({_amount(failure)}) for {subject}. Try again."
    elif code in _LOST:
        kind = ErrorKind.NETWORK
        text = f"The connection to {where} was lost ({_amount(failure)}) for {subject}: {reason}. Try again."
    elif code == pycurl.E_PEER_FAILED_VERIFICATION:
        kind = ErrorKind.TLS_UNTRUSTED
        text = (
            f"The certificate of {where} is not trusted: {reason}. Nothing was sent. "
            "If this server is yours, name its CA bundle in the connection."
        )
    elif code == pycurl.E_SSL_CACERT_BADFILE:
        kind = ErrorKind.USAGE
        text = f"The CA bundle {plain_text(request.ca_bundle)} cannot be read. Choose another file."
    elif code in _WEIRD:
        kind = ErrorKind.PROTOCOL
        text = f"{where} does not answer {subject} as an S3 server does: {reason}. Check the endpoint."
    elif code in _UNUSABLE:
        kind = ErrorKind.USAGE
        text = f"The endpoint {where} cannot be used: {reason}. Check the endpoint of this connection."
    else:
        kind = ErrorKind.NETWORK
        text = f"The request to {where} for {subject} failed: {reason} (libcurl {code}). Try again."
    return TransferError(kind, text)


def stalled(request: HttpRequest, received: int, expected: int | None, limit_s: float) -> TransferError:
    """The error for a connection on which nothing, or too little, came for `limit_s` seconds."""
    amount = _amount(CurlFailure(0, "", 0, received, expected))
    text = f"{_where(request)} sent nothing for {limit_s:g} s ({amount}) for {request.subject}. Try again."
    return TransferError(ErrorKind.TIMEOUT, text)


def _not_connected(failure: CurlFailure, request: HttpRequest) -> TransferError:
    where = f"proxy {_host(request.proxy)}" if request.proxy else f"server {_where(request)}"
    if failure.os_error == errno.ECONNREFUSED:
        text = f"The {where} refuses connections (for {request.subject}). Check that it runs there."
        return TransferError(ErrorKind.CONNECTION_REFUSED, text)
    text = f"Cannot reach the {where} for {request.subject}: {plain_text(failure.text)}. Check the network."
    return TransferError(ErrorKind.NETWORK, text)


def _amount(failure: CurlFailure) -> str:
    if failure.expected_bytes is None:
        return f"{failure.received_bytes} bytes, the length was not told"
    return f"{failure.received_bytes} of {failure.expected_bytes} bytes"


def _where(request: HttpRequest) -> str:
    return _host(request.url)


def _host(url: str) -> str:
    """Host and port of a URL, without any user information."""
    return plain_text(urlsplit(url).netloc.rsplit("@", 1)[-1])
