"""`ls --recursive` of a million keys against s5cmd, near and far, and a page's parsing against botocore's."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app.s3.page_parser import PageParser
from tests.bench.cost import Cost, cost_of, print_table, s5cmd
from tests.servers.fault_server import BUCKET
from tests.servers.processes import scripted_server_process
from tests.servers.ready_objects import ReadyObjects

COUNT = 1_000_000
ROUNDS = 2
FAR_COUNT = 50_000
FAR_S = 0.05
"""The way to the far server, in each direction."""
PARSES = 15


def main() -> int:
    """Run both in turn, compare what they list, print costs and ratios."""
    peer = s5cmd()
    if peer is None:
        return 1
    _compare_listings(peer, COUNT, ROUNDS, 0.0)
    _compare_listings(peer, FAR_COUNT, 1, FAR_S)
    _compare_parsers()
    return 0


def _compare_listings(peer: str, count: int, rounds: int, latency_s: float) -> None:
    ours: list[Cost] = []
    theirs: list[Cost] = []
    script = {"ready": {"count": count}, "latency_s": latency_s}
    with scripted_server_process(script) as endpoint, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        own = [sys.executable, "-m", "app", "ls", f"s3://{BUCKET}/", "--recursive"]
        for _ in range(rounds):
            ours.append(cost_of([*own, "--endpoint-url", endpoint.url], endpoint, out))
            listed = _keys_digest(out)
            other = [peer, "--endpoint-url", endpoint.url, "ls", f"s3://{BUCKET}/*"]
            theirs.append(cost_of(other, endpoint, out))
            if listed != _keys_digest(out):
                raise RuntimeError("the two listings differ")
    print(f"{count:,} keys, {latency_s * 1000:.0f} ms to the server, medians of {rounds}, keys compared")
    print_table({"downspout ls": ours, "s5cmd ls": theirs})


def _keys_digest(out: Path) -> str:
    """Of the listed keys in their order; not held in memory, which would count as the next program's."""
    digest = hashlib.sha256()
    with out.open() as lines:
        for line in lines:
            digest.update(line.rsplit(None, 1)[-1].encode())
    return digest.hexdigest()


def _compare_parsers() -> None:
    from botocore.parsers import create_parser
    from botocore.session import get_session

    xml = ReadyObjects(2000, prefix="photos/2026/11/").page_xml(BUCKET, {"encoding-type": "url"})
    assert xml is not None
    model = get_session().get_service_model("s3").operation_model("ListObjectsV2").output_shape
    answer = {"body": xml, "headers": {}, "status_code": 200}

    def ours() -> int:
        parser = PageParser("", None)
        parser.write(xml)
        return len(parser.finish().objects)

    def theirs() -> int:
        return len(create_parser("rest-xml").parse(answer, model)["Contents"])

    own_ms, peer_ms = (min(_page_ms(parse) for _ in range(PARSES)) for parse in (ours, theirs))
    print(f"\na page of 1,000 keys: {own_ms:.1f} ms, botocore {peer_ms:.1f} ms, {peer_ms / own_ms:.1f} times")


def _page_ms(parse: Callable[[], int]) -> float:
    began = time.process_time()
    assert parse() == 1000
    return (time.process_time() - began) * 1000
