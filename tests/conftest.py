"""What every test gets: no display, state of its own, and nothing of the machine's AWS or proxy settings."""

from __future__ import annotations

import os

import pytest

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


def pytest_configure(config: pytest.Config) -> None:
    """A Qt warning fails a test; this one is the offscreen platform's own, at every window that is shown."""
    config.addinivalue_line("qt_log_ignore", "This plugin does not support propagateSizeHints")


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets the journal or the settings of another one, or of whoever runs it."""
    monkeypatch.setenv("DOWNSPOUT_HOME", str(tmp_path_factory.mktemp("home")))


# At import, before any test module imports Qt or boto.
_isolate_environment()
