"""Keys that expire while they are used: renewed once for a connection, by itself or by a person."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from app.core.errors import ErrorKind, ErrorRecord, TransferError
from app.core.events import Wait
from app.core.states import Phase
from app.engine.repair import Repair

log = logging.getLogger(__name__)


class SignIn:
    """The keys of one connection, which may expire at any request. Loop only.

    `version` counts the renewals: a request that was refused with the keys of an earlier one is made again
    as it is.
    """

    def __init__(
        self, renew: Callable[[], Awaitable[bool]], is_attended: bool, on_change: Callable[[], None]
    ) -> None:
        """`renew` asks for new keys: True when other ones came; it raises TransferError.

        With `is_attended` there is somebody who can sign in; without, keys that cannot be renewed are an
        error. `on_change` is told when the wait begins, changes and ends.
        """
        self.version = 0
        self.wait: Wait | None = None
        self._renew = renew
        self._is_attended = is_attended
        self._on_change = on_change
        self._are_keys_untried = False
        self._repair: Repair | None = None
        self._asked: asyncio.Future[TransferError] | None = None
        self._wished: asyncio.Future[None] | None = None
        self._is_by_person = False

    def worked(self, version: int) -> None:
        """A request with the keys of `version` was answered well."""
        if version == self.version:
            self._are_keys_untried = False

    def takes(self, error: TransferError, version: int) -> bool:
        """True when the request, refused with the keys of `version`, is to be made again with new ones."""
        if error.kind is not ErrorKind.EXPIRED_CREDENTIALS:
            return False
        if version == self.version and self._repair is None:
            log.warning("The sign-in has expired; asking for new keys.")
            self._asked = asyncio.get_running_loop().create_future()
            self._repair = Repair(self._mend(error), self._end)
            self._show(Wait(Phase.WAITING_FOR_SIGN_IN, _record(error)))
        return True

    async def over(self, *, is_patient: bool) -> bool:
        """Wait for new keys; True when it was a person who gave them. Raises TransferError when none come.

        Who `is_patient` waits for a person too; for others keys that need one do not come.
        """
        if self._repair is None:
            return False
        if is_patient:
            await self._repair.over()
            return self._is_by_person
        self._look_again(is_by_person=False)
        assert self._asked is not None
        asked = self._asked
        await self._repair.over(asked)
        if asked.done():
            raise asked.result()
        return self._is_by_person

    def try_again(self) -> None:
        """A person says that they have signed in: ask for keys again. Harmless at any time."""
        self._look_again(is_by_person=True)

    def _look_again(self, *, is_by_person: bool) -> None:
        if self._wished is not None and not self._wished.done():
            self._is_by_person = is_by_person
            self._asked = asyncio.get_running_loop().create_future()
            self._wished.set_result(None)

    async def _mend(self, refused: TransferError) -> None:
        error, has_new, self._is_by_person = refused, False, False
        # Keys that came just now and are refused all the same will not get better by asking.
        if not self._are_keys_untried:
            try:
                has_new = await self._renew()
            except TransferError as failed:
                error = _not_renewed(refused, failed)
        while not has_new:
            await self._ask_person(error)
            try:
                # Whoever signed in knows better than a comparison of keys.
                has_new = await self._renew() or self._is_by_person
            except TransferError as failed:
                error = _not_renewed(refused, failed)
        self._are_keys_untried = True
        self.version += 1

    async def _ask_person(self, error: TransferError) -> None:
        """Wait until a person has signed in; without one, raise."""
        self._are_keys_untried = False
        if not self._is_attended:
            raise error
        assert self._asked is not None
        self._wished = asyncio.get_running_loop().create_future()
        self._asked.set_result(error)
        self._show(Wait(Phase.WAITING_FOR_SIGN_IN, _record(error), needs_person=True))
        await self._wished
        self._show(Wait(Phase.WAITING_FOR_SIGN_IN, _record(error)))

    def _show(self, wait: Wait | None) -> None:
        self.wait = wait
        self._on_change()

    def _end(self) -> None:
        self._repair = self._wished = None
        self._show(None)


def _record(error: TransferError) -> ErrorRecord:
    return ErrorRecord.of(error, None, time.time())


def _not_renewed(refused: TransferError, failed: TransferError) -> TransferError:
    """What is told of keys that were `refused` and could not be renewed."""
    message = failed.message
    if failed.kind is not ErrorKind.EXPIRED_CREDENTIALS:
        message = f"{refused.message} New keys did not come: {message}"
    return TransferError(
        ErrorKind.EXPIRED_CREDENTIALS, message, code=refused.code, request_id=refused.request_id
    )
