"""What the program was asked to open when it started."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.objects import ConnectionSpec


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A connection and a location from the command line; all empty means "where I was last".

    `spec` is None when no connection was named. `location` is `s3://bucket/prefix` or empty.
    """

    spec: ConnectionSpec | None = None
    location: str = ""
    is_demo: bool = False
