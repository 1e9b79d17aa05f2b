"""What keeps a listing whole: no key lost, none doubled, no listing without an end; each rule broken once."""

from __future__ import annotations

from functools import partial

from tests.mutants.registry import of

_WIDE = "engine/test_wide_listing.py"
_PAGES = "s3/test_listing.py"
_SHOWN = "ui/test_browser_arrangement.py"


_listing = partial(of, "listing")

MUTANTS = (
    _listing(
        "two walks meet at one name or not at all",
        "engine/wide_listing",
        "if not following.first or meets != following.first:",
        "if not following.first:",
        f"{_WIDE}::test_a_server_with_an_order_of_its_own_loses_nothing",
    ),
    _listing(
        "where they meet, the first one ends",
        "engine/wide_listing",
        "part = before(page, meets)",
        "part = page",
        f"{_WIDE}::test_it_gives_what_the_plain_walk_gives",
    ),
    _listing(
        "a page out of order ends what is ahead",
        "engine/wide_listing",
        "if not ascends(page, stretch.last):",
        "if False:",
        f"{_WIDE}::test_a_server_deaf_to_start_after_is_asked_once_and_no_more",
    ),
    _listing(
        "a walk that does not meet the one before it is dropped",
        "engine/wide_listing",
        "if meets or not following.is_empty:",
        "if False:",
        f"{_WIDE}::test_a_walk_ahead_that_is_refused_at_its_start_does_no_harm",
    ),
    _listing(
        "pages ahead are bounded",
        "engine/wide_listing",
        "and self._running < self._width and self._has_room:",
        "and self._running < self._width:",
        f"{_WIDE}::test_what_is_ahead_is_bounded_while_nobody_pulls",
    ),
    _listing(
        "closing ends every request",
        "engine/wide_listing",
        "        finally:\n            self._drop_from(0)\n",
        "        finally:\n            pass\n",
        f"{_WIDE}::test_closing_it_ends_every_request",
    ),
    _listing(
        "a token that comes twice is a circle",
        "s3/listing",
        "if page.token in self._seen_tokens:",
        "if False:",
        f"{_PAGES}::test_tokens_that_go_round_end_the_listing_at_the_first_repeat",
    ),
    _listing(
        "empty pages come to an end",
        "s3/listing",
        "if self._empty_pages > MAX_EMPTY_PAGES:",
        "if False:",
        f"{_PAGES}::test_empty_pages_without_end_are_an_error_and_a_key_starts_the_count_again",
    ),
    _listing(
        "a text is parsed in one piece",
        "s3/page_parser",
        'and b"<![CDATA[" not in waiting:',
        "and True:",
        f"{_PAGES}::test_a_text_longer_than_what_is_parsed_at_a_time_comes_in_one_piece",
    ),
    _listing(
        "entries of different shapes are not cut alike",
        "s3/page_parser",
        "if not all(map(operator.is_, values, itertools.repeat(name))):",
        "if False:",
        f"{_PAGES}::test_entries_of_different_shapes_lose_nothing",
    ),
    _listing(
        "work that was left is told whole the next time",
        "ui/browser/arrangement",
        "anew, self._was_left = anew or self._was_left, True",
        "anew, self._was_left = anew, True",
        f"{_SHOWN}::test_what_was_left_is_made_up_for_the_next_time",
    ),
    _listing(
        "rows that do not fit at the end are put in order at last",
        "ui/browser/arrangement",
        "is_sorted = self.is_behind and (is_last or self._clock() >= self.rests_until)",
        "is_sorted = self.is_behind and self._clock() >= self.rests_until",
        f"{_SHOWN}::test_the_last_rows_do_not_wait",
    ),
)
