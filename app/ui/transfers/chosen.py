"""What a person has selected in the Transfers table, as rows of batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from app.bridge.mirror import Mirror, Span
from app.core.states import State
from app.ui.transfers.layout import Place
from app.ui.transfers.model import TransfersModel

ACTIVE = frozenset({State.QUEUED, State.RUNNING, State.PAUSED})
AGAIN = frozenset({State.FAILED, State.STOPPED, State.CANCELLED})
FAILED = frozenset({State.FAILED})

MAX_LOOKS = 1000
"""Lines looked at one by one to tell whether a command can act; above, the batches' counts answer."""

Chosen = dict[str, list[int] | None]
"""Rows by batch id; None is the whole batch."""


def places(model: TransfersModel, lines: Iterable[Span]) -> Iterator[Place]:
    """What the selected lines show, top to bottom within each span."""
    return (model.place(position) for first, last in lines for position in range(first, last + 1))


def chosen_rows(model: TransfersModel, lines: Iterable[Span]) -> Chosen:
    """The rows that `lines`, in order, stand for: a batch's header for all its rows that pass the filter."""
    chosen: Chosen = {}
    headers = set()
    for first, last in lines:
        position = first
        while position <= last:
            place = model.place(position)
            if place.index is None:
                headers.add(place.batch_id)
                chosen[place.batch_id] = model.shown_rows(place.batch_id)
                position += model.height(place.batch_id)
                continue
            if place.batch_id not in headers:
                rows = chosen.setdefault(place.batch_id, [])
                assert rows is not None  # only a header stands for a whole batch
                rows.append(place.index)
            position += 1
    return chosen


def narrowed(mirror: Mirror, chosen: Chosen, states: Collection[State]) -> Chosen:
    """What of `chosen` is in one of `states`; a whole batch stays whole if it has any such row."""
    result: Chosen = {}
    for batch_id, rows in chosen.items():
        if rows is None:
            if has_any(mirror, batch_id, states):
                result[batch_id] = None
            continue
        kept = [index for index in rows if mirror.row(batch_id, index).state in states]
        if kept:
            result[batch_id] = kept
    return result


def rows_in(mirror: Mirror, batch_id: str, states: Collection[State]) -> list[int]:
    """The rows of a batch that are in one of `states`."""
    return [index for index, row in enumerate(mirror.rows(batch_id)) if row.state in states]


def has_any(mirror: Mirror, batch_id: str, states: Collection[State]) -> bool:
    """True when a batch has a row in one of `states`, by its own counts."""
    counts = mirror.batch(batch_id).counts
    return any(counts[state] for state in states)


def can_act(model: TransfersModel, mirror: Mirror, lines: list[Span], states: Collection[State]) -> bool:
    """True when a command for rows in `states` has something to do on the lines."""
    looks = sum(last - first + 1 for first, last in lines)
    if looks > MAX_LOOKS:
        return any(has_any(mirror, batch_id, states) for batch_id in mirror.batch_ids())
    return any(
        has_any(mirror, place.batch_id, states)
        if place.index is None
        else mirror.row(place.batch_id, place.index).state in states
        for place in places(model, lines)
    )
