"""What the command line goes on with: an unfinished batch on record, or one that a receipt tells of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.core.errors import ErrorKind, TransferError
from app.core.events import Outcome
from app.core.naming import PathRules
from app.core.receipt_rest import read_receipt
from app.core.saved import SavedBatch, SavedRow
from app.engine.journal import Journal


class Rest(NamedTuple):
    """A batch to go on with. `rows` is None where the journal has them."""

    saved: SavedBatch
    rows: Sequence[SavedRow] | None = None


def rest_on_record(journal: Journal, batch_id: str) -> Rest | None:
    """The batch of this id, or (empty) the newest unfinished one; None where nothing is left to do.

    Raises TransferError.
    """
    if not batch_id:
        newest = next(iter(journal.unfinished()), None)
        return Rest(newest) if newest is not None else None
    saved = journal.load(batch_id)
    if saved is None:
        raise TransferError(ErrorKind.USAGE, f"There is no batch {batch_id}.")
    return None if saved.outcome is Outcome.DONE else Rest(saved)


def rest_of_receipt(journal: Journal, path: str, rules: PathRules) -> Rest:
    """What the receipt in the file `path` tells of. Raises TransferError(USAGE) that names the file.

    Where the batch is on record here, the record has more to tell: what its part files hold.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
        receipt = read_receipt(values, rules)
    except OSError as error:
        raise TransferError(ErrorKind.USAGE, f"Cannot read the receipt {path}: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise TransferError(ErrorKind.USAGE, f"{path} is no receipt: it is not JSON.") from None
    except TransferError as error:
        raise TransferError(error.kind, f"{path}: {error.message}") from None
    saved = receipt.saved
    if not Path(saved.destination).is_absolute():
        text = f"{path}: its destination {saved.destination!r} is no whole path of this computer."
        raise TransferError(ErrorKind.USAGE, text)
    known = journal.load(saved.batch_id)
    if known is not None and _place(known) == _place(saved):
        return Rest(known)
    return Rest(saved, receipt.rows)


def _place(saved: SavedBatch) -> tuple[str, str, str]:
    return saved.endpoint, saved.sources[0].bucket, saved.destination
