"""The promise table is judged by files and exit codes, and the README's has a row for every fault."""

from __future__ import annotations

import pytest

from tests.bench.promise import BATCH, BEGIN, END, OLD, PROMISES, README, SMALL, judged

RIGHT, WRONG = SMALL.read(), b"something else"


@pytest.mark.parametrize(
    ("code", "said", "found", "words"),
    [
        (0, "", RIGHT, "right file"),
        (0, "", WRONG, "**silent wrong file**"),
        (0, "", None, "**silent wrong file**"),
        (0, "", OLD, "**silent wrong file**"),
        (1, f"{SMALL.key} failed", None, "named failure"),
        (1, f"{SMALL.key} failed", OLD, "named failure"),
        (1, "failed", None, "failure"),
        (1, f"{SMALL.key} failed", WRONG, "**failure, wrong file left**"),
        (1, f"{SMALL.key} failed", RIGHT, "right file, told as failed"),
        (None, "", RIGHT, "**hang**"),
    ],
)
def test_a_program_is_judged_by_its_file_and_its_exit_code(
    code: int | None, said: str, found: bytes | None, words: str
) -> None:
    assert judged(code, said, found, SMALL, [RIGHT]) == words


def test_the_readme_has_a_row_for_every_fault() -> None:
    table = README.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.strip().splitlines()[2:]]
    assert rows == [*(promise.name for promise in PROMISES), BATCH]
