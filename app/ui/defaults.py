"""What a person has set for every new download."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from app.core.policy import BatchPolicy, IfExists, InFlight, StopPolicy
from app.core.review import Review

E = TypeVar("E", bound=Enum)

MAX_JOBS = 256
MAX_LIMIT_KIB = 100 << 20
LOG_LEVELS = ("error", "warning", "info", "debug")


@dataclass(frozen=True, slots=True)
class Defaults:
    """`jobs` is 1 to MAX_JOBS; `folder` may be empty, as may `log_level`: as the program was started.

    `limit_kib` is KiB a second for all batches together, 0 for no limit.
    """

    stop_on_first_error: bool = True
    in_flight: InFlight = InFlight.KEEP
    if_exists: IfExists = IfExists.AUTO
    jobs: int = BatchPolicy().jobs
    folder: str = ""
    review: Review = Review.IF_NEEDED
    has_notices: bool = True
    log_level: str = ""
    limit_kib: int = 0

    def policy(self, *, stop_on_first_error: bool) -> BatchPolicy:
        """The policy of a new batch, with the toggle as it stands."""
        stop = StopPolicy(stop_on_first_error, self.in_flight)
        return BatchPolicy(stop=stop, if_exists=self.if_exists, jobs=self.jobs)

    def to_texts(self) -> dict[str, str]:
        """As texts by name, for a settings file."""
        return {
            "stop_on_first_error": _flag_text(self.stop_on_first_error),
            "in_flight": self.in_flight.value,
            "if_exists": self.if_exists.value,
            "jobs": str(self.jobs),
            "folder": self.folder,
            "review": self.review.value,
            "has_notices": _flag_text(self.has_notices),
            "log_level": self.log_level,
            "limit_kib": str(self.limit_kib),
        }

    @classmethod
    def from_texts(cls, texts: dict[str, str]) -> Defaults:
        """From such texts; whatever is missing or makes no sense is as it is at first."""
        first = cls()
        level = texts.get("log_level", "")
        return cls(
            stop_on_first_error=texts.get("stop_on_first_error") != "false",
            in_flight=_member(InFlight, texts.get("in_flight"), first.in_flight),
            if_exists=_member(IfExists, texts.get("if_exists"), first.if_exists),
            jobs=_number(texts.get("jobs", ""), 1, MAX_JOBS, first.jobs),
            folder=texts.get("folder", ""),
            review=_member(Review, texts.get("review"), first.review),
            has_notices=texts.get("has_notices") != "false",
            log_level=level if level in LOG_LEVELS else "",
            limit_kib=_number(texts.get("limit_kib", ""), 0, MAX_LIMIT_KIB, first.limit_kib),
        )


def _number(text: str, least: int, most: int, other: int) -> int:
    """`text` as a number from `least` to `most`, `other` when it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and least <= int(text) <= most else other


def _flag_text(is_on: bool) -> str:
    return "true" if is_on else "false"


def _member(kind: type[E], text: str | None, other: E) -> E:
    return next((member for member in kind if member.value == text), other)
