"""A bridge without an engine, and short ways to make the rows and batches that it shows."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.bridge.bridge import Sift
from app.bridge.sampler import Sampler
from app.core.errors import ErrorKind, ErrorRecord
from app.core.events import (
    BatchPhase,
    BatchSnapshot,
    ChangeSet,
    Outcome,
    RowsAdded,
    RowSeed,
    RowSnapshot,
    SpanChange,
    Wait,
)
from app.core.objects import ConnectionSpec, DemoFault, Source
from app.core.policy import BatchPolicy, StopPolicy
from app.core.review import Review
from app.core.saved import SavedBatch
from app.core.states import Phase, Shift, State

MIB = 1 << 20
STARTED_AT = 1_795_000_000.0


class FakeBridge(Sampler):
    """The signals and commands of EngineBridge, which records the commands as (name, *arguments).

    `asked` has those with an answer once more, each with its token last.
    """

    connected = Signal(int, object)
    connect_failed = Signal(int, object)
    profiles_listed = Signal(int, object)
    buckets_listed = Signal(int, object)
    buckets_failed = Signal(int, object)
    listing_page = Signal(int, object)
    listing_finished = Signal(int, object)
    unfinished_listed = Signal(int, object)
    history_listed = Signal(int, object)
    history_failed = Signal(int, object)
    leftover_settled = Signal(int, object)
    leftover_failed = Signal(int, object)
    plan_made = Signal(int, object)
    plan_failed = Signal(int, object)
    receipt_made = Signal(int, object)
    receipt_failed = Signal(int, object)
    demo_fault_changed = Signal(object, bool)

    demo_fault_failed = Signal(object, object)

    wait_changed = Signal(object)
    secret_asked = Signal(object)
    stopped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(lambda: None, parent)
        self.commands: list[tuple[Any, ...]] = []
        self.asked: list[tuple[Any, ...]] = []
        self._tokens = itertools.count(1)

    def start(self) -> None:
        self.commands.append(("start",))

    def connect_to(self, spec: ConnectionSpec) -> int:
        return self._ask("connect_to", spec)

    def connect_demo(self) -> int:
        return self._ask("connect_demo")

    def list_profiles(self) -> int:
        return self._ask("list_profiles")

    def list_buckets(self) -> int:
        return self._ask("list_buckets")

    def list_prefix(self, bucket: str, prefix: str, *, after: str = "", sift: Sift | None = None) -> int:
        self.listed_after, self.sift = after, sift
        return self._ask("list_prefix", bucket, prefix)

    def cancel_listing(self, token: int) -> None:
        self.commands.append(("cancel_listing", token))

    def download(
        self,
        sources: Sequence[Source],
        destination: str,
        policy: BatchPolicy,
        review: Review = Review.NEVER,
    ) -> None:
        self.commands.append(("download", tuple(sources), destination, policy, review))

    def show_plan(self, batch_id: str) -> int:
        return self._ask("show_plan", batch_id)

    def start_planned(self, batch_id: str, *, without_problems: bool) -> None:
        self.commands.append(("start_planned", batch_id, without_problems))

    def set_stop_on_first_error(self, is_on: bool) -> None:
        self.commands.append(("set_stop_on_first_error", is_on))

    def cancel(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        self.commands.append(("cancel", batch_id, _listed(indexes)))

    def pause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        self.commands.append(("pause", batch_id, _listed(indexes)))

    def unpause(self, batch_id: str | None = None, indexes: Sequence[int] | None = None) -> None:
        self.commands.append(("unpause", batch_id, _listed(indexes)))

    def shift(self, batch_id: str, indexes: Collection[int], shift: Shift) -> None:
        self.commands.append(("shift", batch_id, list(indexes), shift))

    def probe(self, batch_id: str) -> None:
        self.commands.append(("probe", batch_id))

    def set_stop(self, batch_id: str, stop: StopPolicy) -> None:
        self.commands.append(("set_stop", batch_id, stop))

    def set_limit(self, limit_bps: int, batch_id: str | None = None) -> None:
        self.commands.append(("set_limit", limit_bps, batch_id))

    def retry(self, batch_id: str, indexes: Sequence[int] | None = None) -> None:
        self.commands.append(("retry", batch_id, _listed(indexes)))

    def list_unfinished(self) -> int:
        return self._ask("list_unfinished")

    def list_history(self, limit: int) -> int:
        return self._ask("list_history", limit)

    def resume(self, saved: SavedBatch) -> int:
        return self._ask("resume", saved)

    def forget(self, saved: SavedBatch) -> int:
        return self._ask("forget", saved)

    def sign_in_again(self, batch_id: str) -> None:
        self.commands.append(("sign_in_again", batch_id))

    def make_receipt(self, batch_id: str) -> int:
        return self._ask("make_receipt", batch_id)

    def set_demo_fault(self, fault: DemoFault, is_on: bool) -> None:
        self.commands.append(("set_demo_fault", fault, is_on))

    def shutdown(self, *, discards: bool = False) -> None:
        self.commands.append(("shutdown", discards))

    def wait_stopped(self, timeout_s: float) -> bool:
        self.commands.append(("wait_stopped", timeout_s))
        return True

    # What a test does in the engine's place.

    @property
    def last_token(self) -> int:
        """The token of the newest command that has an answer."""
        token: int = self.asked[-1][-1]
        return token

    def push(self, changes: ChangeSet) -> None:
        """Take a change set in and send its signals, as after a look at the engine's ledger."""
        self._take(changes)

    def add_batch(self, batch_id: str, count: int, size_bytes: int = 48 * MIB, **batch: Any) -> None:
        """Announce a running batch of `count` queued rows, `0001.tif` and on."""
        rows = tuple(seed(index, size_bytes) for index in range(count))
        snapshot = batch_snapshot(batch_id, [RowSnapshot()] * count, size_bytes, **batch)
        self.push(ChangeSet(added=(RowsAdded(batch_id, 0, rows),), batches=(snapshot,)))

    def set_rows(self, batch_id: str, rows: dict[int, RowSnapshot]) -> None:
        """Change some rows, without a word about their batch."""
        self.push(ChangeSet(rows=tuple((batch_id, index, row) for index, row in rows.items())))

    def set_span(self, batch_id: str, first: int, last: int, row: RowSnapshot) -> None:
        """Change a range of rows, both ends included."""
        self.push(ChangeSet(spans=(SpanChange(batch_id, first, last, row),)))

    def set_batch(self, batch_id: str, **changes: Any) -> None:
        """Change a batch's own fields; its counts are taken from its rows."""
        counts = Counter(row.state for row in self.mirror.rows(batch_id))
        fields = {"counts": {state: counts[state] for state in State}, **changes}
        self.push(ChangeSet(batches=(replace(self.mirror.batch(batch_id), **fields),)))

    def end_batch(self, batch_id: str, outcome: Outcome, **changes: Any) -> None:
        """End a batch as `outcome`, one minute after its start."""
        fields = {"phase": BatchPhase.ENDED, "finished_at": STARTED_AT + 60, "eta_s": None, "speed_bps": 0.0}
        self.set_batch(batch_id, outcome=outcome, **{**fields, **changes})

    def _ask(self, name: str, *arguments: Any) -> int:
        token = next(self._tokens)
        self.commands.append((name, *arguments))
        self.asked.append((name, *arguments, token))
        return token


def seed(index: int, size_bytes: int = 48 * MIB, folder: str = "") -> RowSeed:
    """The seed of the file `0001.tif` for index 0, and so on."""
    name = f"{folder}{index + 1:04d}.tif"
    return RowSeed(key=f"stills/{name}", path=name, size_bytes=size_bytes)


def batch_snapshot(
    batch_id: str, rows: Sequence[RowSnapshot], size_bytes: int = 48 * MIB, **changes: Any
) -> BatchSnapshot:
    """A running batch over `rows` of `size_bytes` each."""
    counts = Counter(row.state for row in rows)
    snapshot = BatchSnapshot(
        batch_id=batch_id,
        title="media-archive/stills",
        destination="/data/Footage",
        policy=BatchPolicy(),
        phase=BatchPhase.RUNNING,
        rows=len(rows),
        is_listing_complete=True,
        counts={state: counts[state] for state in State},
        size_bytes=size_bytes * len(rows),
        done_bytes=sum(row.done_bytes for row in rows),
        speed_bps=0.0,
        eta_s=None,
        slots_used=0,
        started_at=STARTED_AT,
    )
    return replace(snapshot, **changes)


def denied(key: str = "stills/0041.tif") -> ErrorRecord:
    """The server's 403 for one object."""
    return ErrorRecord(
        key=key,
        kind=ErrorKind.ACCESS_DENIED,
        code="403 AccessDenied",
        message=f"Access denied to {key}. The keys of profile work may list this bucket but not read it.",
        request_id="7F3A90C1D2E4B5A6",
        at=STARTED_AT + 3,
    )


def network_gone() -> Wait:
    """A connection whose network is gone."""
    message = "The server s3.example refuses connections. Check that it runs there."
    error = ErrorRecord(None, ErrorKind.CONNECTION_REFUSED, "", message, "", STARTED_AT)
    return Wait(Phase.WAITING_FOR_NETWORK, error)


def signed_out(advice: str = "Run `aws sso login --profile work`, then try again.") -> Wait:
    """A connection that waits until somebody has signed in."""
    message = f"The sign-in of profile work has expired. {advice}"
    error = ErrorRecord(
        None, ErrorKind.EXPIRED_CREDENTIALS, "ExpiredToken", message, "7F3A90C1D2E4B5A6", STARTED_AT
    )
    return Wait(Phase.WAITING_FOR_SIGN_IN, error, needs_person=True)


def downloading(done_bytes: int, speed_bps: float = 0.0) -> RowSnapshot:
    """A running row."""
    return RowSnapshot(State.RUNNING, Phase.DOWNLOADING, done_bytes=done_bytes, speed_bps=speed_bps, tries=1)


def done(size_bytes: int = 48 * MIB, verified: str | None = "crc64nvme") -> RowSnapshot:
    """A row whose file is in its place."""
    return RowSnapshot(State.DONE, done_bytes=size_bytes, tries=1, verified=verified)


def failed(error: ErrorRecord | None = None, done_bytes: int = 0, is_culprit: bool = False) -> RowSnapshot:
    """A row with an error of its own."""
    return RowSnapshot(
        State.FAILED, done_bytes=done_bytes, tries=1, error=error or denied(), is_culprit=is_culprit
    )


def stopped(by: int | None, done_bytes: int = 0, tries: int = 0) -> RowSnapshot:
    """A row that another row's error stopped."""
    return RowSnapshot(State.STOPPED, done_bytes=done_bytes, tries=tries, stopped_by=by)


def _listed(indexes: Sequence[int] | None) -> list[int] | None:
    return None if indexes is None else list(indexes)


def saved_batch(batch_id: str, **changes: Any) -> SavedBatch:
    """A batch of stills that an earlier start has left."""
    source = Source("media", "stills/", True, "")
    saved = SavedBatch(
        batch_id,
        f"media/{batch_id}",
        ConnectionSpec(),
        False,
        "http://localhost:1",
        (source,),
        "/films",
        BatchPolicy(),
        STARTED_AT,
    )
    return replace(saved, **changes)
