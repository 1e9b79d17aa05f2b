"""Applies one mutant to a copy of the project and runs the tests that should catch it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.registry import ROOT, Mutant, count_of

TIME_LIMIT_S = 60.0
"""Seconds after which a mutant's tests are ended; a hang is no proof, so it counts as a survivor."""

_COPIED = ("app", "tests", "pyproject.toml")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant: the test that caught it, or why none did."""

    mutant: Mutant
    caught_by: str = ""
    problem: str = ""


def try_mutant(mutant: Mutant) -> Verdict:
    """Run the mutant's tests against the broken copy. Blocks; the working tree is never touched."""
    if (count := count_of(mutant)) != 1:
        return Verdict(mutant, problem=f"its source stands {count} times in {mutant.file}")
    with tempfile.TemporaryDirectory(prefix="downspout-mutant-") as folder:
        copy = _copy_into(Path(folder))
        broken = copy / mutant.file
        text = broken.read_text(encoding="utf-8")
        broken.write_text(text.replace(mutant.source, mutant.broken), encoding="utf-8")
        run = run_tests(copy, mutant.tests)
    if run is None:
        return Verdict(mutant, problem=f"its tests did not end in {TIME_LIMIT_S:.0f} s")
    if found := _FAILED.search(run.stdout):
        return Verdict(mutant, caught_by=found.group(1).rsplit("::", 1)[-1])
    return Verdict(mutant, problem="survived" if run.returncode == 0 else f"no test ran:\n{run.stdout}")


def failure_of_unbroken(tests: Iterable[str]) -> str:
    """What pytest prints when `tests` fail in an unbroken copy, which would make every verdict void."""
    with tempfile.TemporaryDirectory(prefix="downspout-mutant-") as folder:
        run = run_tests(_copy_into(Path(folder)), tests)
    if run is None:
        return "the tests did not end"
    return "" if run.returncode == 0 else run.stdout


def run_tests(root: Path, tests: Iterable[str]) -> subprocess.CompletedProcess[str] | None:
    """Run pytest on the copy of the project in `root`; None when it had to be ended."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-rfE", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"}
    try:
        return subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def _copy_into(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in _COPIED:
        origin = ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name, ignore=ignored)
        else:
            shutil.copy2(origin, folder / name)
    return folder
