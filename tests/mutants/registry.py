"""The list of mutants: which rule each one breaks, how, and which tests must fall."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """One rule broken on purpose: `source`, found once in `file`, becomes `broken`.

    `tests` are pytest ids; at least one of them must fail.
    """

    rule: str
    file: str
    source: str
    broken: str
    tests: tuple[str, ...]


def of(area: str, rule: str, file: str, source: str, broken: str, *tests: str) -> Mutant:
    """A mutant of `area` in the module `app/<file>.py`; `tests` are pytest ids below tests/."""
    ids = tuple(f"tests/{test}" for test in tests)
    return Mutant(f"{area}: {rule}", f"app/{file}.py", source, broken, ids)


def all_mutants() -> tuple[Mutant, ...]:
    """Every mutant, in the order of the table. A new list of mutants is a module of its own, added here."""
    from tests.mutants import integrity, journal, listing, pool, record, waits

    others = (pool, integrity, journal, record, waits, listing)
    return tuple(mutant for module in others for mutant in module.MUTANTS)


def count_of(mutant: Mutant, root: Path = ROOT) -> int:
    """How often the mutant's source stands in its file; anything but 1 means that the code has moved on."""
    return (root / mutant.file).read_text(encoding="utf-8").count(mutant.source)
