"""How an object is cut into parts, and what is missing of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.extents import MAX_PARTS, missing, part_size, parts

SIZES = st.integers(0, 10_000)


@st.composite
def _held(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    size = draw(SIZES)
    edges = sorted(draw(st.lists(st.integers(0, size), max_size=12)))
    return size, list(zip(edges[::2], edges[1::2], strict=False))


@settings(deadline=None)
@given(_held(), st.integers(1, 500))
def test_what_is_held_and_what_is_missing_make_the_whole_once(
    case: tuple[int, list[tuple[int, int]]], part_bytes: int
) -> None:
    size, held = case
    cut = parts(missing(size, held), part_bytes)
    covered = [byte for first, end in held + cut for byte in range(first, end)]
    assert sorted(covered) == list(range(size))
    assert all(0 < end - first <= part_bytes for first, end in cut)


def test_an_object_that_is_not_there_at_all_is_cut_at_multiples_of_the_part() -> None:
    assert parts(missing(20, []), 8) == [(0, 8), (8, 16), (16, 20)]


def test_what_is_missing_behind_a_broken_range_ends_where_its_part_ends() -> None:
    assert parts(missing(20, [(0, 11)]), 8) == [(11, 16), (16, 20)]


def test_a_huge_object_gets_larger_parts_in_place_of_too_many() -> None:
    size = 5 << 40
    assert part_size(1 << 20, 8 << 20) == 8 << 20
    assert -(-size // part_size(size, 8 << 20)) <= MAX_PARTS
