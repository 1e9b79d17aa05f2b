"""Where in the order of keys a listing will be some pages further on, guessed by what it gave. Pure."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from itertools import takewhile

_DIGITS = 8
"""Characters behind the shared start of two keys that count, and so many before it that may carry."""
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def key_ahead(names: Sequence[str], steps: float) -> str | None:
    """A text that sorts about `steps` times as far behind the last of `names` as that lies behind the first.

    Names count like numbers, in which each place has as many digits as the kind of characters seen there has
    members. So the guess is good for numbers, dates and hashes, and harmless for words. None where nothing
    can be said.
    """
    last = names[-1]
    shared = sum(1 for _ in takewhile(operator.truth, map(operator.eq, names[0], last)))
    begin = max(0, shared - _DIGITS)
    places = range(begin, min(len(last), shared + _DIGITS))
    kinds = _kinds("".join(name[shared : places.stop] for name in names))
    alphabets = [_alphabet({name[place : place + 1] for name in names}, kinds) for place in places]

    def value(name: str) -> int:
        number = 0
        for place, alphabet in zip(places, alphabets, strict=True):
            number = number * len(alphabet) + max(0, alphabet.find(name[place : place + 1]))
        return number

    number = value(last) + round(steps * (value(last) - value(names[0])))
    characters = []
    for alphabet in reversed(alphabets):
        number, digit = divmod(number, len(alphabet))
        characters.append(alphabet[digit])
    guess = last[:begin] + "".join(reversed(characters))
    return guess if number == 0 and guess > last else None


def behind_folder(folder: str, delimiter: str) -> str:
    """A text that sorts right behind all keys in a folder: from inside, the folder would be listed again."""
    return folder[: -len(delimiter)] + chr(ord(delimiter[0]) + 1)


def _kinds(text: str) -> Sequence[str]:
    """The kinds of characters that belong together in `text`: hexadecimal digits, or figures and letters."""
    letters = {character for character in text.lower() if character in string.ascii_letters}
    if letters and letters <= set("abcdef") and not set(text).isdisjoint(string.digits):
        return (string.digits + ("abcdef" if text == text.lower() else "ABCDEF"),)
    return _KINDS


def _alphabet(seen: set[str], kinds: Sequence[str]) -> str:
    """The characters that may stand where those stand that were seen, in order."""
    members = seen - {""}
    for kind in kinds:
        if not members.isdisjoint(kind):
            members |= set(kind)
    return "".join(sorted(members)) or " "
