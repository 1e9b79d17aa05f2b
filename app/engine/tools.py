"""What the downloads of one batch share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.core.timing import Timing
from app.engine.patience import Patience
from app.engine.ports import Digests, ObjectStore, Offload, TargetFolder
from app.engine.record import BatchRecord
from app.engine.slots import Slots
from app.engine.throttle import Limits


@dataclass(frozen=True, slots=True)
class DownloadTools:
    """`patience` is that of the store's connection; `clock` gives epoch seconds."""

    store: ObjectStore
    target: TargetFolder
    slots: Slots
    offload: Offload
    timing: Timing
    digests: Digests
    record: BatchRecord
    limits: Limits
    patience: Patience
    clock: Callable[[], float] = time.time
