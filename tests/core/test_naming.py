"""Rules 1 to 3 of naming: escapes, lengths, and which names a target takes for one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.naming import (
    LINUX,
    MACOS,
    WINDOWS,
    LengthUnit,
    PathRules,
    escape_segment,
    names_for,
    numbered_names,
)

TARGETS = [
    pytest.param(LINUX, id="linux"),
    pytest.param(WINDOWS, id="windows"),
    pytest.param(MACOS, id="macos"),
]
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SEGMENTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=300)


def code(key: str) -> str:
    """The first code of a key: 8 hex digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def first_names(
    segment: str, key: str, rules: PathRules, how_many: int, *, is_folder: bool = False
) -> list[str]:
    """The first few names that a segment may get."""
    return list(islice(names_for(segment, key, rules, is_folder=is_folder), how_many))


@pytest.mark.parametrize("rules", TARGETS)
@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("", "%2F"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("a\\b", "a%5Cb"),
        ("\x00", "%00"),
        ("\x1f", "%1F"),
        ("\x7f", "%7F"),
        ("\x80", "%C2%80"),
        ("\x9f", "%C2%9F"),
        ("\u00ad", "%C2%AD"),
        ("\u061c", "%D8%9C"),
        ("\u180e", "%E1%A0%8E"),
        ("\u200b", "%E2%80%8B"),
        ("\u200e", "%E2%80%8E"),
        ("\u200f", "%E2%80%8F"),
        ("\u2028", "%E2%80%A8"),
        ("\u202e", "%E2%80%AE"),
        ("\u2060", "%E2%81%A0"),
        ("\u2069", "%E2%81%A9"),
        ("\ufeff", "%EF%BB%BF"),
        ("\ufff9", "%EF%BF%B9"),
        ("\ufffb", "%EF%BF%BB"),
        ("\U000e0000", "%F3%A0%80%80"),
        ("\U000e007f", "%F3%A0%81%BF"),
    ],
)
def test_dots_controls_and_backslashes_are_escaped_on_every_target(
    segment: str, name: str, rules: PathRules
) -> None:
    assert escape_segment(segment, rules) == name


@pytest.mark.parametrize("rules", TARGETS)
@pytest.mark.parametrize(
    "segment",
    [
        "...a",
        "%2e%2e",
        "~",
        "$HOME",
        "a b",
        "a\u00a0b",
        "non\u200cjoiner",
        "joi\u200dner",
        "\u2027",
        "\u202f",
        "\u206a",
        "\ufff8",
        "\ufffc",
        "\U000e0080",
        "cafe\u0301",
        "Å",
        "🚀",
    ],
)
def test_nothing_else_is_touched_on_any_target(segment: str, rules: PathRules) -> None:
    assert escape_segment(segment, rules) == segment


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ('<>:"|?*', "%3C%3E%3A%22%7C%3F%2A"),
        ("a.", "a%2E"),
        ("a..", "a.%2E"),
        ("...", "..%2E"),
        ("a ", "a%20"),
        (" ", "%20"),
        (".a", ".a"),
        ("CON", "%43ON"),
        ("con", "%63on"),
        ("PRN.tar.gz", "%50RN.tar.gz"),
        ("AUX .txt", "%41UX .txt"),
        ("nul.", "nul%2E"),
        ("COM9", "%43OM9"),
        ("lpt¹.log", "%6Cpt¹.log"),
        ("CONIN$", "%43ONIN$"),
        ("CONOUT$.x", "%43ONOUT$.x"),
        ("CONSOLE", "CONSOLE"),
        ("COM10", "COM10"),
        ("COM", "COM"),
        ("a.CON", "a.CON"),
        ("icon", "icon"),
    ],
)
def test_windows_names_lose_reserved_characters_ends_and_devices(segment: str, name: str) -> None:
    assert escape_segment(segment, WINDOWS) == name


@pytest.mark.parametrize("segment", ['<>:"|?*', "a.", "a ", "CON", "nul.txt"])
@pytest.mark.parametrize("rules", [LINUX, MACOS])
def test_names_that_only_windows_refuses_stay_as_they_are_elsewhere(segment: str, rules: PathRules) -> None:
    assert escape_segment(segment, rules) == segment


def test_a_name_of_exactly_the_longest_length_is_kept_whole() -> None:
    assert first_names("a" * 255, "a" * 255, LINUX, 1) == ["a" * 255]
    assert first_names("🚀" * 127, "🚀" * 127, WINDOWS, 1) == ["🚀" * 127]


def test_a_name_over_the_length_is_cut_and_keeps_its_extension() -> None:
    key = "x/" + "a" * 300 + ".tar.gz"
    assert first_names(key[2:], key, LINUX, 1) == ["a" * (255 - 9 - 3) + f"~{code(key)}.gz"]


def test_a_cut_never_splits_a_character() -> None:
    key = "🚀" * 100
    name = first_names(key, key, LINUX, 1)[0]
    assert name == "🚀" * 61 + f"~{code(key)}"
    assert len(name.encode()) == 253
    odd = "a" + "🚀" * 200
    cut = first_names(odd, odd, WINDOWS, 1)[0]
    assert cut == "a" + "🚀" * 122 + f"~{code(odd)}"


def test_a_shorter_limit_of_the_file_system_is_kept() -> None:
    rules = replace(LINUX, max_segment=143)
    assert len(first_names("a" * 200 + ".txt", "k", rules, 1)[0]) == 143


def test_what_is_too_long_for_an_extension_is_cut_with_the_rest() -> None:
    key = "a." + "b" * 300
    assert first_names(key, key, LINUX, 1) == [key[: 255 - 9] + f"~{code(key)}"]


@pytest.mark.parametrize(
    ("segment", "with_code"),
    [("a.txt", "a~{}.txt"), ("a", "a~{}"), (".bashrc", ".bashrc~{}"), ("..a", "..a~{}"), ("a.", "a~{}.")],
)
def test_the_code_of_a_file_stands_before_its_extension(segment: str, with_code: str) -> None:
    assert first_names(segment, "key", LINUX, 2) == [segment, with_code.format(code("key"))]


def test_the_code_of_a_folder_stands_at_its_end() -> None:
    assert first_names("v1.2", "v1.2/", LINUX, 2, is_folder=True) == ["v1.2", f"v1.2~{code('v1.2/')}"]


def test_each_further_code_hashes_the_digest_before() -> None:
    first = hashlib.sha256(b"key").digest()
    second = hashlib.sha256(first).hexdigest()[:8]
    assert first_names("a", "key", LINUX, 3)[2] == f"a~{second}"


def test_numbers_stand_before_the_extension_and_count_on() -> None:
    assert list(islice(numbered_names("a.tar.gz", LINUX), 2)) == ["a.tar (1).gz", "a.tar (2).gz"]


def test_a_numbered_name_fits_the_longest_length() -> None:
    name = next(numbered_names("é" * 125 + ".txt", LINUX))
    assert name == "é" * 123 + " (1).txt"
    assert len(name.encode()) == 254


@pytest.mark.parametrize(
    ("one", "other", "linux", "windows", "macos"),
    [
        ("a", "a", True, True, True),
        ("a", "A", False, True, True),
        ("straße", "STRASSE", False, True, True),
        ("caf\u00e9", "cafe\u0301", False, True, True),
        ("\u2126", "\u03c9", False, True, True),
        ("d/caf\u00e9/x", "D/CAFE\u0301/X", False, True, True),
        ("\u00df\u0323", "s\u1e63", False, True, True),
        ("\u03b1\u0345\u0301", "\u1fb4", False, True, True),
        ("a", "b", False, False, False),
        ("a/\u0338b", "a/b", False, False, False),
    ],
)
def test_two_paths_are_one_under_the_targets_own_rules(
    one: str, other: str, linux: bool, windows: bool, macos: bool
) -> None:
    for rules, is_one in ((LINUX, linux), (WINDOWS, windows), (MACOS, macos)):
        assert (rules.comparable(one) == rules.comparable(other)) is is_one


def test_a_target_that_only_ignores_the_normal_form_tells_cases_apart() -> None:
    rules = replace(LINUX, is_form_insensitive=True)
    assert rules.comparable("caf\u00e9") == rules.comparable("cafe\u0301")
    assert rules.comparable("a") != rules.comparable("A")


def test_lengths_are_counted_in_the_targets_unit() -> None:
    assert (LengthUnit.UTF8_BYTES.length("aé🚀"), LengthUnit.UTF16_UNITS.length("aé🚀")) == (7, 4)


@PATIENT
@given(
    segment=SEGMENTS, key=SEGMENTS, rules=st.sampled_from([LINUX, WINDOWS, MACOS]), is_folder=st.booleans()
)
def test_every_name_of_a_segment_is_harmless_and_fits(
    segment: str, key: str, rules: PathRules, is_folder: bool
) -> None:
    names = first_names(segment, key, rules, 3, is_folder=is_folder)
    assert len(set(names)) == 3
    for name in names:
        assert name not in {"", ".", ".."}
        assert not set(name) & {"/", "\\", "\x00"}
        assert rules.length_unit.length(name) <= 255
        if rules.has_windows_names:
            assert not set(name) & set('<>:"|?*')
            assert name[-1] not in ". "


@PATIENT
@given(segment=st.text("aB1-_~%$ ()+,;=@", min_size=1, max_size=40).filter(lambda text: text[-1] != " "))
def test_an_ordinary_name_is_its_own_name_everywhere(segment: str) -> None:
    for rules in (LINUX, WINDOWS, MACOS):
        assert first_names(segment, segment, rules, 1) == [segment]
