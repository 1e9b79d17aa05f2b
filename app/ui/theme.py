"""The shared look: tinted icons, the colour of each role, and how a transfer's state looks."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Protocol
from weakref import WeakKeyDictionary

from PySide6.QtCore import QFile, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from shiboken6 import isValid

from app.core.events import RowSnapshot
from app.core.states import Phase, State
from app.ui import rc_resources  # noqa: F401 - the import registers the icons

GRID = 8
"""Spacing in the window comes in multiples of this many pixels."""

MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3: text against what is behind it."""

_ICON_PATH = ":/downspout/icons/{}.svg"
_ICON_SIZES = (16, 20, 24, 32, 40, 48, 64)
_COLOURED = frozenset({"downspout"})


class Role(Enum):
    """What a colour says. Always beside an icon and a word, never alone."""

    MUTED = "muted"
    ACCENT = "accent"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    WARNING = "warning"


# For a light and for a dark background.
_FIXED = {
    Role.POSITIVE: (QColor("#1a7f37"), QColor("#57c271")),
    Role.NEGATIVE: (QColor("#c62828"), QColor("#ff8a80")),
    Role.WARNING: (QColor("#9a5b00"), QColor("#f0b35a")),
}

_LOOKS = {
    State.QUEUED: ("queued", Role.MUTED),
    State.RUNNING: ("running", Role.ACCENT),
    State.PAUSED: ("paused", Role.MUTED),
    State.DONE: ("done", Role.POSITIVE),
    State.SKIPPED: ("skipped", Role.MUTED),
    State.FAILED: ("failed", Role.NEGATIVE),
    State.STOPPED: ("stopped", Role.WARNING),
    State.CANCELLED: ("cancelled", Role.MUTED),
}


class Dressable(Protocol):
    """An action or a button: a QObject that shows an icon."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Show `icon`."""


def state_look(row: RowSnapshot) -> tuple[str, Role]:
    """The icon's name and the role of a row's state."""
    if row.phase is Phase.WAITING_TO_RETRY:
        return "retry", Role.ACCENT
    if row.phase in (Phase.WAITING_FOR_NETWORK, Phase.WAITING_FOR_SIGN_IN):
        return "queued", Role.WARNING
    return _LOOKS[row.state]


def colour(role: Role, palette: QPalette) -> QColor:
    """The colour of `role`, readable (4.5 to 1) on the palette's base and alternate base."""
    group = QPalette.ColorGroup.Active
    return _role_colour(
        role,
        palette.color(group, QPalette.ColorRole.Base).rgb(),
        palette.color(group, QPalette.ColorRole.AlternateBase).rgb(),
        palette.color(group, QPalette.ColorRole.Text).rgb(),
        palette.color(group, QPalette.ColorRole.Accent).rgb(),
    )


def icon(name: str, role: Role | None = None) -> QIcon:
    """The icon `name`, tinted for the application's palette as it is now.

    Without a role it has the colour of a button's text. An action or a button that keeps its icon is given
    it by `dress`. Raises KeyError for a name that is not in the resources.
    """
    palette = QGuiApplication.palette()
    normal = (
        colour(role, palette)
        if role is not None
        else palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText)
    )
    disabled = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    selected = palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.HighlightedText)
    return _tinted_icon(name, normal.rgba(), disabled.rgba(), selected.rgba())


def dress(target: Dressable, name: str, role: Role | None = None) -> None:
    """Give an action or a button its icon, now and again whenever the colour scheme changes."""
    target.setIcon(icon(name, role))
    _wardrobe().items[target] = (name, role)


def contrast(first: QColor, second: QColor) -> float:
    """The contrast of two colours, 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def is_dark(palette: QPalette) -> bool:
    """True when the palette's base is dark."""
    return _luminance(palette.color(QPalette.ColorRole.Base)) < 0.18


class _Wardrobe(QObject):
    """Remembers who wears which icon and changes them all with the colour scheme."""

    def __init__(self, application: QGuiApplication) -> None:
        super().__init__(application)
        self.items: WeakKeyDictionary[Dressable, tuple[str, Role | None]] = WeakKeyDictionary()
        # The hint changes before the palette does: look at the palette once the event loop is back.
        application.styleHints().colorSchemeChanged.connect(lambda: QTimer.singleShot(0, self, self.change))

    def change(self) -> None:
        for target, (name, role) in list(self.items.items()):
            # Qt may have deleted the button while Python still holds its shell.
            if isValid(target):
                target.setIcon(icon(name, role))


@lru_cache(maxsize=1)
def _wardrobe() -> _Wardrobe:
    application = QGuiApplication.instance()
    if not isinstance(application, QGuiApplication):
        raise RuntimeError("icons need a QGuiApplication")
    return _Wardrobe(application)


@lru_cache(maxsize=256)
def _tinted_icon(name: str, normal: int, disabled: int, selected: int) -> QIcon:
    path = _ICON_PATH.format(name)
    if not QFile.exists(path):
        raise KeyError(name)
    renderer = QSvgRenderer(path)
    result = QIcon()
    for size in _ICON_SIZES:
        if name in _COLOURED:
            result.addPixmap(_drawn(renderer, size, None))
            continue
        result.addPixmap(_drawn(renderer, size, normal), QIcon.Mode.Normal)
        result.addPixmap(_drawn(renderer, size, disabled), QIcon.Mode.Disabled)
        result.addPixmap(_drawn(renderer, size, selected), QIcon.Mode.Selected)
    return result


def _drawn(renderer: QSvgRenderer, size: int, tint: int | None) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, size, size))
    if tint is not None:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), QColor.fromRgba(tint))
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _role_colour(role: Role, base: int, alternate: int, text: int, accent: int) -> QColor:
    grounds = (QColor(base), QColor(alternate))
    is_dark_ground = _luminance(grounds[0]) < 0.18
    if role is Role.MUTED:
        wished = _blend(QColor(text), grounds[0], 0.35)
    elif role is Role.ACCENT:
        wished = QColor(accent)
    else:
        wished = _FIXED[role][is_dark_ground]
    # Towards the text's own colour until it can be read; the text itself is the palette's promise.
    for step in range(11):
        candidate = _blend(wished, QColor(text), step / 10)
        if all(contrast(candidate, ground) >= MIN_CONTRAST for ground in grounds):
            return candidate
    return QColor(text)


def _blend(first: QColor, second: QColor, share: float) -> QColor:
    """`first` with `share` (0 to 1) of `second` in it."""
    return QColor(
        round(first.red() + (second.red() - first.red()) * share),
        round(first.green() + (second.green() - first.green()) * share),
        round(first.blue() + (second.blue() - first.blue()) * share),
    )


def _luminance(of: QColor) -> float:
    red, green, blue = (_linear(channel) for channel in (of.redF(), of.greenF(), of.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
