"""ListObjectsV2: pages of the fault server's keys as XML, and the ways a hostile server spoils them."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from tests.servers.objects import SeededObject

_LAST_CHARACTER = "\U0010ffff"
MAX_KEYS = 1000


@dataclass(frozen=True)
class Entry:
    """One `<Contents>`; everything is text, so that it can be nonsense."""

    key: str
    size: str
    modified: str
    etag: str
    storage_class: str

    @classmethod
    def of(cls, item: SeededObject) -> Entry:
        """The honest entry of an object."""
        modified = datetime.fromtimestamp(item.modified_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return cls(item.key, str(item.size_bytes), modified, item.etag, item.storage_class)


@dataclass(frozen=True)
class Page:
    """One page before it is text. `token` is the request's, `next_token` the answer's."""

    bucket: str
    prefix: str
    delimiter: str
    max_keys: int
    is_url_encoded: bool
    token: str
    entries: tuple[Entry, ...]
    prefixes: tuple[str, ...]
    is_truncated: bool
    next_token: str


def make_page(
    bucket: str, keys: Sequence[str], objects: Mapping[str, SeededObject], query: Mapping[str, str]
) -> Page:
    """The page that `query` asks for; `keys` is sorted. A token that is not ours starts at the beginning."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    max_keys = min(int(query.get("max-keys") or MAX_KEYS), MAX_KEYS)
    token = query.get("continuation-token", "")
    after = key_of_token(token) if token else query.get("start-after", "")
    entries: list[Entry] = []
    prefixes: list[str] = []
    last = after
    index = max(bisect_left(keys, prefix), _index_after(keys, after, delimiter, len(prefix)))
    while index < len(keys) and keys[index].startswith(prefix):
        if len(entries) + len(prefixes) == max_keys:
            break
        last = keys[index]
        cut = last.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            entries.append(Entry.of(objects[last]))
            index += 1
        else:
            last = last[: cut + len(delimiter)]
            prefixes.append(last)
            index = bisect_right(keys, last + _LAST_CHARACTER)
    is_truncated = max_keys > 0 and index < len(keys) and keys[index].startswith(prefix)
    return Page(
        bucket=bucket,
        prefix=prefix,
        delimiter=delimiter,
        max_keys=max_keys,
        is_url_encoded=query.get("encoding-type") == "url",
        token=token,
        entries=tuple(entries),
        prefixes=tuple(prefixes),
        is_truncated=is_truncated,
        next_token=token_after(last) if is_truncated else "",
    )


def to_xml(page: Page) -> bytes:
    """The page as S3 writes it."""
    folders = [_prefix_xml(text, page.is_url_encoded) for text in page.prefixes]
    entries = [entry_xml(entry, is_url_encoded=page.is_url_encoded) for entry in page.entries]
    inner = "".join(entries + folders).encode("utf-8", "surrogatepass")
    return xml_around(page, len(entries) + len(folders), inner)


def entry_xml(entry: Entry, *, is_url_encoded: bool) -> str:
    """One `<Contents>`."""
    return (
        f"<Contents><Key>{_name(entry.key, is_url_encoded)}</Key>"
        f"<LastModified>{escaped(entry.modified)}</LastModified>"
        f"<ETag>&quot;{escaped(entry.etag)}&quot;</ETag><Size>{escaped(entry.size)}</Size>"
        f"<StorageClass>{escaped(entry.storage_class)}</StorageClass></Contents>"
    )


def xml_around(page: Page, count: int, inner: bytes) -> bytes:
    """A page's document around the XML of its `count` entries and prefixes."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        f"<Name>{escaped(page.bucket)}</Name><Prefix>{_name(page.prefix, page.is_url_encoded)}</Prefix>",
        f"<MaxKeys>{page.max_keys}</MaxKeys><KeyCount>{count}</KeyCount>",
        f"<IsTruncated>{'true' if page.is_truncated else 'false'}</IsTruncated>",
    ]
    if page.delimiter:
        parts.append(f"<Delimiter>{_name(page.delimiter, page.is_url_encoded)}</Delimiter>")
    if page.is_url_encoded:
        parts.append("<EncodingType>url</EncodingType>")
    if page.token:
        parts.append(f"<ContinuationToken>{escaped(page.token)}</ContinuationToken>")
    if page.next_token:
        parts.append(f"<NextContinuationToken>{escaped(page.next_token)}</NextContinuationToken>")
    head = "".join(parts).encode("utf-8", "surrogatepass")
    return b"".join((head, inner, b"</ListBucketResult>"))


def _name(text: str, is_url_encoded: bool) -> str:
    return quote(text, safe="/", errors="surrogatepass") if is_url_encoded else escaped(text)


def _prefix_xml(text: str, is_url_encoded: bool) -> str:
    return f"<CommonPrefixes><Prefix>{_name(text, is_url_encoded)}</Prefix></CommonPrefixes>"


def escaped(text: str) -> str:
    """Text for XML; a control character becomes the illegal `&#1;` that real servers do send."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    if text.isprintable():
        return text
    return "".join(f"&#{ord(ch)};" if ch < " " else ch for ch in text)


def _index_after(keys: Sequence[str], after: str, delimiter: str, prefix_length: int) -> int:
    if delimiter and after.endswith(delimiter) and len(after) > prefix_length:
        return bisect_right(keys, after + _LAST_CHARACTER)
    return bisect_right(keys, after) if after else 0


def token_after(key: str) -> str:
    """The continuation token of a page that ends with `key`."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def key_of_token(token: str) -> str:
    """The key that a token goes on behind; empty for a token that is not ours."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


# What a hostile server does to a page: values for `Fault.page` and `Fault.xml`.


def repeat_token(page: Page) -> Page:
    """Every page says there is more under one and the same token, and holds the same keys."""
    return replace(page, is_truncated=True, next_token="again!")


def cycle_tokens(page: Page) -> Page:
    """The tokens go A!, B!, A!, B! for ever."""
    return replace(page, is_truncated=True, next_token="B!" if page.token == "A!" else "A!")


def truncated_without_token(page: Page) -> Page:
    """The page says there is more and not where."""
    return replace(page, is_truncated=True, next_token="")


def cut_in_half(xml: bytes) -> bytes:
    """The page's text ends in the middle, with a Content-Length to match."""
    return xml[: len(xml) // 2]


def raw_control_character(page: Page) -> Page:
    """A key holds U+0001, written raw although encoding-type=url was asked for."""
    bad = replace(page.entries[0], key=f"{page.prefix}bad\x01name")
    return replace(page, is_url_encoded=False, entries=(bad, *page.entries))


def outside_prefix(page: Page) -> Page:
    """A key comes that is not below the asked prefix."""
    return replace(page, entries=(*page.entries, replace(page.entries[-1], key="elsewhere/stray.bin")))


def duplicated(page: Page) -> Page:
    """The first key comes twice."""
    return replace(page, entries=(page.entries[0], *page.entries))


def first_entry_with(**changes: str) -> Callable[[Page], Page]:
    """The first entry's fields are replaced, e.g. `size="-1"` or `modified="yesterday"`."""
    return lambda page: replace(page, entries=(replace(page.entries[0], **changes), *page.entries[1:]))
