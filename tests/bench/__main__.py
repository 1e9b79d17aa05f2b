"""`python -m tests.bench NAME`: run one benchmark and print its table."""

from __future__ import annotations

import importlib
import sys

BENCHES = {
    "checks": "tests.bench.checks",
    "dock": "tests.bench.large_dock",
    "get": "tests.bench.get_small",
    "list-window": "tests.bench.list_window",
    "ls": "tests.bench.ls_million",
    "kill": "tests.bench.kill_resume",
    "promise": "tests.bench.promise",
    "stop": "tests.bench.stop_table",
    "stop-get": "tests.bench.stop_get",
    "window": "tests.bench.window_lateness",
}
"""Each module has a `main()` that prints its table."""


def main(arguments: list[str]) -> int:
    """Run the named benchmark; 2 when there is none of that name."""
    if len(arguments) != 1 or arguments[0] not in BENCHES:
        print(f"usage: python -m tests.bench {{{','.join(BENCHES)}}}", file=sys.stderr)
        return 2
    code = importlib.import_module(BENCHES[arguments[0]]).main()
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
