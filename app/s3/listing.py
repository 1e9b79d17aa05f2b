"""Pages of ListObjectsV2: from XML to objects, and the guards against a server that lists for ever."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus
from xml.parsers import expat

from app.core.errors import ErrorKind, TransferError, plain_text
from app.core.objects import ListingPage, ObjectInfo
from app.s3.dates import iso_date
from app.s3.http import HttpHead

MAX_PAGE_BYTES = 32 * 1024 * 1024
MAX_EMPTY_PAGES = 100

OUTSIDE = "the server listed it outside the folder that was asked for"
TWICE = "the server listed it twice"
NO_SIZE = "the server did not tell its size as a number"

_PAGE_FIELDS = frozenset({"IsTruncated", "NextContinuationToken", "EncodingType"})


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page as the server wrote it, with its names decoded."""

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...]
    is_truncated: bool
    token: str


class PageParser:
    """A Receiver of one page's XML; `finish` gives the page. Raises TransferError(LISTING)."""

    def __init__(self, prefix: str, previous_key: str | None) -> None:
        """`previous_key` is the last key of the page before, None for the first page."""
        self._prefix = prefix
        self._previous_key = previous_key
        self._entries: list[dict[str, str]] = []
        self._prefixes: list[str] = []
        self._page: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._text: list[str] = []
        self._received_bytes = 0
        self._root = ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._first
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser = parser

    def begin(self, head: HttpHead) -> None:
        """Nothing in the head is judged: the transport has seen to status and length."""

    def write(self, data: bytes) -> None:
        """Parse the next bytes."""
        self._received_bytes += len(data)
        if self._received_bytes > MAX_PAGE_BYTES:
            raise listing_fault(f"one page is larger than {MAX_PAGE_BYTES >> 20} MiB")
        self._parse(data, is_last=False)

    def finish(self) -> ParsedPage:
        """The page, after its last byte."""
        self._parse(b"", is_last=True)
        if self._root != "ListBucketResult":
            raise listing_fault(f"the answer is <{plain_text(self._root, 40)}> and not a listing")
        objects = tuple(self._objects())
        prefixes = tuple(self._decoded(self._prefixes))
        if any(not prefix.startswith(self._prefix) for prefix in prefixes):
            raise listing_fault("the server listed a folder outside the one that was asked for")
        return ParsedPage(
            objects,
            prefixes,
            self._page.get("IsTruncated", "").strip().lower() == "true",
            self._page.get("NextContinuationToken", ""),
        )

    def _parse(self, data: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(data, is_last)
        except expat.ExpatError as error:
            raise listing_fault(f"listing is not valid XML ({error})") from None

    def _first(self, name: str, _attributes: dict[str, str]) -> None:
        self._root = name
        self._parser.StartElementHandler = self._start

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._text.clear()

    def _end(self, name: str) -> None:
        if name == "Contents":
            self._entries.append(self._fields)
            self._fields = {}
        elif name == "CommonPrefixes":
            self._prefixes.append(self._fields.get("Prefix", ""))
            self._fields = {}
        elif name in _PAGE_FIELDS:
            self._page[name] = "".join(self._text)
        else:
            self._fields[name] = "".join(self._text)

    def _objects(self) -> list[ObjectInfo]:
        entries = self._entries
        keys = self._decoded([entry.get("Key", "") for entry in entries])
        previous, prefix = self._previous_key, self._prefix
        objects = []
        for entry, key in zip(entries, keys, strict=True):
            size = entry.get("Size", "")
            is_number = size.isascii() and size.removeprefix("-").isdigit() and len(size) < 100
            problem = "" if is_number else NO_SIZE
            if not key.startswith(prefix):
                problem = OUTSIDE
            elif key == previous:
                problem = TWICE
            previous = key
            objects.append(
                ObjectInfo(
                    key,
                    int(size) if is_number else 0,
                    unquoted(entry.get("ETag", "")),
                    iso_date(entry.get("LastModified", "")),
                    entry.get("StorageClass") or "STANDARD",
                    None,
                    # RestoreStatus: a restored copy has a date until which it stays.
                    "RestoreExpiryDate" in entry,
                    problem,
                )
            )
        return objects

    def _decoded(self, names: list[str]) -> list[str]:
        """Undo `encoding-type=url`, once and only where the server says that it did it.

        AWS, SeaweedFS and rclone write a space as `+` (and a plus as %2B), as botocore expects; a server
        that writes %20 means a plus by `+`.
        """
        if self._page.get("EncodingType") != "url":
            return names
        decode = unquote if any("%20" in name for name in names) else unquote_plus
        return [decode(name) if "%" in name or "+" in name else name for name in names]


class ListingGuard:
    """Watches the pages of one listing: counts keys and refuses to follow a server that does not advance."""

    def __init__(self) -> None:
        self.key_count = 0
        self.last_key: str | None = None
        self._seen_tokens: set[str] = set()
        self._empty_pages = 0

    def admit(self, page: ParsedPage) -> ListingPage:
        """Take the next page; raises TransferError(LISTING) when there must be more but cannot be."""
        self.key_count += len(page.objects)
        if page.objects:
            self.last_key = page.objects[-1].key
        self._empty_pages = 0 if page.objects or page.prefixes else self._empty_pages + 1
        if page.is_truncated:
            if not page.token:
                raise listing_fault("the server says that there is more but not where")
            if page.token in self._seen_tokens:
                raise listing_fault("the server gave a continuation token twice: it lists in a circle")
            if self._empty_pages > MAX_EMPTY_PAGES:
                raise listing_fault(f"the server sent {MAX_EMPTY_PAGES} empty pages in a row")
            self._seen_tokens.add(page.token)
        return ListingPage(page.objects, page.prefixes, not page.is_truncated)


def unquoted(etag: str) -> str:
    """An ETag without its quotes and without the mark of a weak one (rclone lists them bare)."""
    return etag.strip().removeprefix("W/").strip('"')


def listing_fault(what: str) -> TransferError:
    """The error of a listing that cannot be trusted; the store adds which one and how far it came."""
    return TransferError(ErrorKind.LISTING, what)


def _refuse_doctype(*_declaration: object) -> None:
    raise listing_fault("listing is not valid XML (it has a document type)")
