"""The verdicts of the plan, and keeping both where a file already stands."""

from __future__ import annotations

from itertools import islice

import pytest

from app.core.naming import LINUX, MACOS
from app.core.objects import ObjectInfo
from app.core.plan import Existing, Placement, Placer, PlannedItem, Verdict, settle
from app.core.policy import IfExists
from tests.core.placing import code

OBJ = ObjectInfo("a", 7)
ARCHIVED = ObjectInfo("a", 7, storage_class="GLACIER")
PLAIN = Placement("a")
RENAMED = Placement("a~1", is_renamed=True, reason="Why.")
FOLDER = Placement("a", is_folder=True)


@pytest.mark.parametrize("if_exists", IfExists)
@pytest.mark.parametrize(
    ("place", "existing", "verdict"),
    [
        (PLAIN, Existing.NOTHING, Verdict.NEW),
        (PLAIN, Existing.FOLDER, Verdict.EXISTS),
        (PLAIN, Existing.OTHER, Verdict.EXISTS),
        (RENAMED, Existing.NOTHING, Verdict.RENAMED),
        (FOLDER, Existing.NOTHING, Verdict.NEW),
        (FOLDER, Existing.FOLDER, Verdict.SAME),
        (FOLDER, Existing.SAME_FILE, Verdict.EXISTS),
        (FOLDER, Existing.DIFFERENT_FILE, Verdict.EXISTS),
        (FOLDER, Existing.OTHER, Verdict.EXISTS),
    ],
)
def test_where_no_file_meets_a_file_the_choice_for_existing_files_does_not_count(
    place: Placement, existing: Existing, verdict: Verdict, if_exists: IfExists
) -> None:
    item = settle(place, OBJ, existing, if_exists)
    assert (item.path, item.is_folder, item.verdict) == (place.path, place.is_folder, verdict)
    assert bool(item.reason) is (verdict is not Verdict.NEW)


@pytest.mark.parametrize(
    ("if_exists", "same", "different"),
    [
        (IfExists.AUTO, Verdict.SAME, Verdict.EXISTS),
        (IfExists.SKIP, Verdict.SAME, Verdict.SAME),
        (IfExists.REPLACE, Verdict.REPLACES, Verdict.REPLACES),
        (IfExists.KEEP_BOTH, Verdict.RENAMED, Verdict.RENAMED),
        (IfExists.ERROR, Verdict.EXISTS, Verdict.EXISTS),
    ],
)
@pytest.mark.parametrize("place", [PLAIN, RENAMED])
def test_a_file_that_stands_there_is_judged_by_the_choice_for_existing_files(
    place: Placement, if_exists: IfExists, same: Verdict, different: Verdict
) -> None:
    for existing, verdict in ((Existing.SAME_FILE, same), (Existing.DIFFERENT_FILE, different)):
        item = settle(place, OBJ, existing, if_exists)
        assert (item.path, item.verdict) == (place.path, verdict)
        assert item.reason


def test_a_skipped_file_says_whether_it_is_the_same_or_was_just_there() -> None:
    same = settle(PLAIN, OBJ, Existing.SAME_FILE, IfExists.SKIP)
    other = settle(PLAIN, OBJ, Existing.DIFFERENT_FILE, IfExists.SKIP)
    assert "same file" in same.reason
    assert "was already there" in other.reason


def test_what_stands_in_the_way_of_a_file_is_named() -> None:
    assert "folder stands" in settle(PLAIN, OBJ, Existing.FOLDER, IfExists.REPLACE).reason
    assert "no regular file" in settle(PLAIN, OBJ, Existing.OTHER, IfExists.REPLACE).reason


@pytest.mark.parametrize("existing", Existing)
@pytest.mark.parametrize("if_exists", IfExists)
def test_an_archived_object_is_archived_whatever_stands_there(
    existing: Existing, if_exists: IfExists
) -> None:
    item = settle(PLAIN, ARCHIVED, existing, if_exists)
    assert item.verdict is Verdict.ARCHIVED
    assert "GLACIER" in item.reason


def test_a_restored_object_is_planned_like_any_other() -> None:
    restored = ObjectInfo("a", 7, storage_class="GLACIER", is_restored=True)
    assert settle(PLAIN, restored, Existing.NOTHING, IfExists.AUTO).verdict is Verdict.NEW


def test_an_archived_folder_marker_is_made_since_it_needs_no_get() -> None:
    marker = ObjectInfo("a/", 0, storage_class="DEEP_ARCHIVE")
    assert settle(FOLDER, marker, Existing.NOTHING, IfExists.AUTO).verdict is Verdict.NEW


@pytest.mark.parametrize("obj", [OBJ, ARCHIVED])
def test_a_blocked_key_is_blocked_before_all_else(obj: ObjectInfo) -> None:
    item = settle(Placement("", blocked="Why not."), obj, Existing.SAME_FILE, IfExists.SKIP)
    assert item == PlannedItem(obj, "", False, Verdict.BLOCKED, "Why not.")


def test_the_words_of_the_verdicts_are_those_of_the_command_line() -> None:
    assert (
        " ".join(verdict.value for verdict in Verdict) == "new same replaces renamed blocked archived exists"
    )


def test_keeping_both_counts_up_past_the_names_of_the_plan() -> None:
    placer = Placer(MACOS)
    placer.place(ObjectInfo("d/A (1).TXT", 7), "")
    place = placer.place(ObjectInfo("d/a.txt", 7), "")
    others = list(islice(placer.keep_both(place), 2))
    assert [other.path for other in others] == ["d/a (2).txt", "d/a (3).txt"]
    item = settle(others[0], OBJ, Existing.NOTHING, IfExists.KEEP_BOTH)
    assert (item.path, item.verdict) == ("d/a (2).txt", Verdict.RENAMED)
    assert "keep both" in item.reason


def test_a_name_taken_to_keep_both_is_never_given_to_a_later_key() -> None:
    placer = Placer(LINUX)
    place = placer.place(ObjectInfo("a", 7), "")
    assert next(placer.keep_both(place)).path == "a (1)"
    assert placer.place(ObjectInfo("a (1)", 7), "").path == f"a (1)~{code('a (1)')}"


def test_keeping_both_tells_the_first_rename_too() -> None:
    placer = Placer(LINUX)
    place = placer.place(ObjectInfo("a\\b", 7), "")
    other = next(placer.keep_both(place))
    assert other.reason.startswith(place.reason)
    assert other.reason.endswith("keep both.")
