"""The demo's server process: reads a token from stdin, names its port on stdout, ends when stdin does."""

from __future__ import annotations

import logging
import os
import sys
import threading

from app.demo import EXIT_MISSING
from app.demo.contents import demo_objects


def main() -> None:
    """Serve until stdin ends."""
    token = sys.stdin.buffer.readline().decode().strip()
    try:
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        from app.demo.bucket import make_app
        from app.demo.middleware import DemoMiddleware
    except ImportError:
        sys.exit(EXIT_MISSING)
    logging.disable(logging.CRITICAL)
    objects = tuple(demo_objects())
    films = frozenset(item.key for item in objects if item.body is None)
    demo = DemoMiddleware(make_app(objects), films, token)
    server = make_server("127.0.0.1", 0, demo, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.buffer.read()
    os._exit(0)  # threads in the middle of an answer are not waited for


if __name__ == "__main__":
    main()
