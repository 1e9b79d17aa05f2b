"""What an engine is made of, and the connections that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.core.objects import ConnectionInfo
from app.core.timing import Timing
from app.engine.journal import Journal, NoJournal
from app.engine.patient import PatientStore
from app.engine.ports import Connector, Demo, Digests, Offload, TargetFolder


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What an engine is made of. `open_target` blocks; it is called through `offload`.

    With `is_attended` a batch whose sign-in has expired waits for somebody to sign in again.
    """

    connector: Connector
    demo: Demo
    open_target: Callable[[str], TargetFolder]
    offload: Offload
    jobs: int
    digests: Digests
    timing: Timing = field(default_factory=Timing)
    journal: Journal = field(default_factory=NoJournal)
    is_attended: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that stands, and the store that it leads to."""

    info: ConnectionInfo
    store: PatientStore
