"""What the middle of the table says when it has no rows, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.ui.browser.location import Location
from app.ui.browser.session import BrowserPhase, BrowserSession
from app.ui.browser.states import PageText, error_detail
from app.ui.browser.words import counted, empty_text, place_text
from app.ui.plain import shown_name
from app.ui.theme import Role


@dataclass(frozen=True, slots=True)
class PageActions:
    """What the buttons of a page do."""

    clear_filter: Callable[[], object]
    open_location: Callable[[], object]
    reconnect: Callable[[], object]
    change: Callable[[], object]
    start_demo: Callable[[], object]


def page_text(session: BrowserSession, filter_text: str, actions: PageActions) -> PageText | None:
    """The page for a table without rows; None where there is nothing to say."""
    location = session.location
    if location is None:
        return _connection_page(session, actions)
    if session.model.total_count:
        return _filtered_page(session, location, filter_text, actions)
    place = place_text(location)
    if session.phase is BrowserPhase.LOADING:
        doing = f"Searching {place}…" if session.search else f"Loading {place}…"
        return PageText("queued", doing)
    if session.phase is BrowserPhase.STOPPED:
        go_on = (("Go on", session.go_on),) if session.can_go_on else (("Retry", session.reload),)
        if session.search:
            return PageText("info", "The search was stopped", "Nothing had been found yet.", actions=go_on)
        return PageText("info", "Loading was stopped", "No row had come yet.", actions=go_on)
    if session.error:
        return _error_page(session, place, actions)
    if session.search:
        title = f"Nothing below {place} matches “{shown_name(session.search.text)}”"
        return PageText("search", title, actions=(("Close the search", session.leave_search),))
    return PageText("folder", empty_text(location))


def _filtered_page(
    session: BrowserSession, location: Location, filter_text: str, actions: PageActions
) -> PageText:
    is_sure = session.model.is_settled and not session.is_loading
    title = f"Nothing matches “{shown_name(filter_text.strip())}”" + ("" if is_sure else " yet")
    text = f"{counted(session.model.total_count, 'row')} in {place_text(location)}"
    return PageText("search", title, text, actions=(("Clear the filter", actions.clear_filter),))


def _error_page(session: BrowserSession, place: str, actions: PageActions) -> PageText:
    error = session.error
    assert error is not None
    change = ("Change the connection…", actions.change)
    if session.is_demo:
        # Its server may have ended: a new one listens at another port.
        change = ("Start the demo again", actions.start_demo)
    retry = ("Retry", session.reload)
    buttons = (retry, change) if session.is_demo or error.kind.is_systemic else (retry,)
    title = f"Could not {'search' if session.search else 'list'} {place}"
    return PageText("failed", title, error.message, error_detail(error), Role.NEGATIVE, buttons)


def _connection_page(session: BrowserSession, actions: PageActions) -> PageText | None:
    label = shown_name(session.connection_label)
    if session.phase is BrowserPhase.CONNECTING:
        return PageText("plug", f"Connecting to {label}…")
    if session.phase is BrowserPhase.NO_BUCKET:
        words = "Choose a bucket on the left, or open one by its name."
        buttons = (("Open a bucket…", actions.open_location),)
        return PageText("plug", f"Connected to {label}", words, actions=buttons)
    error = session.error
    if error is None:
        return None
    buttons = (("Retry", actions.reconnect), ("Change the connection…", actions.change))
    title = f"Could not connect to {label}"
    return PageText("failed", title, error.message, error_detail(error), Role.NEGATIVE, buttons)
