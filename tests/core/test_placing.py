"""Rules 4 and 5 of naming: blocked keys, collisions, folders, markers, and the order of a plan."""

from __future__ import annotations

import hashlib
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.naming import LINUX, MACOS, WINDOWS, PathRules
from app.core.objects import ObjectInfo
from app.core.plan import Placement, Placer, in_key_order
from tests.core.placing import (
    EVERY_TARGET,
    TARGETS,
    assert_no_path_is_shared,
    code,
    paths_of,
    place_all,
    plan_of,
)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIECES = [
    "a",
    "A",
    "é",
    "e\u0301",
    "É",
    "ß",
    "ss",
    ".",
    "..",
    "%2F",
    "%2E",
    "\\",
    "\u200b",
    " ",
    "~",
    "CON",
    ":",
    "x" * 250,
]
KEYS = st.lists(st.sampled_from([*PIECES, "/", "/", "/"]), min_size=1, max_size=7).map("".join)
SELECTIONS = st.lists(
    st.builds(ObjectInfo, KEYS, st.sampled_from([0, 7])), max_size=12, unique_by=lambda obj: obj.key
)


@pytest.mark.parametrize(
    ("key", "word"),
    [("", "empty"), ("\ud800x", "UTF-8"), ("x\udfff", "UTF-8"), ("k" * 1025, "1,024"), ("é" * 513, "1,026")],
)
def test_a_key_that_cannot_be_asked_for_is_blocked_with_a_reason(key: str, word: str) -> None:
    [place] = place_all([ObjectInfo(key, 7)])
    assert word in place.blocked
    assert (place.path, place.is_renamed, place.reason) == ("", False, "")


def test_a_key_of_1024_bytes_is_planned() -> None:
    assert paths_of("d/" * 511 + "xy") == ["d/" * 511 + "xy"]


def test_the_length_of_the_key_counts_and_not_that_of_the_path() -> None:
    base = "d/" * 511
    assert place_all([ObjectInfo(base + "xyz", 7)], base=base)[0].blocked


def test_a_key_of_nothing_but_slashes_becomes_a_path_of_escapes() -> None:
    assert paths_of("/" * 1024) == ["/".join(["%2F"] * 1024)]


def test_a_problem_of_the_listing_blocks_with_its_own_words() -> None:
    [place] = place_all([ObjectInfo("a", 7, problem="The size is no number.")])
    assert place.blocked == "The size is no number."


def test_a_blocked_key_takes_no_path_from_the_others() -> None:
    bad, good = place_all([ObjectInfo("README", -1), ObjectInfo("readme", 7)], MACOS)
    assert bad.blocked
    assert good == Placement("readme")


def test_the_marker_of_the_source_is_the_target_itself_and_never_blocked() -> None:
    placer = Placer(LINUX)
    marker = ObjectInfo("data/", 0)
    assert [placer.place(marker, "data/") for _ in range(2)] == [Placement("", is_folder=True)] * 2


def test_a_marker_of_the_source_that_has_bytes_is_a_file_in_the_target() -> None:
    [place] = place_all([ObjectInfo("data/", 9)], base="data/")
    assert (place.path, place.is_folder, place.is_renamed) == ("%2F", False, True)


def test_paths_begin_below_the_base() -> None:
    assert paths_of("data/a/b", "data/c", base="data/") == ["a/b", "c"]


def test_two_sources_of_one_batch_may_have_two_bases() -> None:
    placer = Placer(LINUX)
    assert placer.place(ObjectInfo("data/a", 7), "data/").path == "a"
    assert placer.place(ObjectInfo("data/b", 7), "").path == "data/b"


def test_a_folder_after_a_file_of_its_name_is_renamed_and_stays_together() -> None:
    folder = f"a~{code('s/a/')}"
    keys = ("s/a", "s/a.txt", "s/a/", "s/a/b", "s/a/c/d")
    assert paths_of(*keys, base="s/") == ["a", "a.txt", folder, f"{folder}/b", f"{folder}/c/d"]


def test_what_lies_in_a_renamed_folder_says_why() -> None:
    place = place_all([ObjectInfo("a", 7), ObjectInfo("a/b", 7)])[1]
    assert place.is_renamed
    assert "folder" in place.reason


def test_a_file_after_a_folder_of_its_name_is_renamed() -> None:
    assert paths_of("DIR/x", "dir", rules=MACOS) == ["DIR/x", f"dir~{code('dir')}"]


def test_folders_of_one_name_merge_and_their_files_do_not() -> None:
    assert paths_of("Dir/x", "dir/X", "dir/y", rules=MACOS) == ["Dir/x", f"dir/X~{code('dir/X')}", "dir/y"]


def test_markers_of_folders_that_merge_are_both_planned() -> None:
    assert paths_of("Dir/", "dir/", rules=WINDOWS) == ["Dir", "dir"]


def test_a_marker_listed_twice_is_a_duplicate() -> None:
    assert "duplicate" in place_all([ObjectInfo("m/", 0), ObjectInfo("m/", 0)])[1].blocked


def test_a_folder_with_a_name_too_long_is_cut_once_for_all_that_is_in_it() -> None:
    folder = "f" * 300
    cut = "f" * 246 + "~" + code(f"{folder}/")
    assert paths_of(f"{folder}/a", f"{folder}/b") == [f"{cut}/a", f"{cut}/b"]


def test_an_escaped_name_never_takes_the_place_of_its_literal_twin() -> None:
    assert paths_of("%2E", ".", "a/%2F/b", "a//b") == [
        "%2E",
        f"%2E~{code('.')}",
        "a/%2F/b",
        f"a/%2F/b~{code('a//b')}",
    ]


def test_each_cause_of_a_rename_is_told_once() -> None:
    keys = ["a\\", "a\\/b\\/c", "x" * 300]
    simple, _, cut = place_all([ObjectInfo(key, 7) for key in keys])
    folder = place_all([ObjectInfo("a\\b/c\\d/e", 7)])[0]
    assert folder.reason == simple.reason
    assert cut.reason
    assert cut.reason != simple.reason


def test_a_key_named_after_anothers_code_does_not_take_its_file() -> None:
    keys = ["README", f"README~{code('readme')}", "readme"]
    second_code = hashlib.sha256(hashlib.sha256(b"readme").digest()).hexdigest()[:8]
    assert paths_of(*keys, rules=MACOS) == [*keys[:2], f"readme~{second_code}"]


def test_a_renamed_folder_is_found_again_when_a_server_lists_out_of_order() -> None:
    folder = f"a~{code('a/')}"
    assert paths_of("a", "a/b", "z/y", "a/c") == ["a", f"{folder}/b", "z/y", f"{folder}/c"]


def test_key_order_is_the_order_of_utf8_bytes_and_takes_surrogates() -> None:
    keys = ["\U0001f680", "\uffee", "é", "z", "a/", "a", "\ud800", "a.b", ""]
    ordered = [obj.key for obj in in_key_order([ObjectInfo(key, 7) for key in keys])]
    assert ordered == sorted(keys, key=lambda key: key.encode("utf-8", "surrogatepass"))


def test_two_entries_of_one_key_have_one_order_whatever_the_selection() -> None:
    one, other = ObjectInfo("a", 7, "e1"), ObjectInfo("a", 7, "e2")
    assert in_key_order([one, other]) == in_key_order([other, one])


def with_more_hostile_keys(objects: list[ObjectInfo], rules: PathRules) -> list[ObjectInfo]:
    """The selection joined by keys that are named like the places it was given."""
    places = place_all(in_key_order(objects), rules)
    known = {obj.key for obj in objects}
    named = {place.path for place in places if place.path} - known
    return [*objects, *(ObjectInfo(path, 7) for path in sorted(named))]


@EVERY_TARGET
@PATIENT
@given(objects=SELECTIONS)
def test_no_two_keys_share_a_path_even_when_keys_are_named_like_places(
    target: str, objects: list[ObjectInfo]
) -> None:
    hostile = with_more_hostile_keys(objects, TARGETS[target])
    assert_no_path_is_shared(place_all(in_key_order(hostile), TARGETS[target]), target)


@EVERY_TARGET
@PATIENT
@given(objects=SELECTIONS, seed=st.randoms(use_true_random=False))
def test_no_two_keys_share_a_path_when_a_server_lists_out_of_order(
    target: str, objects: list[ObjectInfo], seed: Random
) -> None:
    listed = with_more_hostile_keys(objects, TARGETS[target]) + objects[:2]
    seed.shuffle(listed)
    assert_no_path_is_shared(place_all(listed, TARGETS[target]), target)


@EVERY_TARGET
@PATIENT
@given(objects=SELECTIONS)
def test_every_segment_stays_below_the_target_and_within_its_length(
    target: str, objects: list[ObjectInfo]
) -> None:
    rules = TARGETS[target]
    places = place_all(in_key_order(objects), rules)
    assert len(places) == len(objects)
    for place in places:
        assert bool(place.blocked) is (place.path == "")
        for segment in place.path.split("/") if place.path else []:
            assert segment not in {"", ".", ".."}
            assert rules.length_unit.length(segment) <= rules.max_segment
            assert "\\" not in segment


@EVERY_TARGET
@PATIENT
@given(objects=SELECTIONS, seed=st.randoms(use_true_random=False))
def test_the_plan_is_the_same_whatever_the_order_of_the_selection(
    target: str, objects: list[ObjectInfo], seed: Random
) -> None:
    plan = plan_of(objects, TARGETS[target])
    seed.shuffle(objects)
    assert plan_of(objects, TARGETS[target]) == plan


@EVERY_TARGET
@PATIENT
@given(objects=SELECTIONS, cut=st.integers(0, 12))
def test_a_streamed_source_gets_the_places_of_the_whole_plan(
    target: str, objects: list[ObjectInfo], cut: int
) -> None:
    ordered = in_key_order(objects)
    assert place_all(ordered[:cut], TARGETS[target]) == place_all(ordered, TARGETS[target])[:cut]
