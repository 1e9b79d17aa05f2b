"""One row of the browser: a folder or an object of the open level, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from app.core.objects import ObjectInfo
from app.ui.browser.location import DELIMITER
from app.ui.format import date_text, size_text
from app.ui.plain import shown_name

MAX_SIZE = 2**63 - 1

_CLASS_WORDS = {
    "STANDARD": "Standard",
    "REDUCED_REDUNDANCY": "Reduced redundancy",
    "STANDARD_IA": "Standard-IA",
    "ONEZONE_IA": "One Zone-IA",
    "INTELLIGENT_TIERING": "Intelligent-Tiering",
    "GLACIER": "Glacier",
    "GLACIER_IR": "Glacier Instant",
    "DEEP_ARCHIVE": "Deep Archive",
    "EXPRESS_ONEZONE": "Express One Zone",
}
_FILM = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mxf", ".mpg", ".mpeg", ".ts")


class Column(IntEnum):
    """The columns, left to right."""

    NAME = 0
    SIZE = 1
    MODIFIED = 2
    STORAGE_CLASS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder (`info` is None) or an object; `name` is its key without the open prefix."""

    key: str
    name: str
    info: ObjectInfo | None = None

    @classmethod
    def of(cls, item: ObjectInfo | str, base: str) -> Entry:
        """The entry of an object or of a prefix, seen from the open prefix `base`."""
        if isinstance(item, str):
            return cls(item, item.removeprefix(base))
        # An object with the very key of the open folder has no name left: its last character stands for it.
        return cls(item.key, item.key.removeprefix(base) or DELIMITER, item)

    @property
    def is_folder(self) -> bool:
        """True for a prefix that leads one level down."""
        return self.info is None

    @property
    def size_bytes(self) -> int:
        """The object's size where it is a size at all, else 0."""
        size = self.info.size_bytes if self.info else 0
        return size if 0 <= size <= MAX_SIZE else 0

    @property
    def name_text(self) -> str:
        """The name as it is shown, with what a GET of it would meet."""
        shown = shown_name(self.name)
        return f"{shown} (archived)" if self.info and self.info.is_archived else shown

    @property
    def size_text(self) -> str:
        """The size as it is shown; empty for a folder."""
        return size_text(self.info.size_bytes) if self.info else ""

    @property
    def modified_text(self) -> str:
        """The time of the last change; empty where it is not known."""
        return date_text(self.info.modified_at) if self.info else ""

    @property
    def class_text(self) -> str:
        """The storage class in words; empty for a folder."""
        return class_words(self.info.storage_class) if self.info else ""

    def text(self, column: int) -> str:
        """What a column shows of it."""
        if column == Column.NAME:
            return self.name_text
        if column == Column.SIZE:
            return self.size_text
        return self.modified_text if column == Column.MODIFIED else self.class_text

    @property
    def icon_name(self) -> str:
        """The name of the icon that stands before the name."""
        if self.info is None:
            return "folder"
        if self.info.problem:
            return "warning"
        if self.info.is_archived:
            return "archive"
        return "film" if self.name.lower().endswith(_FILM) else "file"

    @property
    def remark(self) -> str:
        """Why a GET of this object would be refused; empty when nothing speaks against it."""
        if self.info is None:
            return ""
        if self.info.problem:
            return self.info.problem
        if self.info.is_archived:
            return "Archived: it must be restored before it can be downloaded."
        return ""

    @property
    def sentence(self) -> str:
        """The whole row as a screen reader says it."""
        if self.info is None:
            return f"Folder {shown_name(self.name)}"
        parts = [self.name_text, self.size_text]
        if self.modified_text:
            parts.append(f"last modified {self.modified_text}")
        parts.append(f"storage class {self.class_text}")
        if self.remark:
            parts.append(self.remark)
        return ", ".join(parts)


def class_words(storage_class: str) -> str:
    """A storage class in words; a server's own class as it is, cut to a cell's length."""
    return _CLASS_WORDS.get(storage_class) or shown_name(storage_class[:40])
