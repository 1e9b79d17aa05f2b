"""Globs and regular expressions: what they match, and that they come to an end."""

from __future__ import annotations

import pytest

from app.core.patterns import KeyRules, glob_pattern, search_pattern


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("*.jpg", "a/b/c.jpg", True),
        ("*.jpg", "c.jpg.txt", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("*", "", True),
        ("*", "line\nbreak", True),
        ("", "", True),
        ("", "a", False),
        ("A*", "a", False),
    ],
)
def test_a_glob_covers_the_whole_text(glob: str, text: str, fits: bool) -> None:
    assert (glob_pattern(glob).match(text) is not None) is fits


@pytest.mark.parametrize("glob", ["*a" * 50 + "b", "*" * 500 + "b", "?*" * 50 + "x"])
def test_a_glob_of_many_stars_comes_to_an_end(glob: str) -> None:
    assert glob_pattern(glob).match("a" * 1000) is None


@pytest.mark.parametrize(
    "expression",
    [r"(a+)+$", r"(a|a)*b", r"((ab)*c)+", r"(?:x*){2,}", r"(a?b+|c)*", r"(\d+)*", r"(a(b|c))+", r"([a]+)*"],
)
def test_an_expression_that_might_never_end_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        search_pattern(expression)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"IMG_\d+.*\.jpg$", "IMG_0012-b.jpg"),
        (r"(ab)+c", "ababc"),
        (r"(jpg|png)$", "x.png"),
        (r"[(+*|]+\)", "(+|)"),
        (r"\(a+\)+", "(aa)))"),
        (r"a{2,3}b?", "aab"),
        (r"[]+]*x", "]+x"),
    ],
)
def test_an_ordinary_expression_is_taken_as_it_is(expression: str, text: str) -> None:
    assert search_pattern(expression).search(text)


@pytest.mark.parametrize("expression", ["(", "[", "*a", "(?P<n>a)(?P<n>b)", "a{99999999999}"])
def test_what_is_no_expression_is_refused_in_words(expression: str) -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        search_pattern(expression)


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ((), "a.jpg a.raw b/c.jpg b/c.tmp"),
        (("-*.raw",), "a.jpg b/c.jpg b/c.tmp"),
        (("+*.jpg",), "a.jpg b/c.jpg"),
        (("+*.jpg", "-b/*"), "a.jpg"),
        (("-b/*", "+*.jpg"), "a.jpg a.raw b/c.jpg"),
        (("-*", "+*.raw"), "a.raw"),
        (("+*", "-*.tmp", "+b/*"), "a.jpg a.raw b/c.jpg b/c.tmp"),
        (("+A*",), ""),
    ],
)
def test_the_last_rule_that_matches_wins_and_an_include_first_wants_nothing_else(
    rules: tuple[str, ...], names: str
) -> None:
    admits = KeyRules(rules).admits
    assert [name for name in ("a.jpg", "a.raw", "b/c.jpg", "b/c.tmp") if admits(name)] == names.split()
