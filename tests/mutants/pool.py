"""The fail-fast pool's rules, each broken once or more."""

from __future__ import annotations

from tests.mutants.registry import Mutant

_POOL = "app/engine/pool.py"
_SOURCES = "app/engine/sources.py"
_RECORD = "app/engine/run_report.py"
_DAEMON = "app/engine/daemon.py"


def _pool(rule: str, source: str, broken: str, *tests: str, file: str = _POOL) -> Mutant:
    return Mutant(rule, file, source, broken, tuple(f"tests/engine/{test}" for test in tests))


MUTANTS = (
    _pool(
        "1. the source is pulled only by a free worker",
        "and len(self._workers) < self._limit\n",
        "and len(self._workers) < self._limit + 1\n",
        "test_pool_sources.py::test_the_source_is_pulled_only_by_a_free_worker",
    ),
    _pool(
        "1. a source that blocks does not block the stop",
        "            self._ask(puller, ending)\n",
        "            pass\n",
        "test_pool_sources.py::test_a_source_that_waits_does_not_hold_up_the_stop",
    ),
    _pool(
        "1. a source that fails is an error with no item to blame",
        "        except StopAsyncIteration:\n            return False\n",
        "        except Exception:\n            return False\n",
        "test_pool_sources.py::test_the_error_of_a_source_stops_the_run_with_no_item_to_blame",
    ),
    _pool(
        "1. a failed source is never pulled again",
        "            self._is_exhausted = True\n            raise\n",
        "            raise\n",
        "test_pool_sources.py::test_a_failed_source_ends_a_keep_going_run_after_the_running_items",
        file=_SOURCES,
    ),
    _pool(
        "2. the first error is the first to happen",
        "next(iter(self._failures), None)",
        "next(iter(self._failures[::-1]), None)",
        "test_pool.py::test_an_error_leaves_the_others_running_in_keep_going_mode",
        file=_RECORD,
    ),
    _pool(
        "2. it is kept with its time",
        "error, self._clock())",
        "error, 0.0)",
        "test_pool.py::test_the_first_error_is_the_first_to_happen",
    ),
    _pool(
        "2. it is kept once, not overwritten by a later one",
        "is_stop = self._ending is None and (is_internal",
        "is_stop = (is_internal",
        "test_pool.py::test_a_verdict_after_the_stop_is_a_further_failure_and_only_a_hundred_are_kept",
    ),
    _pool(
        "3. recording the first error and stopping are one step",
        "            self._judge(worker, error)\n\n    async def _take",
        "            await asyncio.sleep(1)\n            self._judge(worker, error)\n\n    async def _take",
        "test_pool.py::"
        "test_nothing_starts_after_the_first_error_even_when_a_worker_is_free_in_the_same_moment",
    ),
    _pool(
        "3. no worker is sent for an item after the stop",
        "            self._ending is None\n            and len",
        "            len",
        "test_pool.py::test_the_source_is_not_pulled_again_after_the_stop",
    ),
    _pool(
        "3. an item handed over after the stop never starts",
        "if self._ending is not None or item in self._unwanted:",
        "if item in self._unwanted:",
        "test_pool.py::test_an_item_that_the_source_hands_over_after_the_stop_never_starts",
    ),
    _pool(
        "4. known queued items end in the step of the error",
        "        if rest := self._source.rest():",
        "        if rest := ():",
        "test_pool.py::test_the_queued_items_end_in_the_step_of_the_error_and_after_the_failed_one",
    ),
    _pool(
        "4. the failed item is told before any that it stopped",
        "            self._record.cause = failure\n",
        "            self._record.cause = failure\n            self._observer.stopping(failure)\n",
        "test_pool.py::test_the_queued_items_end_in_the_step_of_the_error_and_after_the_failed_one",
    ),
    _pool(
        "5. running items are cancelled at once",
        "            worker.task.cancel(self._cancel_reason)\n",
        "",
        "test_pool_end.py::test_running_items_are_cancelled_at_once_by_the_stop",
    ),
    _pool(
        "5. `finish` lets running items finish",
        "if is_internal or (is_stop and self.policy.in_flight is not InFlight.FINISH):",
        "if is_internal or is_stop:",
        "test_pool_end.py::test_running_items_may_finish_after_the_stop_while_no_new_ones_start",
    ),
    _pool(
        "5. a person may cancel what a stop let finish",
        "        elif self._ask_running(Ending.CANCELLED):",
        "        elif False:",
        "test_pool_cancel.py::test_a_person_may_cancel_what_a_stop_let_finish",
    ),
    _pool(
        "6. work that swallows its cancellation is abandoned in time",
        "worker.deadline = self._loop.call_later(self._grace_s, self._abandon, worker)",
        "worker.deadline = None",
        "test_pool_bounds.py::test_a_run_ends_in_two_seconds_though_work_swallows_its_cancellation",
    ),
    _pool(
        "6. its late result is dropped",
        "        if worker.is_busy:\n            worker.is_busy = False\n",
        "        if worker.task is not None and (worker.is_busy or worker.asked):\n"
        "            worker.is_busy = False\n",
        "test_pool_bounds.py::test_a_run_ends_in_two_seconds_though_work_swallows_its_cancellation",
    ),
    _pool(
        "6. its late error is dropped",
        "        if worker.is_abandoned:\n            return\n        if isinstance",
        "        if isinstance",
        "test_pool_bounds.py::test_the_late_error_of_abandoned_work_is_dropped",
    ),
    _pool(
        "6. what an abandoned source brings late is dropped",
        "        if worker.is_abandoned:\n            return False\n",
        "",
        "test_pool_bounds.py::test_a_source_that_swallows_its_cancellation_is_left_behind_in_time",
    ),
    _pool(
        "6. closing the source is bounded",
        "            closer.deadline = self._loop.call_later(self._grace_s, self._abandon, closer)\n",
        "",
        "test_pool_bounds.py::test_a_source_that_never_closes_is_left_behind_in_time",
    ),
    _pool(
        "6. a blocking call that never returns is abandoned",
        "            result: T = await call.future\n",
        "            result: T = await asyncio.wait_for(asyncio.shield(call.future), 3)\n"
        "        except asyncio.CancelledError:\n"
        "            await asyncio.wait([call.future], timeout=3)\n"
        "            raise\n",
        "test_pool_bounds.py::test_a_blocking_call_that_never_returns_does_not_hold_up_the_stop",
        file=_DAEMON,
    ),
    _pool(
        "7. what was published before the stop is told as DONE",
        "                self._end(worker, Ending.DONE)\n",
        "                self._end(worker, worker.asked or Ending.DONE)\n",
        "test_pool_end.py::test_work_that_was_whole_when_the_stop_came_is_told_as_done",
    ),
    _pool(
        "8. in keep-going mode work goes on",
        "self._is_stopped_by(error))",
        "True)",
        "test_pool.py::test_an_error_leaves_the_others_running_in_keep_going_mode",
    ),
    _pool(
        "8. a systemic error ends the run in both modes",
        "self._is_stopped_by(error))",
        "self.policy.stop_on_first_error)",
        "test_pool.py::test_a_systemic_or_unknown_error_stops_a_keep_going_run",
    ),
    _pool(
        "9. the toggle counts from now on: an old error is not to blame",
        "self.cause or next",
        "next",
        "test_pool.py::test_switching_the_toggle_on_stops_for_the_next_error_and_blames_that_one",
        file=_RECORD,
    ),
    _pool(
        "9. switching it off never revives a stop",
        "            self._ending is None\n            and len",
        "            (self._ending is None or not self.policy.stop_on_first_error)\n            and len",
        "test_pool.py::test_switching_the_toggle_off_never_revives_a_stop",
    ),
    _pool(
        "10. after the stop a transport error is a cancellation",
        "isinstance(error, Exception) and not is_verdict(error)",
        "False",
        "test_pool.py::test_a_transport_error_after_the_stop_is_the_cancellation_of_its_item",
    ),
    _pool(
        "10. a verdict after the stop is a further failure",
        "isinstance(error, Exception) and not is_verdict(error)",
        "isinstance(error, Exception)",
        "test_pool.py::test_a_verdict_after_the_stop_is_a_further_failure_and_only_a_hundred_are_kept",
    ),
    _pool(
        "10. a hundred failures are kept, the rest counted",
        "if len(self._failures) < MAX_KEPT_FAILURES:",
        "if True:",
        "test_pool.py::test_a_verdict_after_the_stop_is_a_further_failure_and_only_a_hundred_are_kept",
        file=_RECORD,
    ),
    _pool(
        "11. one terminal event an item",
        "            worker.is_busy = False\n",
        "            self._observer.item_ended(cast(T, worker.item), ending, error)\n",
        "test_pool_schedules.py::test_every_invariant_holds_under_any_schedule",
    ),
    _pool(
        "11. `finished` is last",
        "        while not self._over.done():\n",
        "        while not self._over.done() and self._ending is None:\n",
        "test_pool_cancel.py::test_a_person_may_cancel_what_a_stop_let_finish",
        "test_pool_cancel.py::test_a_cancel_before_the_run_lets_nothing_start",
        "test_pool_cancel.py::"
        "test_cancelling_the_task_of_a_run_cancels_the_run_and_is_raised_once_it_is_over",
    ),
    _pool(
        "11. cancel is idempotent",
        "        if self._ending is None and not self._is_closing:\n",
        "        if not self._over.done():\n",
        "test_pool_cancel.py::test_a_cancel_ends_everything_as_cancelled_and_only_once",
    ),
    _pool(
        "11. cancel from any thread",
        "loop.call_soon_threadsafe(self._cancel_now)",
        "pass",
        "test_pool_cancel.py::test_a_cancel_from_another_thread_wakes_the_loop",
    ),
    _pool(
        "11. cancel before the run",
        "        if self._is_cancel_asked:\n            self._cancel_now()\n",
        "",
        "test_pool_cancel.py::test_a_cancel_before_the_run_lets_nothing_start",
    ),
    _pool(
        "11. an item cancelled alone leaves the run alone",
        "            self._ask(worker, Ending.CANCELLED)\n        if not running:",
        "            self.cancel()\n        if not running:",
        "test_pool_cancel.py::test_a_running_item_can_be_cancelled_alone",
    ),
    _pool(
        "13. a blocking iterator is pulled in a thread",
        "item = await self._thread(self._advance)",
        "item = self._advance()",
        "test_pool_sources.py::test_a_blocking_iterator_is_pulled_in_a_daemon_thread",
        file=_SOURCES,
    ),
    _pool(
        "13. that thread is a daemon",
        "daemon=True",
        "daemon=False",
        "test_pool_sources.py::test_a_blocking_iterator_is_pulled_in_a_daemon_thread",
        file=_DAEMON,
    ),
    _pool(
        "14. a BaseException ends the run as an internal error",
        "        except BaseException as error:  # noqa: BLE001 (a task's top frame: a worker never",
        "        except Exception as error:  # noqa: BLE001 (a task's top frame: a worker never",
        "test_pool_end.py::test_a_task_cancelled_from_outside_ends_the_run_as_an_internal_error",
    ),
    _pool(
        "14. it ends what was let finish, too",
        "if is_internal or (is_stop and self",
        "if (is_stop and self",
        "test_pool_end.py::test_an_error_that_is_no_exception_ends_the_run_as_an_internal_error",
    ),
    _pool(
        "14. a worker never dies silently, whatever its observer does",
        "            self._record.add_internal_error(error)\n            if self._ending is None:",
        "            if self._ending is None:",
        "test_pool_end.py::test_an_observer_that_raises_ends_the_run_as_an_internal_error",
    ),
)
