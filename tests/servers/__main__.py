"""`python -m tests.servers COUNT SIZE_BYTES` or `python -m tests.servers JSON` (tests/servers/script.py).

A fault server; names its URL when it is ready, ends with its stdin.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

from tests.servers.fault_server import FaultServer
from tests.servers.objects import many
from tests.servers.proxy import Proxy
from tests.servers.script import Script, of_json


def main(words: list[str]) -> None:
    """Serve what the command line says until stdin ends."""
    is_json = len(words) == 1
    script = of_json(words[0]) if is_json else Script(tuple(many(int(words[0]), int(words[1]))))
    if is_json:
        script.warm_up()
    with ExitStack() as stack:
        server = stack.enter_context(
            FaultServer(script.objects, script.faults, keys=script.keys, seed=script.seed)
        )
        url = server.endpoint_url
        if script.has_proxy:
            proxy = Proxy(url, latency_s=script.latency_s, rate_bps=script.rate_bps)
            url = stack.enter_context(proxy).endpoint_url
        print(url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
