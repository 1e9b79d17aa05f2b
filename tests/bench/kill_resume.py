"""Kills of a running download at random moments, and what going on with it costs."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.command import environment, parts_of
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.objects import SeededObject
from tests.servers.proxy import Proxy

KILLS = 50
SIZES = (300 << 10, 2 << 20, 9 << 20, 24 << 20, 64 << 20)
JOBS = 4
PART = 4 << 20
START_S = 0.3
RUN_S = 1.2
"""The link is so fast that a download takes this long."""
_BLOCK = 4096
_SEED = 20


@dataclass
class Tally:
    """What the kills of one size came to."""

    landed: int = 0
    wrong: int = 0
    orphans: int = 0
    worst_bytes: int = 0


def main() -> int:
    """Print a table by size; 1 when a file was wrong or a part file was left behind."""
    rng = random.Random(_SEED)
    print(f"{KILLS} kills a size at random moments, {JOBS} ranges in flight (seed {_SEED})")
    print("| size | killed before its end | wrong files | part files left | worst loss a range |")
    print("|---|---|---|---|---|")
    is_bad = False
    for size in SIZES:
        tally = Tally()
        item = SeededObject("film.bin", size)
        with FaultServer([item]) as server, Proxy(server.endpoint_url, rate_bps=size / RUN_S) as proxy:
            for _ in range(KILLS):
                _kill_once(item, proxy, START_S + rng.random() * RUN_S, tally)
        print(
            f"| {size >> 10:,} KiB | {tally.landed} of {KILLS} | {tally.wrong} | {tally.orphans} |"
            f" {tally.worst_bytes / JOBS / 1024:,.0f} KiB |",
            flush=True,
        )
        is_bad = is_bad or tally.wrong > 0 or tally.orphans > 0
    return int(is_bad)


def _kill_once(item: SeededObject, proxy: Proxy, after_s: float, tally: Tally) -> None:
    with tempfile.TemporaryDirectory() as folder:
        to, home = Path(folder, "to"), Path(folder, "home")
        words = ["get", f"s3://{BUCKET}/", str(to), "--endpoint-url", proxy.endpoint_url]
        process = _start(home, *words, "--jobs", str(JOBS), "--part-size", str(PART))
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        has_landed = process.returncode == -signal.SIGKILL
        tally.landed += has_landed
        held = sum(_right_bytes(part, item) for part in parts_of(to))
        rate, proxy.rate_bps = proxy.rate_bps, None
        resumed = _start(home, "resume")
        out, err = resumed.communicate()
        if "Nothing to resume" in err:
            # Killed before there was anything to record, or after the end.
            again = _start(home, *words)
            out, err = again.communicate()
            assert again.returncode == 0, err
            held = 0
        proxy.rate_bps = rate
        final = to / item.key
        tally.wrong += not final.exists() or _digest(final.read_bytes()) != _digest(item.read())
        tally.orphans += len(parts_of(to))
        if held and resumed.returncode == 0:
            receipt = json.loads(out.splitlines()[-1])["receipt"]
            lost = held - (item.size_bytes - receipt["bytes_fetched"])
            tally.worst_bytes = max(tally.worst_bytes, lost)


def _start(home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", *words, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment(), "DOWNSPOUT_HOME": str(home)},
    )


def _right_bytes(part: Path, item: SeededObject) -> int:
    """How much of the object lies in a part file, in whole blocks."""
    found, right = part.read_bytes(), item.read()
    blocks = range(0, len(right), _BLOCK)
    return sum(_BLOCK for at in blocks if found[at : at + _BLOCK] == right[at : at + _BLOCK])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
