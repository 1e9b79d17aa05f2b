"""Icons and colours in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QToolButton

from app.core.events import RowSnapshot
from app.core.states import Phase, State
from app.ui import theme
from app.ui.theme import MIN_CONTRAST, Role

NAMES = [
    "queued",
    "running",
    "paused",
    "done",
    "skipped",
    "failed",
    "stopped",
    "cancelled",
    "folder",
    "file",
    "film",
    "archive",
    "back",
    "forward",
    "up",
    "reload",
    "search",
    "download",
    "retry",
    "cancel",
    "add",
    "settings",
    "pin",
    "plug",
    "warning",
    "info",
    "expand",
    "collapse",
    "close",
    "downspout",
]


def light() -> QPalette:
    return QPalette(QColor("#f0f0f0"), QColor("#f0f0f0"))


def dark() -> QPalette:
    return QPalette(QColor("#202022"), QColor("#202022"))


def harsh() -> QPalette:
    """A palette whose accent can hardly be seen on its base."""
    palette = light()
    palette.setColor(QPalette.ColorRole.Accent, QColor("#fff8d0"))
    return palette


@pytest.fixture
def palette_back(qapp: QApplication) -> Iterator[None]:
    """Give the application its palette back."""
    before = QGuiApplication.palette()
    yield
    QGuiApplication.setPalette(before)


def opaque_colours(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> set[str]:
    image = icon.pixmap(QSize(32, 32), mode).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


@pytest.mark.parametrize("palette", [light(), dark(), harsh()], ids=["light", "dark", "harsh"])
@pytest.mark.parametrize("role", Role)
def test_every_role_can_be_read_on_both_grounds(role: Role, palette: QPalette) -> None:
    shown = theme.colour(role, palette)
    for ground in (QPalette.ColorRole.Base, QPalette.ColorRole.AlternateBase):
        assert theme.contrast(shown, palette.color(ground)) >= MIN_CONTRAST


def test_contrast_is_that_of_wcag() -> None:
    assert theme.contrast(QColor("white"), QColor("black")) == pytest.approx(21)
    assert theme.contrast(QColor("#777777"), QColor("white")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_is_in_the_resources_and_paints_something(qapp: QApplication, name: str) -> None:
    image = theme.icon(name).pixmap(QSize(32, 32)).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(32) for y in range(32))


def test_an_unknown_icon_is_a_key_error(qapp: QApplication) -> None:
    with pytest.raises(KeyError):
        theme.icon("no such icon")


@pytest.mark.usefixtures("palette_back")
@pytest.mark.parametrize("palette", [light(), dark()], ids=["light", "dark"])
def test_an_icon_has_the_colour_of_the_palette_it_is_asked_under(palette: QPalette) -> None:
    QGuiApplication.setPalette(palette)
    text = QGuiApplication.palette().color(QPalette.ColorRole.ButtonText).name()
    assert opaque_colours(theme.icon("done")) == {text}
    accent = theme.colour(Role.ACCENT, QGuiApplication.palette()).name()
    assert opaque_colours(theme.icon("done", Role.ACCENT)) == {accent}


@pytest.mark.usefixtures("palette_back")
def test_a_dressed_button_changes_its_icon_with_the_colour_scheme(qapp: QApplication, qtbot) -> None:
    QGuiApplication.setPalette(light())
    button = QToolButton()
    qtbot.addWidget(button)
    theme.dress(button, "done")
    before = opaque_colours(button.icon())
    QGuiApplication.setPalette(dark())
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    qtbot.waitUntil(lambda: opaque_colours(button.icon()) != before, timeout=2000)
    ink = QGuiApplication.palette().color(QPalette.ColorRole.ButtonText).name()
    assert opaque_colours(button.icon()) == {ink}


def test_every_state_has_its_own_icon() -> None:
    looks = {state: theme.state_look(RowSnapshot(state)) for state in State}
    assert len({name for name, _ in looks.values()}) == len(State)
    assert all(name in NAMES for name, _ in looks.values())
    assert looks[State.STOPPED] == ("stopped", Role.WARNING)
    assert looks[State.CANCELLED] == ("cancelled", Role.MUTED)


def test_a_row_that_waits_to_retry_looks_like_a_retry() -> None:
    row = RowSnapshot(State.RUNNING, Phase.WAITING_TO_RETRY)
    assert theme.state_look(row) == ("retry", Role.ACCENT)


def test_the_names_here_are_all_the_icons_there_are() -> None:
    drawn = Path(__file__).parents[2] / "resources" / "icons"
    assert {path.stem for path in drawn.glob("*.svg")} == set(NAMES)
