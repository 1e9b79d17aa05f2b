"""How late a 10 ms timer fires while a window with 100,000 transfers does one thing after another."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.events import BatchPhase, ChangeSet, Outcome, RowSnapshot, SpanChange
from app.core.plan import Verdict
from app.core.review import PlanLine, PlanSheet
from app.core.states import State
from tests.bench.lateness import Lateness

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.ui.transfers.panel import TransfersPanel
    from tests.ui.fakes import FakeBridge

ROWS = 100_000
LEAST_MS = 300
LIMIT_MS = 60_000
Step = tuple[str, Callable[[], object]]


def main() -> int:
    """Do each thing in turn and print the timer's lateness during it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from app.ui.transfers.panel import TransfersPanel
    from tests.ui.fakes import FakeBridge

    application = QApplication(sys.argv[:1])
    bridge = FakeBridge()
    panel = TransfersPanel(bridge)
    panel.resize(1200, 480)
    panel.show()
    bridge.add_batch("a", ROWS)
    lateness = Lateness()
    print(f"| {ROWS:,} rows | ticks | median | max |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        steps = _steps(bridge, panel, Path(folder))
        QTimer.singleShot(LEAST_MS, application.quit)
        application.exec()
        for name, do in [("idle", lambda: None), *steps]:
            loop = QEventLoop()
            panel.told.connect(loop.quit)
            QTimer.singleShot(0, do)
            is_saving = name.startswith(("copy", "export", "save"))
            QTimer.singleShot(LIMIT_MS if is_saving else LEAST_MS, loop.quit)
            lateness.start()
            loop.exec()
            panel.told.disconnect(loop.quit)
            late = lateness.stop()
            print(f"| {name} | {len(late)} | {late[len(late) // 2]:.1f} ms | {late[-1]:.1f} ms |")
    panel.hide()
    application.quit()
    return 0


def _steps(bridge: FakeBridge, panel: TransfersPanel, folder: Path) -> list[Step]:
    from tests.ui.fakes import denied, failed, stopped

    def choose(_parent: QWidget, _title: str, begin: str, chosen: Callable[[str], None]) -> None:
        chosen(str(folder / Path(begin).name))

    panel.reports._choose = choose
    half = ROWS // 2

    batch = bridge.mirror.batch("a")
    ended = replace(
        batch,
        phase=BatchPhase.ENDED,
        outcome=Outcome.STOPPED,
        counts={**batch.counts, State.QUEUED: 0, State.FAILED: 1, State.STOPPED: ROWS - 1},
        first_error=denied(),
        first_error_index=0,
    )
    failed_half = {**ended.counts, State.FAILED: half, State.STOPPED: ROWS - half}
    stop = ChangeSet(
        spans=(SpanChange("a", 0, 0, failed(is_culprit=True)), SpanChange("a", 1, ROWS - 1, stopped(0))),
        batches=(ended,),
    )
    fail = ChangeSet(
        spans=(SpanChange("a", 1, half - 1, failed()),), batches=(replace(ended, counts=failed_half),)
    )
    files = [_file(number) for number in range(ROWS)]

    def save() -> None:
        panel.reports.save_receipt.trigger()
        bridge.receipt_made.emit(bridge.last_token, {"schema": "x", "files": files})

    def plan() -> None:
        bridge.add_batch("p", 1, phase=BatchPhase.PLANNED)
        bridge.plan_made.emit(bridge.last_token, sheet)

    sheet = PlanSheet("p", "title", "/to", tuple(_line(n) for n in range(ROWS)), 1, 1, 1)
    return [
        ("mass stop", lambda: bridge.push(stop)),
        ("select all", panel.table.selectAll),
        ("show what stopped it", panel.commands.show_cause.trigger),
        ("half of them fail", lambda: bridge.push(fail)),
        ("copy failures", panel.reports.copy_failures.trigger),
        ("export failures", panel.reports.export_failures.trigger),
        ("save receipt", save),
        ("plan is shown", plan),
        ("plan is filtered", lambda: panel.plans.dialogs["p"].filter.setCurrentIndex(1)),
        ("repaint", lambda: [bridge.set_rows("a", {n: RowSnapshot()}) for n in range(50)]),
    ]


def _line(number: int) -> PlanLine:
    is_problem = number % 3 == 0
    verdict = Verdict.EXISTS if is_problem else Verdict.NEW
    return PlanLine(f"stills/{number:06d}.tif", f"{number:06d}.tif", 1000, verdict, "why", is_problem)


def _file(number: int) -> dict[str, object]:
    return {"key": f"stills/{number:06d}.tif", "path": f"{number:06d}.tif", "size_bytes": 1, "state": "done"}


if __name__ == "__main__":
    sys.exit(main())
