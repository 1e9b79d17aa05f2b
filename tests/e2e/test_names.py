"""`get` of every odd key of the catalogue: what ends on the disk, and nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import files_of, get
from tests.servers.fault_server import FaultServer, Keys
from tests.servers.objects import SeededObject

CATALOGUE = json.loads((Path(__file__).parent.parent / "data/names.json").read_text("utf-8"))


def _sets() -> dict[str, list[dict[str, Any]]]:
    """The entries that are planned together; what cannot be a key at all is left out."""
    sets: dict[str, list[dict[str, Any]]] = {}
    for entry in CATALOGUE["entries"]:
        if entry["path_linux"] is not None:
            sets.setdefault(entry["set"] or entry["id"], []).append(entry)
    return sets


@pytest.mark.parametrize("name", _sets())
def test_an_odd_key_becomes_the_file_that_the_catalogue_names(name: str, tmp_path: Path) -> None:
    entries = _sets()[name]
    objects = {entry["path_linux"]: SeededObject(entry["key"], entry["size"]) for entry in entries}
    with FaultServer(objects.values(), keys=Keys()) as server:
        ran = get(server, tmp_path / "to")
    assert ran.code == 0, ran.err
    markers = {entry["path_linux"] for entry in entries if entry["class"] == "marker" and not entry["size"]}
    folders = {path for path in markers if objects[path].key.endswith("/")}
    assert files_of(tmp_path / "to") == {
        path: item.read() for path, item in objects.items() if path not in folders
    }
    assert all((tmp_path / "to" / path).is_dir() for path in folders)
    assert [path.name for path in tmp_path.iterdir()] == ["to"]
    assert sorted(row["key"] for row in ran.receipt["files"]) == sorted(item.key for item in objects.values())
