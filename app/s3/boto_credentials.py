"""Keys as botocore finds and refreshes them: profiles, SSO, roles, MFA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.redaction import redacted
from app.s3.boto_faults import BOTO_ERRORS, boto_fault
from app.s3.faults import Identity
from app.s3.signing import Keys

DOING = "the sign-in"


class BotoKeys:
    """A KeySource over botocore's credentials."""

    def __init__(self, credentials: Any, identity: Identity) -> None:
        self._credentials = credentials
        self._identity = identity
        self._is_refreshable = hasattr(credentials, "refresh_needed")
        self.method: str = credentials.method

    def fetch(self) -> Keys:
        try:
            frozen = self._credentials.get_frozen_credentials()
        except BOTO_ERRORS as error:
            raise boto_fault(error, self._identity, DOING) from error
        if not frozen.access_key or not frozen.secret_key:
            raise no_keys(self._identity)
        redacted.learn(frozen.secret_key, frozen.token, key_id=frozen.access_key)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token or None)

    def is_due(self) -> bool:
        return self._is_refreshable and bool(self._credentials.refresh_needed())


def find_credentials(session: Any, ask_secret: Callable[[str], str | None], identity: Identity) -> Any:
    """botocore's credentials of a session; a code for MFA is asked by `ask_secret`. Blocks."""

    def ask(prompt: str) -> str:
        code = ask_secret(prompt)
        if not code:
            raise TransferError(
                ErrorKind.NO_CREDENTIALS,
                f"No MFA code was given for {identity.keys}. Connect again and type the code of your device.",
            )
        return code

    try:
        # botocore reads the code from the terminal, which hangs a window, and has no public way to change
        # that: drop this when https://github.com/boto/botocore/issues/1573 is solved.
        provider = session.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = ask
        credentials = session.get_credentials()
    except BOTO_ERRORS as error:
        raise boto_fault(error, identity, DOING) from error
    if credentials is None:
        raise no_keys(identity)
    return credentials


def no_keys(identity: Identity) -> TransferError:
    """The error of a connection that found no keys anywhere."""
    where = f"profile {plain_text(identity.profile)}" if identity.profile else "the AWS configuration"
    text = f"No AWS keys were found in {where}. Choose a profile, type keys, or connect without signing."
    return TransferError(ErrorKind.NO_CREDENTIALS, text)
