"""How one part of a key becomes one file name: escapes, lengths, and when two names are one on a target."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from itertools import count

MAX_EXTENSION = 32
"""Longer than this, in the target's unit, what follows the last dot is no extension worth keeping."""

PART_SUFFIX = ".s3part"


class LengthUnit(Enum):
    """What a file system counts a name in; the value is the encoding and its bytes a unit."""

    UTF8_BYTES = ("utf-8", 1)
    UTF16_UNITS = ("utf-16-le", 2)

    def length(self, text: str) -> int:
        """The length of `text` in this unit."""
        if text.isascii():
            return len(text)
        encoding, width = self.value
        return len(text.encode(encoding)) // width

    def cut(self, text: str, length: int) -> str:
        """The longest start of `text` that fits `length` units and splits no character."""
        encoding, width = self.value
        return text.encode(encoding)[: max(length, 0) * width].decode(encoding, errors="ignore")


@dataclass(frozen=True, slots=True)
class PathRules:
    """What names a target folder can hold and which of them it takes for one.

    `max_segment` is in `length_unit`, at least 64. A case-insensitive target is always taken to ignore the
    normal form as well: a rename too many is harmless, a file written over is not.
    """

    has_windows_names: bool
    is_case_insensitive: bool
    is_form_insensitive: bool
    max_segment: int = 255
    length_unit: LengthUnit = LengthUnit.UTF8_BYTES

    def fits(self, name: str) -> bool:
        """True when `name` is not too long for one segment."""
        return self.length_unit.length(name) <= self.max_segment

    def comparable(self, path: str) -> str:
        """A text that is equal for two paths exactly when the target may take them for one.

        A `/` neither folds nor composes with anything, so a whole path compares as its segments do.
        """
        if self.is_case_insensitive:
            return _nfc(_nfc(path).casefold())
        return _nfc(path) if self.is_form_insensitive else path


LINUX = PathRules(has_windows_names=False, is_case_insensitive=False, is_form_insensitive=False)
MACOS = PathRules(has_windows_names=False, is_case_insensitive=True, is_form_insensitive=True)
WINDOWS = PathRules(
    has_windows_names=True,
    is_case_insensitive=True,
    is_form_insensitive=False,
    length_unit=LengthUnit.UTF16_UNITS,
)

_DOTS = {"": "%2F", ".": "%2E", "..": "%2E%2E"}
_UNSAFE = re.compile(
    "[\\\\\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file: a device keeps its meaning with an
# extension, and with spaces before it.
_RESERVED = re.compile(r'[<>:"|?*]|[. ]\Z')
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9¹²³]) *(?:\.|\Z)", re.IGNORECASE)


def escape_segment(segment: str, rules: PathRules) -> str:
    """The part of a key between two slashes as a name that means nothing special on the target."""
    if segment in _DOTS:
        return _DOTS[segment]
    name = _UNSAFE.sub(_percent, segment)
    if not rules.has_windows_names:
        return name
    name = _RESERVED.sub(_percent, name)
    return f"%{ord(name[0]):02X}{name[1:]}" if _DEVICE.match(name) else name


def names_for(segment: str, key: str, rules: PathRules, *, is_folder: bool) -> Iterator[str]:
    """Endless names for one segment, the best first: as it is where that fits, then with codes of `key`.

    `key` is the object's whole key, valid UTF-8, or a folder's with its last slash, so that whatever is below
    one folder finds the same name. The first code is 8 hex digits of SHA-256(key); each next one hashes the
    digest before, so that an object named after another's code cannot take its last way out.
    """
    name = escape_segment(segment, rules)
    if rules.fits(name):
        yield name
    digest = sha256(key.encode()).digest()
    while True:
        yield _with_tail(name, f"~{digest.hex()[:8]}", rules, is_folder=is_folder)
        digest = sha256(digest).digest()


def numbered_names(name: str, rules: PathRules) -> Iterator[str]:
    """Endless names `stem (1).ext`, `stem (2).ext` and on, each short enough for one segment."""
    for number in count(1):
        yield _with_tail(name, f" ({number})", rules, is_folder=False)


def _with_tail(name: str, tail: str, rules: PathRules, *, is_folder: bool) -> str:
    """`name` with `tail` before its extension (a folder has none), its stem cut until both fit."""
    stem, dot, extension = name.rpartition(".")
    ending = dot + extension
    if is_folder or not stem.strip(".") or rules.length_unit.length(ending) > MAX_EXTENSION:
        stem, ending = name, ""
    room = rules.max_segment - rules.length_unit.length(tail + ending)
    return rules.length_unit.cut(stem, room) + tail + ending


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def part_name(batch_id: str, path: str, attempt: int) -> str:
    """The hidden name under which one attempt of a batch writes the file `path`.

    It follows from the three, so what a kill leaves behind can be found without having been recorded.
    """
    code = sha256(f"{batch_id}/{attempt}/{path}".encode(errors="surrogatepass")).hexdigest()
    return f".{code[:8]}-{code[8:14]}{PART_SUFFIX}"


def part_names(batch_id: str, path: str, attempts: int) -> list[str]:
    """The part files that attempts 1 to `attempts` may have left."""
    return [part_name(batch_id, path, attempt) for attempt in range(1, attempts + 1)]
