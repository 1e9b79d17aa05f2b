"""botocore's exceptions as TransferErrors: settings, sign-in, and its own control calls."""

from __future__ import annotations

from botocore import exceptions as boto

from app.core.errors import ErrorKind, TransferError, plain_text
from app.s3.faults import Identity, kind_of_code, said

BOTO_ERRORS = (boto.BotoCoreError, boto.ClientError, ValueError, OSError)
"""What botocore raises for causes outside of this program; ValueError for an endpoint that is no URL."""

_SIGN_IN_EXPIRED = (
    boto.SSOTokenLoadError,
    boto.UnauthorizedSSOTokenError,
    boto.TokenRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.LoginError,
)
_NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.SSOError,
    boto.NoAuthTokenError,
)
_TIMED_OUT = (boto.ConnectTimeoutError, boto.ReadTimeoutError)
_SETTINGS = (
    boto.ProfileNotFound,
    boto.ConfigParseError,
    boto.ConfigNotFound,
    boto.InvalidConfigError,
    boto.InfiniteLoopConfigError,
    boto.UnknownCredentialError,
    boto.InvalidRegionError,
    boto.EndpointProviderError,
    boto.NoRegionError,
    boto.UnsupportedS3ConfigurationError,
)


def boto_fault(error: Exception, identity: Identity, doing: str) -> TransferError:
    """The error that stands for one of BOTO_ERRORS; `doing` is what was tried, in words."""
    reason = said(str(error))
    if isinstance(error, _SIGN_IN_EXPIRED):
        return _expired(error, identity)
    if isinstance(error, boto.ClientError):
        return _client_error(error, identity, doing)
    if isinstance(error, boto.ProfileNotFound):
        text = f"There is no profile {plain_text(identity.profile)} in the AWS configuration. Choose another."
        return TransferError(
            ErrorKind.USAGE, text if identity.profile else f"{reason}. Choose another profile."
        )
    if isinstance(error, boto.ParamValidationError):
        text = (
            f"{doing[0].upper()}{doing[1:]} is not possible: it has no valid name. Check the bucket's name."
        )
        return TransferError(ErrorKind.USAGE, text)
    if isinstance(error, _NO_KEYS):
        text = (
            f"No AWS keys for {doing}: {reason}. Sign in, choose another profile, type keys, "
            "or connect without signing."
        )
        return TransferError(ErrorKind.NO_CREDENTIALS, text)
    if isinstance(error, (*_SETTINGS, ValueError)):
        return TransferError(ErrorKind.USAGE, f"{reason}. Check the settings of this connection.")
    return _network(error, reason, doing)


def _network(error: Exception, reason: str, doing: str) -> TransferError:
    if isinstance(error, boto.SSLError):
        text = f"The server's certificate is not trusted: {reason}. Name its CA bundle in the connection."
        return TransferError(ErrorKind.TLS_UNTRUSTED, text)
    if isinstance(error, _TIMED_OUT):
        return TransferError(ErrorKind.TIMEOUT, f"No answer in time for {doing}: {reason}. Try again.")
    if isinstance(error, boto.EndpointConnectionError):
        # botocore's own text leaves out why; urllib3's, which it keeps, says it in words.
        cause = str(error.kwargs.get("error", ""))
        if "resolve" in cause:
            text = f"Cannot find the host for {doing}: {reason}. Check the endpoint of this connection."
            return TransferError(ErrorKind.HOST_NOT_FOUND, text)
        if "refused" in cause:
            text = f"The server refuses connections for {doing}: {reason}. Check that it runs."
            return TransferError(ErrorKind.CONNECTION_REFUSED, text)
    return TransferError(ErrorKind.NETWORK, f"The request for {doing} failed: {reason}. Try again.")


def _expired(error: Exception, identity: Identity) -> TransferError:
    profile = plain_text(identity.profile) or "default"
    login = "aws sso login"
    if isinstance(error, boto.LoginError):
        login = "aws login"
    elif isinstance(error, boto.RefreshWithMFAUnsupportedError):
        text = f"The sign-in of profile {profile} has expired. Connect again and type a new MFA code."
        return TransferError(ErrorKind.EXPIRED_CREDENTIALS, text)
    text = f"The sign-in of profile {profile} has expired. Run `{login} --profile {profile}`, then try again."
    return TransferError(ErrorKind.EXPIRED_CREDENTIALS, text)


def _client_error(error: boto.ClientError, identity: Identity, doing: str) -> TransferError:
    answer = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    code = said(str(answer.get("Code", "")), 100)
    kind = kind_of_code(code)
    if kind is None:
        kind = ErrorKind.SERVER_ERROR if meta.get("HTTPStatusCode", 0) >= 500 else ErrorKind.REFUSED
    reason = said(str(answer.get("Message", ""))) or "no reason was given"
    text = f"The server refused {doing} ({code}): {reason}. Check {identity.keys}."
    return TransferError(kind, text, code=code, request_id=said(str(meta.get("RequestId", "")), 100))
