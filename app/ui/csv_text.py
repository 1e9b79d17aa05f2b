"""Tables as CSV that a spreadsheet reads as text, and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the start of a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


def csv_line(cells: Iterable[object]) -> str:
    """One line with its line end (RFC 4180). A cell that could be a formula has an apostrophe before it."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([_inert(cell) for cell in cells])
    return line.getvalue()


def _inert(cell: object) -> object:
    """A number as it is; a text so that no spreadsheet calculates it, and no encoding fails at it."""
    if not isinstance(cell, str):
        return cell
    text = cell.encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if text[:1] in _FORMULA_STARTS else text
