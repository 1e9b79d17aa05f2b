"""One page of ListObjectsV2: from XML to columns, in as few steps of Python as expat allows."""

from __future__ import annotations

import itertools
import operator
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus
from xml.parsers import expat

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import ObjectColumns
from app.s3.dates import iso_dates
from app.s3.http import HttpHead

MAX_PAGE_BYTES = 32 * 1024 * 1024
SLICE_BYTES = 64 * 1024
"""How much of a page is parsed at a time, a millisecond: no other thread gets a turn in between."""

OUTSIDE = "the server listed it outside the folder that was asked for"
TWICE = "the server listed it twice"
NO_SIZE = "the server did not tell its size as a number"

_KEY, _MODIFIED, _ETAG, _SIZE, _CLASS = "Key", "LastModified", "ETag", "Size", "StorageClass"
_ENTRY, _PREFIX, _FOLDER = "Contents", "Prefix", "CommonPrefixes"
_IS_TRUNCATED, _TOKEN, _ENCODING = "IsTruncated", "NextContinuationToken", "EncodingType"
_RESTORED = "RestoreExpiryDate"
"""A restored copy has a date until which it stays."""
_PAGE = (_PREFIX, _IS_TRUNCATED, _TOKEN, _ENCODING)
_COLUMNS = (_KEY, _MODIFIED, _ETAG, _SIZE, _CLASS)
_NAMES = (*_COLUMNS, _ENTRY, _FOLDER, _RESTORED, *_PAGE)


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page as the server wrote it, with its names decoded."""

    objects: ObjectColumns
    prefixes: tuple[str, ...]
    is_truncated: bool
    token: str


class PageParser:
    """A Receiver of one page's XML; `finish` gives the page. Raises TransferError(LISTING).

    expat fills one list: None where an element starts, its text, its name where it ends. Which string is a
    name is known by its identity, for expat gives the same string for the same name.
    """

    def __init__(self, prefix: str, previous_key: str | None) -> None:
        """`previous_key` is the last key of the page before, None for the first page."""
        self._prefix = prefix
        self._previous_key = previous_key
        self._events: list[str | None] = []
        self._received_bytes = 0
        self._waiting = bytearray()
        self._root = ""
        parser = expat.ParserCreate(intern={name: name for name in _NAMES})
        parser.buffer_text = parser.ordered_attributes = True
        parser.StartElementHandler = self._first
        parser.EndElementHandler = self._events.append
        parser.CharacterDataHandler = self._events.append
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser = parser

    def begin(self, head: HttpHead) -> None:
        """Nothing in the head is judged: the transport has seen to status and length."""

    def write(self, data: bytes) -> None:
        """Parse the next bytes."""
        self._received_bytes += len(data)
        if self._received_bytes > MAX_PAGE_BYTES:
            raise listing_fault(f"one page is larger than {MAX_PAGE_BYTES >> 20} MiB")
        waiting = self._waiting
        waiting += data
        # A slice ends before a tag, so that each text is told in one piece.
        if len(waiting) >= SLICE_BYTES and b"<![CDATA[" not in waiting:
            end = waiting.rfind(b"<")
            self._parse(bytes(waiting[:end]), is_last=False)
            del waiting[:end]

    def finish(self) -> ParsedPage:
        """The page, after its last byte."""
        self._parse(bytes(self._waiting), is_last=True)
        if self._root != "ListBucketResult":
            raise listing_fault(f"the answer is <{plain_text(self._root, 40)}> and not a listing")
        columns, folders, fields = _sorted_out(self._events)
        is_encoded = fields.get(_ENCODING) == "url"
        prefixes = tuple(_decoded(folders) if is_encoded else folders)
        if any(not prefix.startswith(self._prefix) for prefix in prefixes):
            raise listing_fault("the server listed a folder outside the one that was asked for")
        keys, modified, etags, sizes, classes = columns
        if is_encoded:
            keys = _decoded(keys)
        numbers, problems = _numbers(sizes)
        problems |= self._problems(keys)
        objects = ObjectColumns(
            keys,
            numbers,
            _unquoted(etags),
            iso_dates(modified),
            _shared(classes),
            _restored(self._events) if _RESTORED in self._events else frozenset(),
            problems,
        )
        is_truncated = fields.get(_IS_TRUNCATED, "").strip().lower() == "true"
        return ParsedPage(objects, prefixes, is_truncated, fields.get(_TOKEN, ""))

    def _parse(self, data: bytes, *, is_last: bool) -> None:
        # Text that is longer than expat's buffer is told in pieces.
        self._parser.buffer_size = max(len(data), self._parser.buffer_size)
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            raise listing_fault(f"listing is not valid XML ({error})") from None

    def _first(self, name: str, _attributes: list[str]) -> None:
        self._root = name
        append = self._events.append
        self._parser.StartElementHandler = lambda _name, _attributes: append(None)

    def _problems(self, keys: list[str]) -> dict[int, str]:
        before = [self._previous_key, *keys[:-1]]
        problems = {}
        if any(map(operator.eq, before, keys)):
            problems = {place: TWICE for place, key in enumerate(keys) if key == before[place]}
        if self._prefix:
            outside = (place for place, key in enumerate(keys) if not key.startswith(self._prefix))
            problems |= dict.fromkeys(outside, OUTSIDE)
        return problems


def _sorted_out(events: list[str | None]) -> tuple[list[list[str]], list[str], dict[str, str]]:
    """The columns of the entries in the order of `_COLUMNS`, the folders, and the page's own fields."""
    columns, begin, end = _regular(events)
    folders: list[str] = []
    fields: dict[str, str] = {}
    key = modified = etag = size = storage_class = before = None
    for event in itertools.chain(events[:begin], events[end:]):
        if event is None:
            pass
        elif event is _KEY:
            key = before
        elif event is _MODIFIED:
            modified = before
        elif event is _ETAG:
            etag = before
        elif event is _SIZE:
            size = before
        elif event is _CLASS:
            storage_class = before
        elif event is _ENTRY:
            for column, text in zip(columns, (key, modified, etag, size, storage_class), strict=True):
                column.append(text)
            key = modified = etag = size = storage_class = None
        elif event is _PREFIX or event is _IS_TRUNCATED or event is _TOKEN or event is _ENCODING:
            fields[event] = before or ""
        elif event is _FOLDER:
            folders.append(fields.pop(_PREFIX, ""))
        before = event
    return [[text or "" for text in column] for column in columns], folders, fields


def _regular(events: list[str | None]) -> tuple[list[list[str | None]], int, int]:
    """The columns of entries that all have one shape, cut out by slices, and the span of their events.

    Where they do not, which is rare, the columns and the span are empty.
    """
    nothing: tuple[list[list[str | None]], int, int] = ([[] for _ in _COLUMNS], 0, 0)
    count = events.count(_ENTRY)
    if count < 2:
        return nothing
    first = events.index(_ENTRY)
    length = events.index(_ENTRY, first + 1) - first
    begin = first + 1 - length
    end = begin + count * length
    if begin < 0 or end > len(events):
        return nothing
    columns: dict[str | None, list[str | None]] = {}
    values: list[str | None] = []
    for place in range(begin, begin + length):
        before, values = values, events[place:end:length]
        name = values[0]
        if any(name is known for known in (_ENTRY, *_COLUMNS)):
            if not all(map(operator.is_, values, itertools.repeat(name))):
                return nothing
            columns[name] = before
    if _ENTRY not in columns:
        return nothing
    return [columns.get(name) or [None] * count for name in _COLUMNS], begin, end


def unquoted(etag: str) -> str:
    """An ETag without its quotes and without the mark of a weak one (rclone lists them bare)."""
    return etag.strip().removeprefix("W/").strip('"')


def listing_fault(what: str) -> TransferError:
    """The error of a listing that cannot be trusted; the engine adds which one and how far it came."""
    return TransferError(ErrorKind.LISTING, what)


def _unquoted(etags: list[str]) -> list[str]:
    text = "".join(etags)
    if text.isprintable() and " " not in text and "W/" not in text:
        return [etag.strip('"') for etag in etags]
    return list(map(unquoted, etags))


def _numbers(texts: list[str]) -> tuple[list[int], dict[int, str]]:
    """Sizes as numbers, 0 for what is none; and where that was."""
    joined = "".join(texts)
    if joined.isascii() and joined.isdigit() and all(texts) and len(joined) < 20 * len(texts):
        return list(map(int, texts)), {}
    is_number = [text.isascii() and text.removeprefix("-").isdigit() and len(text) < 100 for text in texts]
    numbers = [int(text) if is_one else 0 for text, is_one in zip(texts, is_number, strict=True)]
    return numbers, {place: NO_SIZE for place, is_one in enumerate(is_number) if not is_one}


def _shared(classes: list[str]) -> list[str]:
    """The storage classes, one string for all of a kind."""
    known: dict[str, str] = {"": "STANDARD"}
    return list(map(known.setdefault, classes, classes))


def _restored(events: list[str | None]) -> frozenset[int]:
    """The places of the entries with a date until which a restored copy stays."""
    places, place = set(), 0
    for event in events:
        if event is _ENTRY:
            place += 1
        elif event is _RESTORED:
            places.add(place)
    return frozenset(places)


def _decoded(names: list[str]) -> list[str]:
    """Undo `encoding-type=url`, once.

    AWS, SeaweedFS and rclone write a space as `+` (and a plus as %2B), as botocore expects; a server
    that writes %20 means a plus by `+`.
    """
    text = "\0".join(names)  # no XML can hold it, and only %00 becomes it
    if "%" not in text and "+" not in text:
        return names
    decode = unquote if "%20" in text else unquote_plus
    return [decode(name) for name in names] if "%00" in text else decode(text).split("\0")


def _refuse_doctype(*_declaration: object) -> None:
    raise listing_fault("listing is not valid XML (it has a document type)")
