"""Objects and pages as a listing would tell them."""

from __future__ import annotations

from app.core.objects import ListingPage, ObjectColumns, ObjectInfo
from app.ui.browser.model import ObjectTableModel

MODIFIED_AT = 1_795_000_000.0


def thing(key: str, size_bytes: int = 1024, **fields: object) -> ObjectInfo:
    """One object."""
    return ObjectInfo(key, size_bytes, **{"etag": "e", "modified_at": MODIFIED_AT, **fields})  # type: ignore[arg-type]


def page(*keys: str | ObjectInfo, prefixes: tuple[str, ...] = (), is_last: bool = False) -> ListingPage:
    """One page."""
    objects = ObjectColumns.of(thing(key) if isinstance(key, str) else key for key in keys)
    return ListingPage(objects, prefixes, is_last)


def append(model: ObjectTableModel, page: ListingPage) -> None:
    """Have a page come, and its rows shown."""
    model.hold(page)
    model.catch_up()
