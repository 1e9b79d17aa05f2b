"""Ready-made pages beside those that are made when they are asked for."""

from __future__ import annotations

import pytest

from tests.servers.answers import Bucket
from tests.servers.exchange import Request
from tests.servers.faults import NO_FAULT, Operation
from tests.servers.listing import token_after
from tests.servers.ready_objects import ReadyObjects

QUERIES: list[dict[str, str]] = [
    {},
    {"prefix": "p/"},
    {"prefix": "p/00001/"},
    {"start-after": "p/00001/0150.bin"},
    {"start-after": "p/00001/0150"},
    {"start-after": "zzz"},
    {"continuation-token": token_after("p/00003/0399.bin")},
    {"delimiter": "/"},
    {"prefix": "p/", "delimiter": "/"},
    {"prefix": "p/00001/", "delimiter": "/", "max-keys": "30"},
    {"prefix": "q"},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_ready_page_is_the_page(query: dict[str, str]) -> None:
    ready = ReadyObjects(1200, 10, prefix="p/", folder_size=100)
    request = Request("GET", "", "bucket", "", {"encoding-type": "url", **query}, {})
    answers = [
        Bucket("bucket", objects, "r").answer(Operation.LIST, request, NO_FAULT, "id")
        for objects in (ready, list(ready.values()))
    ]
    assert answers[0] == answers[1]


def test_its_objects_can_be_fetched_by_their_keys() -> None:
    ready = ReadyObjects(20, 10)
    assert ready["07.bin"].size_bytes == 10
    assert "7.bin" not in ready
    assert len(list(ready)) == 20
