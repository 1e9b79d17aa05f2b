"""The compiled resources hold what resources/ holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import PySide6
import pytest
from PySide6.QtCore import QDirIterator, QFile, QIODevice

from app.ui import rc_resources

ROOT = Path(__file__).parents[2]
QRC = ROOT / "resources" / "downspout.qrc"
COMPILED = ROOT / "app" / "ui" / "rc_resources.py"
# Format 1 has no times of files in it, so that the same sources compile to the same text.
OPTIONS = ["--no-compress", "--format-version", "1"]
STALE = f"run: pyside6-rcc {' '.join(OPTIONS)} resources/downspout.qrc -o app/ui/rc_resources.py"


def listed() -> list[str]:
    return [element.text or "" for element in ElementTree.parse(QRC).iter("file")]


def read_resource(path: str) -> bytes:
    file = QFile(path)
    assert file.open(QIODevice.OpenModeFlag.ReadOnly), f"{path} is missing; {STALE}"
    return file.readAll().data()


def code_of(text: str) -> list[str]:
    """The lines of a compiled file that are neither blank nor name the compiler's version."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_icon_is_listed_in_the_qrc_file() -> None:
    drawn = {path.relative_to(QRC.parent).as_posix() for path in (QRC.parent / "icons").iterdir()}
    assert set(listed()) == drawn


@pytest.mark.parametrize("name", listed())
def test_a_compiled_resource_has_the_bytes_of_its_source(name: str) -> None:
    assert rc_resources.qt_resource_data
    assert read_resource(f":/downspout/{name}") == (QRC.parent / name).read_bytes(), STALE


def test_nothing_is_compiled_in_that_is_not_listed() -> None:
    found = set()
    iterator = QDirIterator(":/downspout", QDirIterator.IteratorFlag.Subdirectories)
    while iterator.hasNext():
        path = iterator.next()
        if iterator.fileInfo().isFile():
            found.add(path.removeprefix(":/downspout/"))
    assert found == set(listed()), STALE


def test_compiling_again_gives_the_committed_module() -> None:
    name = "rcc.exe" if sys.platform == "win32" else "rcc"
    places = [Path(PySide6.__file__).parent / name, Path(PySide6.__file__).parent / "Qt/libexec" / name]
    rcc = next(path for path in places if path.exists())
    compiled = subprocess.run(
        [rcc, "-g", "python", *OPTIONS, QRC], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert code_of(compiled) == code_of(COMPILED.read_text(encoding="utf-8")), STALE


def test_the_desktop_entry_names_the_program_and_its_icon() -> None:
    lines = (ROOT / "resources" / "downspout.desktop").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    entries = dict(line.split("=", 1) for line in lines[1:] if line)
    assert entries["Type"] == "Application"
    assert entries["Exec"] == "downspout"
    assert (QRC.parent / "icons" / f"{entries['Icon']}.svg").exists()
