"""What lies in the demo bucket: the same objects, bytes and times at every start."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.core.objects import DemoFault

MIB = 1 << 20
FILM_BYTES = 50_000_000
STILLS = 250
FAULTY_KEYS = {
    DemoFault.DENY_ONE: "stills/0041.tif",
    DemoFault.STALL_ONE: "stills/0042.tif",
    DemoFault.DROP_ONE: "stills/0043.tif",
}

_FIRST_DAY = datetime(2025, 3, 3, 8, 30, tzinfo=UTC)
_PERIOD = MIB - 3
_NOISE = random.Random("demo").randbytes(_PERIOD)
"""The source of every picture and film: repeats at a length that no part size is a multiple of."""
_RING = _NOISE + _NOISE

_ODD_NAMES = (
    "a name with  spaces.txt",
    "1+1=2.txt",
    "100%.txt",
    "percent%2Fencoded%20name.txt",
    "party 🎉👩‍🚀.txt",
    "double//slash.txt",
    "../escape attempt.txt",
    "dots/./and/../more.txt",
    "<b>bold</b>.html",
    "CON",
    "aux.txt",
    "what \"he\" said & 'she' did?.txt",
    "back\\slash.txt",
    "שלום עולם.txt",
    "trailing space.txt ",
    "README.txt",
    "readme.TXT",
    "#fragment?query=1.txt",
    "semi;colon,comma.txt",
)


@dataclass(frozen=True, slots=True)
class DemoObject:
    """One object. `body` is None for a film, whose bytes `film_bytes` makes when they are asked for."""

    key: str
    size_bytes: int
    modified_at: datetime
    body: bytes | None
    storage_class: str = "STANDARD"


def film_bytes(key: str, first: int, length: int) -> Iterator[bytes]:
    """The bytes of a film from offset `first`, in pieces of at most 64 KiB."""
    start = sum(key.encode())
    for position in range(first, first + length, 65_536):
        at = (start + position) % _PERIOD
        yield _RING[at : at + min(65_536, first + length - position)]


def demo_objects() -> Iterator[DemoObject]:
    """Every object of the demo bucket; modification times spread over past days."""
    for index, (key, body, storage_class) in enumerate(_small_objects()):
        yield DemoObject(key, len(body), _modified_at(index), body, storage_class)
    for index in range(3):
        yield DemoObject(f"interviews/{index + 1:02d}-uncut.mov", FILM_BYTES, _modified_at(90 + index), None)


def _modified_at(index: int) -> datetime:
    return _FIRST_DAY + timedelta(days=index % 400, minutes=index * 37)


def _small_objects() -> Iterator[tuple[str, bytes, str]]:
    yield "README.txt", _README.encode(), "STANDARD"
    yield "empty folder/", b"", "STANDARD"
    for index in range(STILLS):
        yield f"stills/{index + 1:04d}.tif", _picture(index), "STANDARD"
    for index, name in enumerate(("ada", "grace", "katherine", "hedy", "annie")):
        yield (
            f"interviews/{index + 1:02d}-{name}.txt",
            _lines(f"Interview with {name.title()}", 120),
            "STANDARD",
        )
    for month in range(1, 13):
        for day in (1, 15):
            key = f"reports/2026/{month:02d}/{day:02d}-report.csv"
            yield key, _table(month * 100 + day, 60), "STANDARD"
    for name in ("train", "test", "labels"):
        for shard in range(8):
            yield f"datasets/weather/{name}/part-{shard:05d}.csv", _table(shard, 400), "STANDARD_IA"
    for day in range(1, 31):
        yield f"logs/2026-09-{day:02d}.log", _lines(f"2026-09-{day:02d}T00:00:00Z started", 200), "STANDARD"
    for year in (2019, 2020, 2021, 2022):
        storage_class = "GLACIER" if year > 2020 else "DEEP_ARCHIVE"
        yield f"archive/{year}/masters.tar", _picture(year), storage_class
    for name in _ODD_NAMES:
        yield f"odd names/{name}", f"The key of this object ends in {name!r}.\n".encode(), "STANDARD"


def _picture(index: int) -> bytes:
    """A TIFF header and noise, 40 to 104 kB."""
    size = 40_000 + index * 7_919 % 64_000
    start = index * 104_729 % _PERIOD
    return b"II*\x00\x08\x00\x00\x00" + _RING[start : start + size - 8]


def _table(seed: int, rows: int) -> bytes:
    values = random.Random(seed)
    lines = [f"{row},{values.randrange(10_000) / 100:.2f},{values.choice('NESW')}" for row in range(rows)]
    return "\n".join(["row,value,wind", *lines, ""]).encode()


def _lines(title: str, count: int) -> bytes:
    return "".join([f"{title}\n", *(f"{number:04d}  . . .\n" for number in range(count))]).encode()


_README = """This bucket is made up. It lives in a child process of Downspout and is gone when you quit.

stills/      250 small pictures; the Demo menu can make 0041 to 0043 fail
interviews/  three films of 50 MB: watch the bars
archive/     objects that need a restore first
odd names/   keys that are hard to save as files
"""
