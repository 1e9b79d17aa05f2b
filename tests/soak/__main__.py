"""`python -m tests.soak [--downloads N] [--faults N] [--seed N]`: soak, print the totals; 1 for a bad end."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.soak.soak import Totals, soak


def main(words: list[str]) -> int:
    """Run one soak as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--downloads", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    totals = soak(options.downloads, options.faults, options.seed)
    print(told(totals, options.seed))
    return 0 if totals.is_good else 1


def told(totals: Totals, seed: int) -> str:
    """The totals as text."""
    lines = [
        f"{totals.faults:,} faults over {totals.downloads:,} downloads in {totals.runs:,} runs, "
        f"seed {seed}, {totals.took_s:.0f} s",
        f"silent wrong files: {len(totals.wrong)} {totals.wrong or ''}",
        f"hangs: {len(totals.hung)} {totals.hung or ''}",
        f"objects that never came: {len(totals.stuck)} {totals.stuck or ''}",
        f"part files left behind: {len(totals.left_behind)}",
        f"leaked descriptors: {totals.leaked_descriptors}, threads: {totals.leaked_threads}",
        f"rows at the end: {_counts(totals.states)}",
        f"done, verified by: {_counts(totals.verified)}",
        f"errors on the way: {_counts(totals.errors)}",
        f"faults: {_counts(totals.injected)}",
    ]
    return "\n".join(lines)


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
