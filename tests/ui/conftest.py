"""What the window's tests share: one locale, one colour scheme, and the fake bridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

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
