"""What the downloads of one batch share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.core.timing import Timing
from app.engine.ports import Digests, ObjectStore, Offload, TargetFolder
from app.engine.record import BatchRecord
from app.engine.slots import Slots


@dataclass(frozen=True, slots=True)
class DownloadTools:
    """`random` gives a float in [0, 1); `sleep` takes seconds; `clock` gives epoch seconds."""

    store: ObjectStore
    target: TargetFolder
    slots: Slots
    offload: Offload
    timing: Timing
    digests: Digests
    record: BatchRecord
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.time
