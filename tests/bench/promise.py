"""The promise table: Downspout and others through the same faults, judged by the files that they leave.

Every cell is measured: what a program says counts for nothing but its exit code, and the key in its errors.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.promise_programs import KEYS, Program, environment, programs
from tests.servers.fault_server import FaultServer
from tests.servers.faults import NO_FAULT, Fault, Operation
from tests.servers.objects import SeededObject, many

LIMIT_S = 60.0
PARALLEL = 2
LATER_S = 0.2
MIB = 1 << 20
README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- promise table -->", "<!-- end of the promise table -->"
OLD = b"what was there before"
LARGE = SeededObject("large.bin", 24 * MIB + 1, algorithms=("crc64nvme",), part_size_bytes=16 * MIB)
SMALL = SeededObject("small.bin", MIB, algorithms=("crc32",))
PLAIN = SeededObject("plain.bin", MIB)
AT = 12 * MIB


@dataclass(frozen=True)
class Promise:
    """One row: an object and what goes wrong with its GETs. `is_swapped` replaces it at the second GET."""

    name: str
    item: SeededObject
    fault: Fault = NO_FAULT
    is_swapped: bool = False
    has_old: bool = False


def _bent(**fields: object) -> Fault:
    return replace(Fault(operation=Operation.GET), **fields)


PROMISES = (
    Promise("a range answered short", LARGE, _bent(holds=AT, shorten_by=MIB)),
    Promise("ranges ignored, 200 with everything", LARGE, _bent(ignores_range=True)),
    Promise("206 without Content-Range, wrong bytes", LARGE, _bent(holds=AT, content_range="", shift_by=99)),
    Promise("a bit flipped, CRC32 told", SMALL, _bent(flip_at=4711)),
    Promise("a bit flipped in the second range, CRC64NVME told", LARGE, _bent(holds=AT, flip_at=AT)),
    Promise("a bit flipped, only an MD5 ETag told", PLAIN, _bent(flip_at=4711)),
    Promise("replaced between two ranges", LARGE, is_swapped=True),
    Promise("the same, If-Match ignored", LARGE, _bent(ignores_if_match=True), is_swapped=True),
    Promise("every body cut half way", LARGE, _bent(cut_after=4 * MIB)),
    Promise(
        "no Content-Length, closed early",
        PLAIN,
        _bent(has_no_length=True, is_http_1_0=True, cut_after=500_000),
    ),
    Promise("403 at 90 %, a file is already there", LARGE, _bent(holds=22 * MIB, status=403), has_old=True),
)
BATCH = "403 for one file of 400"


def main() -> int:
    """Run every program through every fault, print the table, write it into the README."""
    try:
        them = programs()
    except FileNotFoundError as missing:
        print(missing)
        return 1
    with ThreadPoolExecutor(PARALLEL) as executor:
        rows = [[executor.submit(_one, promise, program) for program in them] for promise in PROMISES]
        cells = [[cell.result() for cell in row] for row in rows]
    names = [promise.name for promise in PROMISES]
    # Alone, for this one looks at the clock.
    cells.append([_batch(program) for program in them])
    table = _table(them, [*names, BATCH], cells)
    print(table)
    _write(table)
    return 0


def _one(promise: Promise, program: Program) -> str:
    """What one program makes of one fault."""
    item, newer = promise.item, replace(promise.item, seed=1)
    with tempfile.TemporaryDirectory() as folder, FaultServer([item], keys=KEYS) as server:
        fault = promise.fault
        if promise.is_swapped:
            fault = replace(fault, operation=Operation.GET, skip=1, before=lambda: server.put(newer))
        server.add_fault(fault)
        to = Path(folder) / item.key
        if promise.has_old:
            to.write_bytes(OLD)
        code, said = _run(program.command(server.endpoint_url, to, item.key), server.endpoint_url)
        found = to.read_bytes() if to.exists() else None
    return judged(
        code, said, found, item, [item.read(), newer.read()] if promise.is_swapped else [item.read()]
    )


def judged(
    code: int | None, said: str, found: bytes | None, item: SeededObject, right: Sequence[bytes]
) -> str:
    """The cell's words. `code` is None when the program had to be ended."""
    if code is None:
        return "**hang**"
    if code == 0:
        return "right file" if found in right else "**silent wrong file**"
    if found is not None and found != OLD:
        return "right file, told as failed" if found in right else "**failure, wrong file left**"
    return "named failure" if item.key in said else "failure"


def _batch(program: Program) -> str:
    """How many GETs a program makes after the server has refused one file of many."""
    objects = many(400, 1000)
    refused = Fault("00002.bin", Operation.GET, status=403, code="AccessDenied", message="Access Denied")
    slow = Fault(operation=Operation.GET, delay_s=0.3)
    with tempfile.TemporaryDirectory() as folder, FaultServer(objects, [refused, slow], keys=KEYS) as server:
        code, _ = _run(program.command(server.endpoint_url, Path(folder), None), server.endpoint_url)
        gets = server.requests(Operation.GET)
    at = min(entry.ended_at or time.monotonic() for entry in gets if entry.status == 403)
    later = sum(entry.at > at + LATER_S for entry in gets)
    end = {None: "**hang**", 0: "**told as success**"}.get(code, "failure")
    return f"{end}, {later} GETs later"


def _run(command: Sequence[str], url: str) -> tuple[int | None, str]:
    """Run a program: its exit code, None when it did not end, and all that it said."""
    process = subprocess.Popen(
        command,
        env=environment(url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None, ""
    return process.returncode, said.decode(errors="replace")


def _table(them: Sequence[Program], names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    head = ["fault", *(f"{program.name} {program.version}" for program in them)]
    rows = [[name, *row] for name, row in zip(names, cells, strict=True)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _write(table: str) -> None:
    """Put the table between its marks in the README."""
    text = README.read_text(encoding="utf-8")
    put: Callable[[re.Match[str]], str] = lambda _: f"{BEGIN}\n{table}\n{END}"  # noqa: E731
    written, count = re.subn(f"{BEGIN}.*?{END}", put, text, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"{README} must have {BEGIN} and {END} once")
    README.write_text(written, encoding="utf-8")
