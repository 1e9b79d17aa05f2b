"""The fake bridge stays a stand-in for the real one."""

from __future__ import annotations

import inspect

from PySide6.QtCore import Signal

from app.bridge.bridge import EngineBridge
from tests.ui.fakes import FakeBridge


def public(of: type) -> dict[str, object]:
    return {name: value for name, value in vars(of).items() if not name.startswith("_")}


def test_the_fake_bridge_has_every_signal_of_the_real_one() -> None:
    signals = {name: str(value) for name, value in public(EngineBridge).items() if isinstance(value, Signal)}
    assert signals
    for name, signature in signals.items():
        assert str(vars(FakeBridge)[name]) == signature


def test_the_fake_bridge_takes_every_command_of_the_real_one() -> None:
    commands = {name: value for name, value in public(EngineBridge).items() if inspect.isfunction(value)}
    assert commands
    for name, command in commands.items():
        assert inspect.signature(getattr(FakeBridge, name)) == inspect.signature(command)
