"""Text from outside (keys, names, a server's words) made safe to show: the one helper for all of it."""

from __future__ import annotations

import html
import unicodedata

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ shape real words and emoji; they hide nothing.
_DEL = "\x7f"


def shown_name(text: str) -> str:
    """`text` on one line, with every control and direction character visible.

    C0 controls become Unicode's control pictures (a line feed is "␊"), others their code point ("‹202E›").
    A name without any comes back as it is.
    """
    if text.isprintable():
        return text
    return "".join(_shown_character(ch) for ch in text)


def as_tooltip(text: str) -> str:
    """`text` as a tooltip that Qt shows letter by letter, wrapped, its line breaks kept; "" stays empty."""
    if not text:
        return ""
    lines = (html.escape(shown_name(line)) for line in text.splitlines())
    return f"<qt>{'<br>'.join(lines)}</qt>"


def plain_label(text: str = "", parent: QWidget | None = None) -> QLabel:
    """A label that never reads its text as markup, now or when it is set later."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    return label


def _shown_character(ch: str) -> str:
    if ch in _JOINERS or unicodedata.category(ch) not in _INVISIBLE:
        return ch
    if ch < " ":
        return chr(0x2400 + ord(ch))
    if ch == _DEL:
        return "\u2421"
    return f"‹{ord(ch):04X}›"
