"""Columns of objects: one by one, cut, and back again."""

from __future__ import annotations

import pytest

from app.core.objects import ObjectColumns, ObjectInfo

INFOS = [
    ObjectInfo("a", 1, "e1", 5.0),
    ObjectInfo("b", 2**70, "", None, "GLACIER", is_restored=True),
    ObjectInfo("c", -1, "e3", 6.5, problem="twice"),
    ObjectInfo("d", 0),
]


def test_what_went_in_comes_out_one_by_one() -> None:
    columns = ObjectColumns.of(INFOS)
    assert list(columns) == INFOS
    assert [columns[place] for place in range(-4, 4)] == [*INFOS, *INFOS]
    with pytest.raises(IndexError):
        _ = columns[4]


@pytest.mark.parametrize("cut", [slice(0, 2), slice(1, None), slice(3, 9), slice(2, 1), slice(-2, None)])
def test_a_cut_keeps_what_belongs_to_each_object(cut: slice) -> None:
    assert list(ObjectColumns.of(INFOS)[cut]) == INFOS[cut]


def test_no_objects_are_no_columns() -> None:
    assert len(ObjectColumns()) == 0
    assert list(ObjectColumns.of(())) == []
