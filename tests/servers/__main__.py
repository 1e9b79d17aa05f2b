"""`python -m tests.servers COUNT SIZE_BYTES`: a fault server; names its URL, ends with its stdin."""

from __future__ import annotations

import sys

from tests.servers.fault_server import FaultServer
from tests.servers.objects import many

if __name__ == "__main__":
    with FaultServer(many(int(sys.argv[1]), int(sys.argv[2]))) as server:
        print(server.endpoint_url, flush=True)
        sys.stdin.read()
