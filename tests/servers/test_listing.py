"""Listings of the fault server: S3's pages, and each way to spoil them."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.endpoint import Endpoint
from tests.servers.fault_server import BUCKET, FaultServer
from tests.servers.faults import Fault
from tests.servers.listing import (
    Page,
    cut_in_half,
    cycle_tokens,
    duplicated,
    first_entry_with,
    make_page,
    outside_prefix,
    raw_control_character,
    repeat_token,
    to_xml,
    truncated_without_token,
)
from tests.servers.objects import SeededObject

KEYS = sorted(["a.txt", "b/1.txt", "b/2.txt", "b/c/3.txt", "b//4.txt", "b d+e%2F.txt", "é😀/5.txt", "z.txt"])
OBJECTS = {key: SeededObject(key, 10) for key in KEYS}


def page_of(**query: str) -> Page:
    return make_page(BUCKET, KEYS, OBJECTS, {name.replace("_", "-"): value for name, value in query.items()})


def walk(keys: list[str], objects: dict[str, SeededObject], **query: str) -> tuple[list[str], list[str]]:
    """All keys and prefixes of a listing, page by page."""
    found: list[str] = []
    prefixes: list[str] = []
    token: dict[str, str] = {}
    for _ in range(2 * len(keys) + 2):
        page = make_page(BUCKET, keys, objects, {"max-keys": "2", **query, **token})
        found += [entry.key for entry in page.entries]
        prefixes += page.prefixes
        if not page.is_truncated:
            return found, prefixes
        token = {"continuation-token": page.next_token}
    raise AssertionError("the listing does not end")


@given(st.lists(st.text("ab/é", min_size=1, max_size=5), unique=True), st.sampled_from(["", "a", "a/", "/"]))
def test_pages_hold_every_key_below_the_prefix_once_and_in_order(names: list[str], prefix: str) -> None:
    keys = sorted(names)
    objects = {key: SeededObject(key, 1) for key in keys}
    below = [key for key in keys if key.startswith(prefix)]
    assert walk(keys, objects, prefix=prefix) == (below, [])
    rests = [key[len(prefix) :] for key in below]
    folders = sorted({prefix + rest.split("/")[0] + "/" for rest in rests if "/" in rest})
    files = [prefix + rest for rest in rests if "/" not in rest]
    assert walk(keys, objects, prefix=prefix, delimiter="/") == (files, folders)


def test_boto3_pages_through_odd_keys() -> None:
    with FaultServer(OBJECTS.values()) as server:
        pages = Endpoint(server.endpoint_url).client().get_paginator("list_objects_v2")
        found = [
            entry["Key"]
            for page in pages.paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 3})
            for entry in page["Contents"]
        ]
        assert found == KEYS
        assert len(server.log) == 3


def test_start_after_leaves_out_what_comes_before() -> None:
    assert [entry.key for entry in page_of(start_after="b/2.txt").entries] == KEYS[
        KEYS.index("b/2.txt") + 1 :
    ]


def test_an_entry_tells_the_objects_size_time_and_etag() -> None:
    (entry,) = page_of(prefix="z").entries
    assert (entry.size, entry.modified) == ("10", "2023-11-14T22:13:20.000Z")
    assert entry.etag == OBJECTS["z.txt"].md5


@pytest.mark.parametrize(
    ("spoil", "tokens"), [(repeat_token, ["again!", "again!"]), (cycle_tokens, ["A!", "B!", "A!"])]
)
def test_spoilt_tokens_never_end(spoil: Callable[[Page], Page], tokens: list[str]) -> None:
    token = ""
    for expected in tokens:
        page = spoil(page_of(continuation_token=token))
        token = page.next_token
        assert (page.is_truncated, token) == (True, expected)
        assert page.entries


def test_a_truncated_page_may_lack_its_token() -> None:
    text = to_xml(truncated_without_token(page_of()))
    assert b"<IsTruncated>true</IsTruncated>" in text
    assert b"NextContinuationToken" not in text


def test_a_raw_control_character_is_no_xml() -> None:
    text = to_xml(raw_control_character(page_of(encoding_type="url")))
    assert b"bad&#1;name" in text
    with pytest.raises(ET.ParseError):
        ET.fromstring(text)


def test_a_key_comes_from_outside_the_prefix() -> None:
    assert outside_prefix(page_of(prefix="b/")).entries[-1].key == "elsewhere/stray.bin"


def test_a_key_comes_twice() -> None:
    assert [entry.key for entry in duplicated(page_of()).entries[:2]] == ["a.txt", "a.txt"]


def test_an_entry_holds_nonsense() -> None:
    text = to_xml(first_entry_with(size="-1", modified="yesterday")(page_of()))
    assert b"<Size>-1</Size>" in text
    assert b"<LastModified>yesterday</LastModified>" in text


def test_a_page_is_cut_in_half_on_the_wire() -> None:
    with FaultServer(OBJECTS.values(), [Fault(xml=cut_in_half)]) as server:
        netloc = urlsplit(server.endpoint_url).netloc
        with closing(http.client.HTTPConnection(netloc, timeout=5)) as connection:
            connection.request("GET", f"/{BUCKET}?list-type=2")
            text = connection.getresponse().read()
    assert text == cut_in_half(to_xml(page_of()))
    with pytest.raises(ET.ParseError):
        ET.fromstring(text)
