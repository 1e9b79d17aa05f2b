"""A fault server's objects and faults as JSON, so that one in a process of its own can be told everything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.fault_server import Keys
from tests.servers.faults import Fault, Operation
from tests.servers.objects import SeededObject, many
from tests.servers.ready_objects import ReadyObjects


@dataclass(frozen=True)
class Script:
    """What a fault server is started with; `latency_s` and `rate_bps` put a proxy before it."""

    objects: tuple[SeededObject, ...] | ReadyObjects
    faults: tuple[Fault, ...] = ()
    keys: Keys | None = None
    seed: int = 0
    latency_s: float = 0.0
    rate_bps: float | None = None

    @property
    def has_proxy(self) -> bool:
        """True when the network before the server is not the machine's own."""
        return self.latency_s > 0 or self.rate_bps is not None

    def warm_up(self) -> None:
        """Compute every ETag and checksum now, so that no request waits for one."""
        for item in () if isinstance(self.objects, ReadyObjects) else self.objects:
            _ = item.etag
            item.told_checksums()


def of_json(text: str) -> Script:
    """Read a script, such as

        {"objects": [{"key": "big", "size_bytes": 1073741824, "algorithms": ["crc64nvme"]},
                     {"key": "small/", "count": 1000, "size_bytes": 16384}],
         "faults": [{"operation": "get", "key": "big", "times": 1, "cut_after": 1000000}],
         "keys": true, "seed": 7, "latency_s": 0.02, "rate_bps": 1e8}

    An object's and a fault's fields are those of SeededObject and Fault; `count` makes so many objects with
    `key` as their prefix. In place of `objects`, `"ready": {"count": 1000000}` has the fields of
    ReadyObjects. Everything else may be left out; an unknown field is a TypeError.
    """
    told = json.loads(text)
    has_keys = told.pop("keys", False)
    ready = told.pop("ready", None)
    listed = told.pop("objects", ())
    objects = (
        ReadyObjects(**ready) if ready else tuple(item for fields in listed for item in _objects(fields))
    )
    faults = tuple(_fault(fields) for fields in told.pop("faults", ()))
    return Script(objects, faults, Keys() if has_keys else None, **told)


def _objects(fields: Mapping[str, Any]) -> list[SeededObject]:
    made = dict(fields)
    for name in {"algorithms", "part_lengths"} & made.keys():
        made[name] = tuple(made[name])
    count = made.pop("count", None)
    if count is None:
        return [SeededObject(**made)]
    prefix = made.pop("key")
    return [SeededObject(item.key, **made) for item in many(count, made["size_bytes"], prefix)]


def _fault(fields: Mapping[str, Any]) -> Fault:
    made = dict(fields)
    if "operation" in made:
        made["operation"] = Operation(made["operation"])
    return Fault(**made)
