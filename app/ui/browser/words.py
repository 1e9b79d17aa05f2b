"""The browser's sentences: what the middle, the status line and the selection say."""

from __future__ import annotations

from app.core.errors import ErrorRecord
from app.ui.browser.location import Location
from app.ui.browser.model import ObjectTableModel
from app.ui.browser.session import BrowserPhase, BrowserSession
from app.ui.format import count_text, size_text
from app.ui.plain import shown_name


def counted(count: int, word: str) -> str:
    """A count with its word: "1 folder", "2,004 objects"."""
    return f"{count_text(count)} {word}" if count == 1 else f"{count_text(count)} {word}s"


def status_text(session: BrowserSession) -> str:
    """What is here, and whether that is all: one line."""
    model = session.model
    parts = []
    if model.total_count:
        parts.append(_content_text(model))
    if model.shown_count < model.total_count:
        parts.append(f"{count_text(model.shown_count)} of {count_text(model.total_count)} shown")
    if session.search:
        parts.append(f"{counted(session.search.looked_count, 'object')} looked at")
    rate = round(session.rows_per_s, -2)
    doing, done = ("searching", "search") if session.search else ("loading", "loading")
    if session.phase is BrowserPhase.LOADING:
        parts.append(f"{doing}… {count_text(int(rate))} a second" if rate else f"{doing}…")
    elif session.phase is BrowserPhase.STOPPED:
        parts.append(f"{done} stopped, there may be more")
    elif session.phase is BrowserPhase.FAILED and model.total_count:
        parts.append("incomplete")
    if not model.is_settled and session.phase is not BrowserPhase.LOADING:
        parts.append("putting in order…")
    return " · ".join(parts)


def selection_text(folders: int, objects: int, size_bytes: int) -> str:
    """What is selected; the size is of the objects, for nobody knows yet what a folder holds."""
    count = folders + objects
    if not count:
        return ""
    text = f"{count_text(count)} selected"
    if objects:
        text += f", {size_text(size_bytes)}"
    if folders:
        text += f" + {counted(folders, 'folder')}" if objects else f", {counted(folders, 'folder')}"
    return text


def place_text(location: Location) -> str:
    """A location inside its bucket, for a sentence."""
    return shown_name(location.prefix or location.bucket)


def empty_text(location: Location) -> str:
    """The words for a level with nothing in it."""
    return f"Nothing under {shown_name(location.prefix)}" if location.prefix else "This bucket is empty"


def incomplete_text(session: BrowserSession, error: ErrorRecord) -> str:
    """What is missing from a listing that failed part way."""
    word = "object" if session.search else "row"
    return (
        f"Not everything is here: the listing ended after {counted(session.looked_count, word)}. "
        f"{error.message}"
    )


def _content_text(model: ObjectTableModel) -> str:
    parts = []
    if model.folder_count:
        parts.append(counted(model.folder_count, "folder"))
    if model.object_count:
        parts += [counted(model.object_count, "object"), size_text(model.size_bytes)]
    return ", ".join(parts)
