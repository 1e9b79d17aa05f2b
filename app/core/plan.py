"""What a batch will do with each object: its place below the target folder, and the verdict on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from app.core.naming import PathRules, escape_segment, names_for, numbered_names
from app.core.objects import ObjectInfo
from app.core.policy import IfExists

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
MAX_SIZE_BYTES = 2**63 - 1
"""The largest file offset of any system."""

_ESCAPED = "A part of the key that is no safe file name is written with %XX."
_CUT = "A name that is too long for the target is cut and ends in a code of the key."
_FILE_CLASH = "The name is taken by another object of the batch, so a code of the key is added."
_FOLDER_CLASH = "The folder's name is taken by a file of the batch, so a code of the key is added."
SAME_FILE = "The same file is already there."
_KEPT_BOTH = "A file of this name is already there; a number is added to keep both."


class Verdict(Enum):
    """What the plan says about one object; the word in a `planned` line.

    NEW, RENAMED and REPLACES are fetched, SAME is skipped; BLOCKED, ARCHIVED and EXISTS fail by the plan.
    """

    NEW = "new"
    SAME = "same"
    REPLACES = "replaces"
    RENAMED = "renamed"
    BLOCKED = "blocked"
    ARCHIVED = "archived"
    EXISTS = "exists"

    # By identity, in C: Enum's own hashes the name in Python, and a plan of 100,000 looks each one up.
    __hash__ = object.__hash__


class Existing(Enum):
    """What stands at a target path before the download; OTHER is a link, a device or the like."""

    NOTHING = "nothing"
    SAME_FILE = "the same file"
    DIFFERENT_FILE = "a different file"
    FOLDER = "a folder"
    OTHER = "no regular file"

    @property
    def is_file(self) -> bool:
        """True for a regular file, the same or not."""
        return self in (Existing.SAME_FILE, Existing.DIFFERENT_FILE)


class Placement(NamedTuple):
    """Where one key goes. `path` is relative with `/` between segments; empty for the target itself.

    `is_folder` marks a folder marker (0 bytes, the key ends in `/`). `reason` says in plain sentences why
    the path is not the key's own text. `blocked` says why the key goes nowhere (the path is then empty),
    else it is empty.
    """

    path: str
    is_folder: bool = False
    is_renamed: bool = False
    reason: str = ""
    blocked: str = ""


class PlannedItem(NamedTuple):
    """One line of the plan. `reason` is plain sentences for every verdict but NEW."""

    obj: ObjectInfo
    path: str
    is_folder: bool
    verdict: Verdict
    reason: str


def in_key_order(objects: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    """The objects in the order in which S3 lists them: by the UTF-8 bytes of their keys.

    Python compares text by code points, which is the order of their UTF-8 bytes (RFC 3629, section 1), and
    takes lone surrogates too. Entries of one key are put in an order that no selection can change.
    """
    return sorted(objects, key=attrgetter("key", "size_bytes", "etag"))


class Placer:
    """Gives each key of a batch its own path, one at a time, looking only at the keys before it.

    Fed in key order, a streamed source and a whole selection get the same paths. Out of order, paths may
    differ, but never do two keys share one. One placer serves one batch; nothing of it is thread-safe.
    """

    def __init__(self, rules: PathRules) -> None:
        self._rules = rules
        self._keys: set[str] = set()
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._last_folder: tuple[str, str, str, tuple[str, ...]] = ("", "", "", ())

    def place(self, obj: ObjectInfo, base: str) -> Placement:
        """Where `obj` goes when `base` (empty, or ending in `/`) is taken off the front of its key."""
        key = obj.key
        is_marker = key.endswith("/") and obj.size_bytes == 0
        if is_marker and key == base and not obj.problem:
            return Placement("", is_folder=True)
        blocked = _why_blocked(obj, base)
        if not blocked and key in self._keys:
            blocked = "The key is a duplicate: the batch has it already."
        if blocked:
            return Placement("", blocked=blocked)
        self._keys.add(key)
        name_at = max(key.rfind("/") + 1, len(base))
        path, reasons = self._folder(key[:name_at], base)
        if not is_marker:
            path, why = self._claim(path, key[name_at:], key, is_folder=False)
            reasons = _joined(reasons, why)
        return Placement(path, is_marker, bool(reasons), " ".join(reasons))

    def keep_both(self, placement: Placement) -> Iterator[Placement]:
        """Endless other places for a file: `stem (1).ext` and on, each free in the plan and taken by asking.

        The caller asks until it meets one where nothing stands on the disk.
        """
        parent, slash, name = placement.path.rpartition("/")
        reason = " ".join(_joined((placement.reason,) if placement.reason else (), (_KEPT_BOTH,)))
        for other in numbered_names(name, self._rules):
            path = parent + slash + other
            if self._take(path, is_folder=False):
                yield placement._replace(path=path, is_renamed=True, reason=reason)

    def place_again(self, item: PlannedItem, base: str) -> None:
        """Take the places that an earlier start's plan gave to `item`, so that no later key gets them."""
        self.place(item.obj, base)
        if item.path:
            self._take(item.path, is_folder=item.is_folder)

    def _folder(self, prefix: str, base: str) -> tuple[str, tuple[str, ...]]:
        """The path of the folder with the key `prefix`, and why it has another name than its key.

        Needs no memory of renamed folders: a name that is a folder's once is never a file's later, so the
        same prefix finds the same path again.
        """
        if self._last_folder[:2] == (prefix, base):
            return self._last_folder[2:]
        path = ""
        reasons: tuple[str, ...] = ()
        start = len(base)
        while start < len(prefix):
            end = prefix.index("/", start)
            path, why = self._claim(path, prefix[start:end], prefix[: end + 1], is_folder=True)
            reasons = _joined(reasons, why)
            start = end + 1
        self._last_folder = (prefix, base, path, reasons)
        return path, reasons

    def _claim(self, parent: str, segment: str, key: str, *, is_folder: bool) -> tuple[str, tuple[str, ...]]:
        """Take the best free name for `segment` in the folder `parent`: its path, and why it was renamed."""
        names = names_for(segment, key, self._rules, is_folder=is_folder)
        best = next(names)
        name = best
        while not self._take(path := f"{parent}/{name}" if parent else name, is_folder=is_folder):
            name = next(names)
        if name == segment:
            return path, ()
        escaped = escape_segment(segment, self._rules)
        reasons: tuple[str, ...] = ()
        if escaped != segment:
            reasons += (_ESCAPED,)
        if best != escaped:
            reasons += (_CUT,)
        if name != best:
            reasons += (_FOLDER_CLASH if is_folder else _FILE_CLASH,)
        return path, reasons

    def _take(self, path: str, *, is_folder: bool) -> bool:
        """Take `path` and tell True, or tell False when an earlier key has it. Folders may merge."""
        same = self._rules.comparable(path)
        if same in self._files or (same in self._folders and not is_folder):
            return False
        # Where both are equal, the row's own text is kept: a million keys then cost no second copy.
        (self._folders if is_folder else self._files).add(path if same == path else same)
        return True


def _why_blocked(obj: ObjectInfo, base: str) -> str:
    """Why `obj` cannot be saved whatever its neighbours are; empty when it can."""
    if obj.problem:
        return obj.problem
    if not obj.key:
        return "The key is empty, so there is no name to save the object under."
    try:
        key_bytes = len(obj.key.encode())
    except UnicodeEncodeError:
        return "The key is not valid UTF-8, so the object cannot be asked for."
    if key_bytes > MAX_KEY_BYTES:
        return f"The key is {key_bytes:,} bytes long; S3 allows {MAX_KEY_BYTES:,}."
    if not obj.key.startswith(base):
        return "The key lies outside the listed prefix."
    if not 0 <= obj.size_bytes <= MAX_SIZE_BYTES:
        return f"The server gave an invalid size: {obj.size_bytes} bytes."
    return ""


def _joined(reasons: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Both without repeats, in order."""
    return tuple(dict.fromkeys(reasons + more)) if more else reasons


def settle(placement: Placement, obj: ObjectInfo, existing: Existing, if_exists: IfExists) -> PlannedItem:
    """The verdict on `obj` at its place, given what stands there.

    With KEEP_BOTH and a file there the verdict is RENAMED at a path that is taken: the caller looks for a
    free one with `Placer.keep_both` and settles that. A folder marker needs no GET, so an archived one is
    as good as any other.
    """
    if placement.blocked:
        verdict, reason = Verdict.BLOCKED, placement.blocked
    elif placement.is_folder:
        verdict, reason = _settle_folder(placement, existing)
    elif obj.is_archived:
        verdict = Verdict.ARCHIVED
        reason = f"The object is archived ({obj.storage_class}). Restore it first, then download it."
    elif existing is Existing.NOTHING:
        verdict, reason = _settle_free(placement)
    elif existing.is_file:
        verdict, reason = _settle_file(existing, if_exists)
    else:
        what = "A folder" if existing is Existing.FOLDER else "Something that is no regular file"
        verdict, reason = Verdict.EXISTS, f"{what} stands where the file should go. Move it away first."
    return PlannedItem(obj, placement.path, placement.is_folder, verdict, reason)


def _settle_free(placement: Placement) -> tuple[Verdict, str]:
    return (Verdict.RENAMED if placement.is_renamed else Verdict.NEW), placement.reason


def _settle_folder(placement: Placement, existing: Existing) -> tuple[Verdict, str]:
    if existing is Existing.NOTHING:
        return _settle_free(placement)
    if existing is Existing.FOLDER:
        return Verdict.SAME, "The folder is already there."
    return Verdict.EXISTS, "A file or a link stands where the folder should go. Move it away first."


def _settle_file(existing: Existing, if_exists: IfExists) -> tuple[Verdict, str]:
    """The verdict where a regular file stands at the path of a file."""
    if if_exists is IfExists.REPLACE:
        return Verdict.REPLACES, "The file that is already there will be replaced."
    if if_exists is IfExists.KEEP_BOTH:
        return Verdict.RENAMED, _KEPT_BOTH
    if if_exists is IfExists.ERROR:
        return Verdict.EXISTS, "A file of this name is already there."
    if existing is Existing.SAME_FILE:
        return Verdict.SAME, SAME_FILE
    if if_exists is IfExists.SKIP:
        return Verdict.SAME, "A file of this name was already there; it is left as it is."
    return (
        Verdict.EXISTS,
        "A different file of this name is already there. Choose to skip it, replace it or keep both.",
    )
