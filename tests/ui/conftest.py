"""What the window's tests share: one locale, one colour scheme, and the fake bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.browser.panel import BrowserPanel
from app.ui.transfers.panel import TransfersPanel
from tests.ui.fakes import FakeBridge


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sizes, counts and dates in one locale, whatever the machine's is."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def bridge(qapp: QApplication) -> Iterator[FakeBridge]:
    """A bridge without an engine: it records commands and takes change sets from the test."""
    fake = FakeBridge()
    yield fake
    fake.deleteLater()


@pytest.fixture
def browser(bridge: FakeBridge, qtbot: QtBot) -> BrowserPanel:
    """A browser panel that is on the screen, connected, and nowhere yet."""
    panel = BrowserPanel(bridge)
    qtbot.addWidget(panel)
    panel.resize(900, 400)
    panel.show()
    qtbot.waitExposed(panel)
    panel.session.show_connected("work")
    return panel


@pytest.fixture
def transfers(bridge: FakeBridge, qtbot: QtBot) -> TransfersPanel:
    """A Transfers panel that is on the screen, and empty yet."""
    panel = TransfersPanel(bridge)
    qtbot.addWidget(panel)
    panel.resize(1200, 480)
    panel.show()
    return panel
