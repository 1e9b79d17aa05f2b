"""Patterns over keys and names: globs, and regular expressions that come to an end. Pure."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

INCLUDE, EXCLUDE = "+", "-"
"""What stands before the glob of a rule."""
_REPEATS = frozenset("*+{")
TOO_COMPLEX = "A repeated group may hold neither a repeat nor a choice: it could be tried for ever."


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A pattern whose `match` says whether a whole text fits: `*` is any text, `/` too, `?` one character.

    Everything else stands for itself, `[` as well, for keys hold brackets and people mean them.
    """
    # Python's translation is free of catastrophic backtracking, whatever the number of stars.
    return re.compile(fnmatch.translate(glob.replace("[", "[[]")))


class KeyRules:
    """Which keys a source is to have: `+GLOB` and `-GLOB`, in order, the last one that matches wins.

    Where none matches, a key belongs to it unless the first rule is one that includes: who names what is
    wanted does not want the rest.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self._rules = [(rule[:1] == INCLUDE, glob_pattern(rule[1:]).match) for rule in reversed(rules)]
        self._otherwise = not rules or rules[0][:1] != INCLUDE

    def admits(self, name: str) -> bool:
        """True when the key belongs to the source; `name` is what of it is below the source."""
        for is_wanted, matches in self._rules:
            if matches(name) is not None:
                return is_wanted
        return self._otherwise


def search_pattern(expression: str) -> re.Pattern[str]:
    """A regular expression, compiled; raises ValueError, in words, for one that is none or may never end."""
    try:
        compiled = re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"This is no regular expression: {error}.") from None
    if _may_explode(expression):
        raise ValueError(TOO_COMPLEX)
    return compiled


def _may_explode(expression: str) -> bool:
    """True when a group is repeated that can match one text in several ways, as in `(a+)+` and `(a|a)*`.

    Trying all of them takes time exponential in the text's length, and nothing can interrupt it.
    """
    groups = [False]
    closed = False  # the group that has just ended holds a repeat or a choice
    rest = iter(re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", expression, flags=re.DOTALL))
    for character in rest:
        if character in _REPEATS and closed:
            return True
        if character in _REPEATS or character == "|":
            groups[-1] = True
        was_risky = character == ")" and groups.pop() if len(groups) > 1 else False
        closed = bool(was_risky)
        if character == "(":
            groups.append(False)
        elif character == ")":
            groups[-1] = groups[-1] or closed
    return False
