"""The picture of the speed."""

from __future__ import annotations

from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.sparkline import EVERY_S, POINTS, Sparkline


class Ticks:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def filled(sparkline: Sparkline, ticks: Ticks, speeds: list[float]) -> Sparkline:
    for speed in speeds:
        sparkline.add(speed)
        ticks.now_s += EVERY_S
    return sparkline


def test_one_speed_a_second_is_kept_and_a_minute_of_them(qtbot: QtBot) -> None:
    ticks = Ticks()
    sparkline = Sparkline(ticks=ticks)
    qtbot.addWidget(sparkline)
    for number in range(10):
        sparkline.add(float(number))
        ticks.now_s += EVERY_S / 10
    assert len(sparkline.speeds) == 1
    filled(sparkline, ticks, [float(number) for number in range(2 * POINTS)])
    assert len(sparkline.speeds) == POINTS
    assert sparkline.speeds[-1] == 2 * POINTS - 1


def test_it_says_in_words_what_it_shows(qtbot: QtBot) -> None:
    ticks = Ticks()
    sparkline = filled(Sparkline(ticks=ticks), ticks, [1 << 20, 8 << 20, 2 << 20])
    qtbot.addWidget(sparkline)
    assert sparkline.accessibleDescription() == "At most 8.0 MiB/s over the last minute"


def test_the_line_is_painted_in_the_accent_colour(qtbot: QtBot) -> None:
    ticks = Ticks()
    sparkline = filled(Sparkline(ticks=ticks), ticks, [0.0, 5.0, 10.0, 10.0])
    qtbot.addWidget(sparkline)
    sparkline.resize(sparkline.sizeHint())
    image = sparkline.grab().toImage()
    accent = theme.colour(theme.Role.ACCENT, sparkline.palette())

    def distance(colour: QColor) -> int:
        pairs = zip(colour.getRgb()[:3], accent.getRgb()[:3], strict=True)
        return sum(abs(ours - theirs) for ours, theirs in pairs)

    right = [image.pixelColor(image.width() - 3, y) for y in range(image.height())]
    left = [image.pixelColor(2, y) for y in range(image.height())]
    assert min(map(distance, right)) < 60
    assert len({pixel.rgb() for pixel in left}) == 1


def test_speeds_of_nothing_can_be_painted(qtbot: QtBot) -> None:
    ticks = Ticks()
    sparkline = filled(Sparkline(ticks=ticks), ticks, [0.0, 0.0])
    qtbot.addWidget(sparkline)
    assert not sparkline.grab().isNull()
    sparkline.clear()
    assert sparkline.speeds == ()
