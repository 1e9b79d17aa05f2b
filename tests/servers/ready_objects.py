"""Very many small objects, whose listing costs the server next to nothing."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate

from tests.servers.listing import MAX_KEYS, Entry, Page, entry_xml, key_of_token, token_after, xml_around
from tests.servers.objects import SeededObject


class ReadyObjects(Mapping[str, SeededObject]):
    """`count` objects of one size, PREFIX0000000.bin and on, each made when it is asked for.

    With `folder_size` so many of them lie in each of the folders PREFIX00000/ and on. With `is_bare` the
    numbers have no zeros before them, so that their order is not that of the keys. Their ETags are made up.
    The XML of every entry is written once: a page is a slice of it.
    """

    def __init__(
        self,
        count: int,
        size_bytes: int = 1024,
        prefix: str = "",
        folder_size: int = 0,
        *,
        is_bare: bool = False,
    ) -> None:
        self._size_bytes = size_bytes
        width = 0 if is_bare else len(str(max(count - 1, 0)))
        names = [f"{number:0{width or 1}d}.bin" for number in range(count)]
        if folder_size:
            names = [f"{number // folder_size:05d}/{name}" for number, name in enumerate(names)]
        self.keys_in_order = sorted(prefix + name for name in names)
        entries = [entry_xml(Entry.of(self._object(at)), is_url_encoded=True).encode() for at in range(count)]
        self._ends = array("Q", accumulate(map(len, entries), initial=0))
        self._xml = b"".join(entries)

    def __len__(self) -> int:
        return len(self.keys_in_order)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_in_order)

    def __getitem__(self, key: str) -> SeededObject:
        at = bisect_left(self.keys_in_order, key)
        if self.keys_in_order[at : at + 1] != [key]:
            raise KeyError(key)
        return self._object(at)

    def page_xml(self, bucket: str, query: Mapping[str, str]) -> bytes | None:
        """The page that `query` asks for; None when it is more than a run of entries."""
        keys = self.keys_in_order
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        token = query.get("continuation-token", "")
        after = key_of_token(token) if token else query.get("start-after", "")
        max_keys = min(int(query.get("max-keys") or MAX_KEYS), MAX_KEYS)
        end = bisect_left(keys, f"{prefix}\U0010ffff")
        first = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
        last = min(first + max_keys, end)
        has_folders = delimiter and any(delimiter in key[len(prefix) :] for key in keys[first:last])
        if query.get("encoding-type") != "url" or has_folders or first >= last:
            return None
        is_truncated = last < end
        page = Page(
            bucket=bucket,
            prefix=prefix,
            delimiter=delimiter,
            max_keys=max_keys,
            is_url_encoded=True,
            token=token,
            entries=(),
            prefixes=(),
            is_truncated=is_truncated,
            next_token=token_after(keys[last - 1]) if is_truncated else "",
        )
        return xml_around(page, last - first, self._xml[self._ends[first] : self._ends[last]])

    def _object(self, at: int) -> SeededObject:
        return SeededObject(self.keys_in_order[at], self._size_bytes, fixed_etag=f"{at:032x}")
