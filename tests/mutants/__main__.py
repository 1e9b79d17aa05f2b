"""`python -m tests.mutants [words]`: break each rule (or those with the words in it), tell who noticed."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.mutants.registry import all_mutants
from tests.mutants.runner import failure_of_unbroken, try_mutant

PARALLEL = 2


def main(words: list[str]) -> int:
    """Print a table of rules and the tests that caught their breaking; 1 when a mutant survived."""
    mutants = [mutant for mutant in all_mutants() if all(word in mutant.rule for word in words)]
    started = time.monotonic()
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    if failure := failure_of_unbroken(tests):
        print(f"The tests fail before anything is broken:\n{failure}")
        return 1
    survivors = 0
    print("| rule | caught by |\n|---|---|", flush=True)
    with ThreadPoolExecutor(PARALLEL) as executor:
        for verdict in executor.map(try_mutant, mutants):
            survivors += not verdict.caught_by
            print(f"| {verdict.mutant.rule} | {verdict.caught_by or f'**{verdict.problem}**'} |", flush=True)
    took_s = time.monotonic() - started
    print(f"\n{len(mutants)} mutants, {survivors} survived, {took_s:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
