"""Locations as people write them, and the way back and forward."""

from __future__ import annotations

import pytest

from app.ui.browser.history import LIMIT, History
from app.ui.browser.location import Location, parse_location

A, B, C = (Location("bucket", prefix) for prefix in ("", "a/", "a/b/"))


def test_a_fresh_history_leads_nowhere() -> None:
    history = History()
    assert history.current is None
    assert history.back() is None
    assert history.forward() is None


def test_back_and_forward_walk_the_visited_locations() -> None:
    history = History()
    for location in (A, B, C):
        history.visit(location)
    assert (history.back(), history.back(), history.back()) == (B, A, None)
    assert (history.forward(), history.forward(), history.forward()) == (B, C, None)


def test_a_visit_after_going_back_forgets_what_lay_ahead() -> None:
    history = History()
    for location in (A, B):
        history.visit(location)
    history.back()
    history.visit(C)
    assert not history.can_go_forward
    assert history.back() == A


def test_visiting_the_open_location_again_adds_no_step() -> None:
    history = History()
    history.visit(A)
    history.visit(A)
    assert not history.can_go_back


def test_a_long_history_forgets_its_oldest_steps() -> None:
    history = History()
    for number in range(LIMIT + 10):
        history.visit(Location("bucket", f"{number}/"))
    steps = 0
    while history.back() is not None:
        steps += 1
    assert steps == LIMIT - 1


@pytest.mark.parametrize(
    ("text", "current", "location"),
    [
        ("s3://media", None, Location("media")),
        ("s3://media/", A, Location("media")),
        ("S3://media/2026/11", A, Location("media", "2026/11/")),
        ("s3://media//odd//", None, Location("media", "/odd//")),
        ("media", None, Location("media")),
        ("media", A, Location("media")),
        ("media/2026", None, Location("media", "2026/")),
        ("2026/11", A, Location("bucket", "2026/11/")),
        ("2026/", A, Location("bucket", "2026/")),
        ("  s3://media/a b/  ", None, Location("media", "a b/")),
        ("", A, None),
        ("s3://", A, None),
        ("s3:///prefix", A, None),
        ("two words", None, None),
        ("https://media.example/", None, None),
    ],
)
def test_typed_text_names_a_location(text: str, current: Location | None, location: Location | None) -> None:
    assert parse_location(text, current) == location


def test_the_parent_drops_one_folder_and_ends_at_the_bucket() -> None:
    assert C.parent == B
    assert B.parent == A
    assert A.parent is None
    assert Location("bucket", "a//").parent == B


def test_crumbs_name_every_level_even_an_empty_one() -> None:
    crumbs = Location("bucket", "a//b/").crumbs
    assert [name for name, _ in crumbs] == ["bucket", "a", "", "b"]
    assert [place.prefix for _, place in crumbs] == ["", "a/", "a//", "a//b/"]
