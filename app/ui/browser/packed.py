"""Columns of text in little memory: what a level of a million rows is kept in. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise

_MD5_DIGITS = 32


class PackedTexts(Sequence[str]):
    """Texts in one buffer, five bytes each beyond their own at most a byte a character of Latin script."""

    __slots__ = ("_data", "_ends", "_is_ascii")

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "".join(texts)
        self._data = _encoded(joined)
        self._is_ascii = len(self._data) == len(joined)
        lengths = map(len, texts if self._is_ascii else map(_encoded, texts))
        self._ends = array("I", accumulate(lengths, initial=0))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        return _decoded(self._data[self._ends[place] : self._ends[place + 1]])

    def all(self) -> list[str]:
        """Every text in order, at a fraction of the cost of looking each up."""
        data = self._data
        if self._is_ascii:
            text = data.decode("ascii")
            return [text[begin:end] for begin, end in pairwise(self._ends)]
        return [_decoded(data[begin:end]) for begin, end in pairwise(self._ends)]


class PackedDigests(Sequence[str]):
    """Texts that are the 32 hexadecimal digits of an MD5, in half of their bytes."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data) * 2 // _MD5_DIGITS

    def __getitem__(self, place: int) -> str:  # type: ignore[override]
        begin = place * _MD5_DIGITS // 2
        return self._data[begin : begin + _MD5_DIGITS // 2].hex()


def packed_etags(etags: Sequence[str]) -> PackedTexts | PackedDigests:
    """ETags in the smaller of the two forms that holds them."""
    joined = "".join(etags)
    if len(joined) == _MD5_DIGITS * len(etags) and all(len(etag) == _MD5_DIGITS for etag in etags):
        try:
            data = bytes.fromhex(joined)
        except ValueError:
            return PackedTexts(etags)
        if data.hex() == joined:
            return PackedDigests(data)
    return PackedTexts(etags)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
