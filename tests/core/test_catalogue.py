"""The catalogue of hard keys and listing values: what each must become on every target."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from app.core.objects import ObjectInfo
from app.core.plan import Placement
from tests.core.placing import EVERY_TARGET, TARGETS, assert_no_path_is_shared, place_all, plan_of

ENTRIES = json.loads((Path(__file__).parents[1] / "data" / "names.json").read_text("utf-8"))["entries"]


def planned_together(entry: dict[str, object]) -> list[ObjectInfo]:
    """The objects of the catalogue that are planned with `entry`: its set, or itself alone."""
    group = [entry] if entry["set"] is None else [other for other in ENTRIES if other["set"] == entry["set"]]
    return [ObjectInfo(str(other["key"]), int(str(other["size"]))) for other in group]


@EVERY_TARGET
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_a_key_of_the_catalogue_gets_its_path(entry: dict[str, object], target: str) -> None:
    place = plan_of(planned_together(entry), TARGETS[target])[str(entry["key"])]
    expected = str(entry["expected" if target == "linux" else f"expected_{target}"])
    if entry[f"path_{target}"] is None:
        assert place.path == ""
        assert place.blocked
    else:
        assert place.path == entry[f"path_{target}"]
        assert place.blocked == ""
    assert place.is_renamed is ("flagged in the plan" in expected)
    assert bool(place.reason) is place.is_renamed
    assert place.is_folder is (
        entry["class"] == "marker" and str(entry["key"]).endswith("/") and not entry["size"]
    )


@EVERY_TARGET
def test_the_whole_catalogue_as_one_selection_has_one_plan_in_any_order(target: str) -> None:
    objects = [ObjectInfo(entry["key"], entry["size"]) for entry in ENTRIES]
    plan = plan_of(objects, TARGETS[target])
    assert set(plan) == {entry["key"] for entry in ENTRIES}
    assert_no_path_is_shared(plan.values(), target)
    for seed in range(20):
        Random(seed).shuffle(objects)
        assert plan_of(objects, TARGETS[target]) == plan


@pytest.mark.parametrize("size_bytes", [-5, 2**63], ids=["PV01", "PV02"])
def test_an_absurd_size_blocks_the_object_and_is_named(size_bytes: int) -> None:
    [place] = place_all([ObjectInfo("a", size_bytes)])
    assert "invalid size" in place.blocked
    assert str(size_bytes) in place.blocked


@pytest.mark.parametrize("size_bytes", [0, 3_000_000_000, 2**63 - 1])
def test_any_size_that_a_file_can_have_is_planned(size_bytes: int) -> None:
    assert place_all([ObjectInfo("a", size_bytes)]) == [Placement("a")]


def test_the_second_of_a_key_listed_twice_is_blocked_as_a_duplicate() -> None:
    first, between, second = place_all([ObjectInfo("a", 7), ObjectInfo("b", 7), ObjectInfo("a", 7)])
    assert (first, between) == (Placement("a"), Placement("b"))
    assert "duplicate" in second.blocked


def test_a_key_outside_the_listed_prefix_is_blocked() -> None:
    [place] = place_all([ObjectInfo("other/x", 7)], base="data/")
    assert "outside the listed prefix" in place.blocked
