"""The keys of a connection, fresh when they are needed, refreshed off the loop and only then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.redaction import redacted
from app.engine.ports import Offload
from app.s3.boto_faults import BOTO_ERRORS, boto_fault
from app.s3.faults import Identity
from app.s3.signing import Keys

LOOK_AGAIN_S = 30.0
"""How long a refresh that left the keys near their end is not tried again; botocore starts 15 min ahead."""

DOING = "the sign-in"


class KeyRing:
    """Gives the keys to sign with; static ones at once, others through botocore when they near their end."""

    def __init__(
        self,
        credentials: Any,
        identity: Identity,
        offload: Offload,
        clock: Callable[[], float] = time.monotonic,
        find_again: Callable[[], Any] | None = None,
    ) -> None:
        """`credentials` is botocore's object, None to sign nothing. Use it on one loop.

        `find_again` blocks and gives credentials as they are found now; None where they can be no others.
        """
        self.identity = identity
        self._credentials = credentials
        self._offload = offload
        self._clock = clock
        self._find_again = find_again
        self._keys: Keys | None = None
        self._quiet_until = 0.0
        self._lock = asyncio.Lock()

    async def keys(self) -> Keys | None:
        """The keys to sign the next request with, None for an anonymous one. Raises TransferError."""
        if self._credentials is None or not self._is_due():
            return self._keys
        async with self._lock:
            if self._is_due():
                self._keys = await self._offload(lambda: freeze(self._credentials, self.identity))
                self._quiet_until = self._clock() + LOOK_AGAIN_S
        return self._keys

    async def renew(self) -> bool:
        """Look for keys anew, as at the start; True when there are other ones. Raises TransferError."""
        find_again = self._find_again
        if find_again is None:
            return False
        async with self._lock:
            credentials = await self._offload(find_again)
            keys = await self._offload(lambda: freeze(credentials, self.identity))
            self._credentials = credentials
            self._quiet_until = self._clock() + LOOK_AGAIN_S
            self.identity = replace(self.identity, method=credentials.method)
            return self.take(keys)

    def take(self, keys: Keys) -> bool:
        """Sign with these keys from now on; True when they are other ones than before."""
        is_new = keys != self._keys
        self._keys = keys
        self.identity = having(self.identity, keys)
        return is_new

    def _is_due(self) -> bool:
        if self._keys is None:
            return True
        return (
            self._clock() >= self._quiet_until
            and hasattr(self._credentials, "refresh_needed")
            and self._credentials.refresh_needed()
        )


def having(identity: Identity, keys: Keys) -> Identity:
    """The identity that has these keys."""
    return replace(identity, access_key_id=keys.access_key_id, is_temporary=bool(keys.session_token))


def freeze(credentials: Any, identity: Identity) -> Keys:
    """The keys of botocore's credentials, refreshed if needed. Blocks, may ask the network."""
    try:
        frozen = credentials.get_frozen_credentials()
    except BOTO_ERRORS as error:
        raise boto_fault(error, identity, DOING) from error
    if not frozen.access_key or not frozen.secret_key:
        raise no_keys(identity)
    redacted.learn(frozen.secret_key, frozen.token, key_id=frozen.access_key)
    return Keys(frozen.access_key, frozen.secret_key, frozen.token or None)


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
