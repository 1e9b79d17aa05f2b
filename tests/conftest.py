"""What every test gets: no display, and nothing of the machine's AWS or proxy settings."""

from __future__ import annotations

import os

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


def _isolate_environment() -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO_")) or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    # Ask for a display with QT_QPA_PLATFORM=xcb; without it the tests need none.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


# At import, before any test module imports Qt or boto.
_isolate_environment()
