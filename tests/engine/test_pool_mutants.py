"""The list of mutants keeps up with the code that it breaks."""

from __future__ import annotations

import pytest

from tests.mutants.registry import ROOT, Mutant, all_mutants, count_of


def _rule(mutant: Mutant) -> str:
    return mutant.rule


@pytest.mark.parametrize("mutant", all_mutants(), ids=_rule)
def test_the_source_of_a_mutant_stands_exactly_once_in_its_file(mutant: Mutant) -> None:
    assert count_of(mutant) == 1
    assert mutant.source != mutant.broken


@pytest.mark.parametrize("mutant", all_mutants(), ids=_rule)
def test_the_tests_of_a_mutant_exist(mutant: Mutant) -> None:
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8") or not name
