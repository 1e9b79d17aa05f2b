"""Text from outside is shown letter by letter, and nothing in it is hidden."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

import app.ui
from app.ui.plain import as_tooltip, plain_label, shown_name

UI = Path(app.ui.__file__).parent
RICH_NAMES = {"RichText", "AutoText", "MarkdownText", "setHtml", "setMarkdown", "insertHtml"}


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


def is_safe_tooltip(text: ast.expr) -> bool:
    """Through the helper, or a text of our own: a literal or a constant of the module."""
    is_own = isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id.isupper())
    return is_own or ast.unparse(text).startswith("as_tooltip(")


def modules() -> list[Path]:
    return sorted(path for path in UI.rglob("*.py") if path.name != "rc_resources.py")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo 01.tif", "photo 01.tif"),
        ("café.tif", "café.tif"),
        ("a\nb\x7f", "a␊b␡"),
        ("invoice\u202efdp.exe", "invoice‹202E›fdp.exe"),
        ("zero\u200bwidth", "zero‹200B›width"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)
def test_controls_in_a_name_are_visible_and_letters_stay(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_tooltip_escapes_markup_and_keeps_its_lines() -> None:
    assert as_tooltip("<b>a</b>\nb & c") == "<qt>&lt;b&gt;a&lt;/b&gt;<br>b &amp; c</qt>"
    assert as_tooltip("") == ""


def test_a_plain_label_shows_markup_as_letters(qapp: QApplication) -> None:
    label = plain_label("<b>key</b>")
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == "<b>key</b>"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(UI)))
def test_no_module_of_the_window_shows_outside_text_as_markup(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    rich = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & RICH_NAMES
    assert not rich
    for call in calls(tree, "setToolTip"):
        assert is_safe_tooltip(call.args[-1]), f"{path.name}:{call.lineno}: a tooltip without as_tooltip"
