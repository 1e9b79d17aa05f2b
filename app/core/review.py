"""The plan of a batch as a person looks at it before the start."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from app.core.plan import Verdict

SHORT_PLAN = 1000
"""Files of a plan that is started without a look, when it has no problems."""


class Review(Enum):
    """When a planned batch waits for a person's word. One that is planned while it is listed never does."""

    NEVER = "never"
    IF_NEEDED = "if needed"
    ALWAYS = "always"

    def is_due(self, rows: int, problems: int) -> bool:
        """True when a plan of `rows` files, `problems` of which cannot be done, waits."""
        return self is Review.ALWAYS or (self is Review.IF_NEEDED and (problems > 0 or rows > SHORT_PLAN))


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What will happen to one object. `path` is relative; `verdict` None: S3 does not tell of the object.

    `reason` is plain sentences. `is_problem` marks what cannot be done.
    """

    key: str
    path: str
    size_bytes: int
    verdict: Verdict | None
    reason: str
    is_problem: bool


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """A whole plan. `requests` and `fetch_bytes` are of the GETs that a start will make of it.

    `free_bytes` is the room on the disk of `destination`.
    """

    batch_id: str
    title: str
    destination: str
    lines: tuple[PlanLine, ...]
    requests: int
    fetch_bytes: int
    free_bytes: int
