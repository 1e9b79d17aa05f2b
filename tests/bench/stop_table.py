"""What a stop costs: three ways of writing it with concurrent.futures beside Downspout's pool.

200 jobs of 0.2 s on 8 workers; job 0 takes 3 s, job 20 fails after 10 ms. Every way pulls its jobs from the
same kind of generator, and the clock runs from the moment when job 20 fails to the moment when the caller
has the error in hand.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from app.core.errors import ErrorKind, TransferError
from app.core.policy import StopPolicy
from app.engine.pool import FailFastPool
from app.engine.run_report import Ending, FirstError, RunReport

JOBS = 200
WORKERS = 8
LAST_LOOK_S = 0.5
"""How long the loop goes on after the pool's return, to see late starts; `with` joins its threads."""


@dataclass
class Trial:
    """One way of stopping, measured: what was pulled, what started when, when it failed and returned."""

    pulled: int = 0
    starts: list[float] = field(default_factory=list)
    failed_at: float | None = None
    returned_at: float = 0.0

    def jobs(self) -> Iterator[int]:
        """The source: counts what is pulled from it."""
        for number in range(JOBS):
            self.pulled += 1
            yield number

    def begin(self, number: int) -> float:
        """Note a start; how long the job takes, in seconds."""
        self.starts.append(time.perf_counter())
        return {0: 3.0, 20: 0.01}.get(number, 0.2)

    def end(self, number: int) -> None:
        """Fail job 20, and note when."""
        if number == 20:
            self.failed_at = time.perf_counter()
            raise TransferError(ErrorKind.ACCESS_DENIED, "job 20 fails")

    def run_blocking(self, number: int) -> None:
        """The job for a thread."""
        time.sleep(self.begin(number))
        self.end(number)

    async def run_on_loop(self, number: int) -> None:
        """The job for a coroutine."""
        await asyncio.sleep(self.begin(number))
        self.end(number)

    def row(self, name: str) -> str:
        """The trial as a row of the table."""
        assert self.failed_at is not None
        late = sum(start > self.failed_at for start in self.starts)
        return f"| {name} | {self.pulled} | {late} | {self.returned_at - self.failed_at:.3f} s |"


def _wait_and_result(trial: Trial) -> None:
    with ThreadPoolExecutor(WORKERS) as executor:
        futures = [executor.submit(trial.run_blocking, number) for number in trial.jobs()]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()


def _wait_and_cancel_futures(trial: Trial) -> None:
    with ThreadPoolExecutor(WORKERS) as executor:
        futures = [executor.submit(trial.run_blocking, number) for number in trial.jobs()]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        executor.shutdown(wait=False, cancel_futures=True)
        for future in done:
            future.result()


def _map(trial: Trial) -> None:
    with ThreadPoolExecutor(WORKERS) as executor:
        list(executor.map(trial.run_blocking, trial.jobs()))


def _downspout(trial: Trial) -> None:
    async def scene() -> None:
        report = await FailFastPool(trial.run_on_loop, WORKERS, StopPolicy(), _Silent()).run(trial.jobs())
        trial.returned_at = time.perf_counter()
        # A loop that ends could hide a job that starts late.
        await asyncio.sleep(LAST_LOOK_S)
        assert report.first_error is not None
        raise report.first_error.error

    asyncio.run(scene())


class _Silent:
    """An observer that keeps nothing."""

    def item_started(self, item: int) -> None:
        return

    def item_ended(self, item: int, ending: Ending, error: BaseException | None) -> None:
        return

    def stopping(self, cause: FirstError[int] | None) -> None:
        return

    def rest_ended(self, items: Sequence[int], ending: Ending) -> None:
        return

    def finished(self, report: RunReport[int]) -> None:
        return


WAYS: tuple[tuple[str, Callable[[Trial], None]], ...] = (
    ("`with` + `wait(FIRST_EXCEPTION)` + `result()`", _wait_and_result),
    ("the same + `shutdown(wait=False, cancel_futures=True)`", _wait_and_cancel_futures),
    ("`list(executor.map(...))`", _map),
    ("**Downspout's pool**", _downspout),
)


def measure(way: Callable[[Trial], None]) -> Trial:
    """Run one way until the error of job 20 comes out of it."""
    trial = Trial()
    try:
        way(trial)
    except TransferError:
        trial.returned_at = trial.returned_at or time.perf_counter()
    else:
        raise AssertionError("the error of job 20 was lost")
    return trial


def main() -> None:
    """Print the table as markdown."""
    print("| code | pulled from the source | jobs started after the failure | returns after the failure |")
    print("|---|---|---|---|", flush=True)
    for name, way in WAYS:
        print(measure(way).row(name), flush=True)
