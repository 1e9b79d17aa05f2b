"""Checks everything: format, lint, types, import rules, tests. `python -m tests.check`, or one by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS: dict[str, tuple[str, ...]] = {
    "format": ("-m", "ruff", "format", "--check", "."),
    "lint": ("-m", "ruff", "check", "."),
    "types": ("-m", "mypy"),
    "imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    "tests": ("-m", "pytest", "-q"),
}


def main(names: list[str]) -> int:
    """Run the named steps (all by default); returns 0 when every one passed, else 1."""
    unknown = set(names) - set(STEPS)
    if unknown:
        print(f"unknown steps: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
        return 2
    failed = []
    for name in names or STEPS:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, *STEPS[name]], cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
