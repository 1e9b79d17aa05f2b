"""The filter's words, and what they let through."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.core.objects import ObjectInfo
from app.ui.browser.filtering import parse_filter
from app.ui.browser.rows import Rows
from tests.ui.browser_pages import page, thing


def shown(text: str, *things: ObjectInfo | str, prefixes: tuple[str, ...] = ()) -> list[str]:
    """The names of the rows that a filter shows."""
    rows = Rows()
    rows.take(page(*things, prefixes=prefixes))
    row_filter = parse_filter(text)
    assert row_filter is not None
    masks = [(chunk, rows.mask_of(chunk, row_filter)) for chunk in rows.chunks]
    return [
        name
        for chunk, mask in masks
        for name, is_shown in zip(chunk.names.all(), mask, strict=True)
        if is_shown
    ]


@pytest.mark.parametrize(
    ("text", "name", "is_shown"),
    [
        ("TAKE", "take-01.mp4", True),
        ("*.MP4", "take-01.mp4", True),
        ("*.mp4", "take-01.mp4.txt", False),
        ("take-0?.mp4", "take-01.mp4", True),
        ("take-?.mp4", "take-01.mp4", False),
        ("[1]*", "[1] take.mp4", True),
        ("[1]", "take-1.mp4", False),
        (".", "README", False),
        ("straße", "STRASSE", True),
        ("/^take-\\d+/", "Take-01.mp4", True),
        ("/^TAKE/", "take-01.mp4", True),
        ("/4$/", "take-01.mp4", True),
        ("/^4/", "take-01.mp4", False),
        ("/", "a/b", True),
        ("size", "size.txt", True),
        ("a = b", "a = b", True),
        ("size > big", "size > big", False),
    ],
)
def test_a_text_is_a_part_of_a_name_a_glob_or_an_expression(text: str, name: str, is_shown: bool) -> None:
    if text == "size > big":
        with pytest.raises(ValueError, match="big is no size"):
            parse_filter(text)
    else:
        assert shown(text, name) == ([name] if is_shown else [])


def test_an_empty_filter_is_no_filter() -> None:
    assert parse_filter("  ") is None


def test_names_that_hold_a_nul_are_told_apart() -> None:
    assert shown("b", "a\0b", "A\0", "B") == ["a\0b", "B"]


SIZES = tuple(thing(f"{size}", size) for size in (0, 499, 500, 501, 1024, 10_240))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("size>500", ["501", "1024", "10240"]),
        ("size>=500", ["500", "501", "1024", "10240"]),
        ("size<1KiB", ["0", "499", "500", "501"]),
        ("size<=1k", ["0", "499", "500", "501", "1024"]),
        ("size = 500", ["500"]),
        ("SIZE>0 size<501", ["499", "500"]),
        ("4 size>500", ["1024", "10240"]),
        ("size>1MiB", []),
    ],
)
def test_a_condition_on_size_leaves_objects_of_that_size(text: str, names: list[str]) -> None:
    assert shown(text, *SIZES, prefixes=("4/",)) == names


def _at(*moment: int) -> float:
    return datetime(*moment).timestamp()  # type: ignore[arg-type]


DATES = (
    thing("2025", modified_at=_at(2025, 12, 31, 23, 59, 59)),
    thing("january", modified_at=_at(2026, 1, 1)),
    thing("february", modified_at=_at(2026, 2, 28, 12)),
    thing("march", modified_at=_at(2026, 3, 1)),
    thing("unknown", modified_at=None),
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("date=2026", ["january", "february", "march"]),
        ("date<2026", ["2025", "unknown"]),
        ("date>=2026-02", ["february", "march"]),
        ("date>2026-02", ["march"]),
        ("date=2026-2", ["february"]),
        ("date<=2026-01-01", ["2025", "january", "unknown"]),
        ("date>2025-12-31 date<2026-03", ["january", "february"]),
    ],
)
def test_a_condition_on_the_date_counts_whole_days_months_and_years(text: str, names: list[str]) -> None:
    assert shown(text, *DATES) == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("size>ten", "no size"),
        ("date>yesterday", "no date"),
        ("date=2026-13", "no date"),
        ("date>0000", "no date"),
        ("/(/", "no regular expression"),
        ("/(a+)+$/", "for ever"),
    ],
)
def test_what_is_no_filter_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_filter(text)
