"""Plans whole selections and says when two places are one, for the tests of naming and placing."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable

import pytest

from app.core.naming import LINUX, MACOS, WINDOWS, PathRules
from app.core.objects import ObjectInfo
from app.core.plan import Placement, Placer, in_key_order

TARGETS = {"linux": LINUX, "windows": WINDOWS, "macos": MACOS}
EVERY_TARGET = pytest.mark.parametrize("target", TARGETS)


def code(key: str) -> str:
    """The first code of a key: 8 hex digits of its SHA-256."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def place_all(objects: Iterable[ObjectInfo], rules: PathRules = LINUX, base: str = "") -> list[Placement]:
    """Each object's place, in the order given."""
    placer = Placer(rules)
    return [placer.place(obj, base) for obj in objects]


def paths_of(*keys: str, rules: PathRules = LINUX, base: str = "") -> list[str]:
    """The paths of keys in the order given: folder markers where they end in a slash, else files."""
    return [
        place.path
        for place in place_all([ObjectInfo(key, 0 if key.endswith("/") else 7) for key in keys], rules, base)
    ]


def plan_of(objects: Iterable[ObjectInfo], rules: PathRules) -> dict[str, Placement]:
    """A whole selection planned in key order, by key."""
    ordered = in_key_order(objects)
    return {obj.key: place for obj, place in zip(ordered, place_all(ordered, rules), strict=True)}


def folded(path: str) -> str:
    """The widest sense in which a target may take two paths for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


COMPARED: dict[str, Callable[[str], str]] = {"linux": str, "windows": folded, "macos": folded}


def assert_no_path_is_shared(places: Iterable[Placement], target: str) -> None:
    """Fail if two files are one on the target, or a file stands where another path needs a folder."""
    as_one = COMPARED[target]
    open_places = [place for place in places if not place.blocked]
    files = [as_one(place.path) for place in open_places if not place.is_folder]
    folders = {as_one(place.path) for place in open_places if place.is_folder}
    for path in [*files, *folders]:
        parts = path.split("/")
        folders |= {"/".join(parts[:depth]) for depth in range(1, len(parts))}
    assert len(set(files)) == len(files)
    assert not folders & set(files)
