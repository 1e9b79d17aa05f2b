"""A connection as it may be written to disk: how to reach it and where it was, never a key."""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.core.objects import Addressing, ConnectionSpec

_TEXTS = ("profile", "endpoint_url", "region", "ca_bundle")
_FLAGS = ("is_anonymous", "requester_pays")


@dataclass(frozen=True, slots=True)
class Remembered:
    """A connection without its secrets; `needs_keys` when it had typed keys, which must be typed anew."""

    spec: ConnectionSpec
    bucket: str = ""
    prefix: str = ""
    needs_keys: bool = False

    @classmethod
    def of(cls, spec: ConnectionSpec, bucket: str = "", prefix: str = "") -> Remembered:
        """What may be kept of a connection and of the place that was open."""
        return cls(spec.without_secrets(), bucket, prefix, bool(spec.access_key_id))

    def is_same_connection(self, other: Remembered) -> bool:
        """True when both lead to the same place by the same means."""
        return self.spec == other.spec and self.needs_keys == other.needs_keys

    def to_text(self) -> str:
        """The connection as one line of JSON."""
        kept = {name: getattr(self.spec, name) for name in (*_TEXTS, *_FLAGS)}
        place = {"bucket": self.bucket, "prefix": self.prefix, "needs_keys": self.needs_keys}
        return json.dumps({**kept, "addressing": self.spec.addressing.value, **place})

    @classmethod
    def from_text(cls, text: str) -> Remembered | None:
        """Read `to_text` back; None for anything else."""
        try:
            kept = json.loads(text)
            addressing = Addressing(kept["addressing"])
            texts = {name: kept[name] for name in _TEXTS}
            flags = {name: kept[name] is True for name in _FLAGS}
            bucket, prefix, needs_keys = kept["bucket"], kept["prefix"], kept["needs_keys"] is True
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        if not all(isinstance(value, str) for value in (*texts.values(), bucket, prefix)):
            return None
        return cls(ConnectionSpec(addressing=addressing, **texts, **flags), bucket, prefix, needs_keys)
