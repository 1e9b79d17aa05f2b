"""The headless twin: the window's engine on a terminal, with exit codes, JSON lines and receipts."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from app.compose import build_engine, leave_within, open_journal
from app.core.errors import ErrorRecord, TransferError
from app.core.events import Outcome
from app.core.objects import ConnectionSpec, ObjectColumns, Source
from app.core.policy import BatchPolicy, IfExists, InFlight
from app.core.states import State
from app.core.timing import Timing
from app.core.uris import parse_source
from app.disk.target import platform_rules
from app.engine.batch import Batch
from app.engine.engine import Engine
from app.engine.journal import Journal
from app.engine.order import Order
from app.receipt_file import write_receipt
from app.rest import Rest, rest_of_receipt, rest_on_record
from app.terminal import JsonLines, Lines, ListingLines, ProgressLine, let_go, plan_line

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_STOPPED, EXIT_INTERNAL, EXIT_CANCELLED = 0, 1, 2, 3, 70, 130
_EXITS = {
    Outcome.DONE: EXIT_DONE,
    Outcome.FAILED: EXIT_FAILED,
    Outcome.STOPPED: EXIT_STOPPED,
    Outcome.CANCELLED: EXIT_CANCELLED,
}

log = logging.getLogger(__name__)


def run_get(options: argparse.Namespace, spec: ConnectionSpec) -> int:
    """`downspout get`; returns the exit code."""
    if options.from_receipt:
        rules = platform_rules()
        return _run_rest(options, spec, lambda journal: rest_of_receipt(journal, options.from_receipt, rules))
    try:
        sources = tuple(replace(parse_source(place), rules=options.rules) for place in options.places[:-1])
        if len({source.bucket for source in sources}) > 1:
            return _say("All sources must be of one bucket.", EXIT_USAGE)
    except TransferError as error:
        return _say(error.message, EXIT_USAGE)
    policy = _policy(options, BatchPolicy())

    async def order(engine: Engine) -> Order:
        await _connect(engine, options, spec)
        return engine.order(sources, options.places[-1], policy)

    return _run_batch(options, policy, None if options.dry_run else open_journal(), order)


def run_ls(options: argparse.Namespace, spec: ConnectionSpec) -> int:
    """`downspout ls`; returns the exit code."""
    try:
        source = parse_source(options.source)
    except TransferError as error:
        return _say(error.message, EXIT_USAGE)
    return _run(
        lambda: build_engine(_ask_secret, jobs=1, writes=False),
        lambda engine, stop: _ls(engine, options, spec, source),
    )


def run_resume(options: argparse.Namespace, spec: ConnectionSpec) -> int:
    """`downspout resume`; returns the exit code."""
    return _run_rest(options, spec, lambda journal: rest_on_record(journal, options.batch_id))


Stop = Callable[[Callable[[], object]], None]
"""Given what a first Ctrl-C shall do from now on."""


def _policy(options: argparse.Namespace, base: BatchPolicy) -> BatchPolicy:
    """`base` with what the options say otherwise."""
    stop, given = base.stop, options
    return BatchPolicy(
        replace(
            stop,
            stop_on_first_error=stop.stop_on_first_error if given.stop is None else given.stop,
            in_flight=stop.in_flight if given.in_flight is None else InFlight(given.in_flight),
        ),
        base.if_exists if given.if_exists is None else IfExists(given.if_exists),
        given.jobs or base.jobs,
        given.part_size or base.part_size_bytes,
        given.strict or base.is_strict,
        given.limit_rate or base.limit_bps,
    )


def _run_rest(
    options: argparse.Namespace, spec: ConnectionSpec, find: Callable[[Journal], Rest | None]
) -> int:
    """Go on with a batch, over the connection that it had unless another one is asked for."""
    journal = open_journal()
    try:
        rest = find(journal)
    except TransferError as error:
        return _say(error.message, EXIT_USAGE)
    if rest is None:
        return _say("Nothing to resume.", EXIT_DONE)
    saved = replace(rest.saved, policy=_policy(options, rest.saved.policy))

    async def order(engine: Engine) -> Order:
        if options.demo or spec.endpoint_url:
            await _connect(engine, options, spec)
            return engine.order_rest(saved, engine.current, rest.rows)
        asked = saved if spec == ConnectionSpec() else replace(saved, spec=spec)
        return engine.order_rest(saved, await engine.connection_of(asked), rest.rows)

    return _run_batch(options, saved.policy, journal, order)


def _run_batch(
    options: argparse.Namespace,
    policy: BatchPolicy,
    journal: Journal | None,
    make_order: Callable[[Engine], Awaitable[Order]],
) -> int:
    return _run(
        lambda: build_engine(_ask_secret, jobs=policy.jobs, writes=not options.dry_run, journal=journal),
        lambda engine, stop: _batch(engine, options, make_order, stop),
    )


async def _batch(
    engine: Engine,
    options: argparse.Namespace,
    make_order: Callable[[Engine], Awaitable[Order]],
    stop: Stop,
) -> int:
    lines: JsonLines | Lines = JsonLines(sys.stdout) if options.json else Lines(sys.stderr)
    order: Order | None = None
    try:
        order = await make_order(engine)
        if options.dry_run:
            return await _dry_run(await order.prepare(), options)
        order.rows.watchers.append(lines.moved)
        batch = await order.prepare(lines)
        stop(batch.cancel)
        with ProgressLine(
            batch.rows, is_shown=not options.quiet and not options.json and sys.stderr.isatty()
        ):
            outcome = await batch.run()
    except TransferError as error:
        # Nothing was started: what the close does to planned rows is nobody's business.
        if order is not None:
            order.rows.watchers.clear()
        return _say_error(error, EXIT_USAGE)
    except asyncio.CancelledError:
        if order is None or order.batch is None or options.dry_run:
            raise
        batch, outcome = order.batch, Outcome.CANCELLED
        batch.rows.end_waiting(State.CANCELLED)
        batch.end(outcome)
    lines.ended(batch.rows.snapshot(), batch.receipt)
    if options.receipt and not write_receipt(options.receipt, batch.receipt()):
        return _say(f"Cannot write the receipt {options.receipt}.", EXIT_INTERNAL)
    return _EXITS[outcome] if lines.problem is None else _lost_output(lines.problem, _EXITS[outcome])


async def _dry_run(batch: Batch, options: argparse.Namespace) -> int:
    first_error = EXIT_STOPPED if batch.rows.policy.stop.stop_on_first_error else EXIT_FAILED
    code = EXIT_DONE
    try:
        if not batch.is_planned:
            await batch.plan_all()
    except TransferError as error:
        code = _say_error(error, first_error)
    for row in map(batch.rows.__getitem__, range(len(batch.rows))):
        problem = batch.problem_of(row.index)
        if problem is not None:
            code = _say_error(problem, first_error)
            continue
        if row.state is not State.DONE:
            sys.stdout.write(plan_line(row.item, as_json=options.json))
        if row.state is State.FAILED:
            code = code or EXIT_FAILED
    return code


async def _ls(engine: Engine, options: argparse.Namespace, spec: ConnectionSpec, source: Source) -> int:
    lines = ListingLines(sys.stdout, as_json=options.json)
    pages = 0
    try:
        await _connect(engine, options, spec)
        if not source.is_prefix:
            found = await engine.store.head(source.bucket, source.key)
            lines.objects(ObjectColumns.of([found]))
            return EXIT_DONE
        delimiter = "" if options.recursive else "/"
        async for page in engine.store.list_pages(source.bucket, source.key, delimiter=delimiter):
            pages += 1
            lines.page(page)
    except TransferError as error:
        return _say_error(error, EXIT_FAILED if pages else EXIT_USAGE)
    return EXIT_DONE


async def _connect(engine: Engine, options: argparse.Namespace, spec: ConnectionSpec) -> None:
    await (engine.connect_demo() if options.demo else engine.connect(spec))


def _ask_secret(prompt: str) -> str | None:
    """Ask on the terminal; without one there is nobody to ask."""
    if not sys.stdin.isatty():
        return None
    try:
        return getpass.getpass(f"{prompt} ")
    except EOFError:
        return None


def _run(make_engine: Callable[[], Engine], work: Callable[[Engine, Stop], Coroutine[Any, Any, int]]) -> int:
    """Run `work` on a loop of its own until its exit code; Ctrl-C and SIGTERM cancel it."""
    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(_until_done(make_engine, work))
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except OSError as error:
        # Every other OSError is a TransferError by now.
        return _lost_output(error, EXIT_FAILED)
    except Exception as error:
        log.exception("an error inside Downspout")
        return _say(ErrorRecord.of(error, None, 0.0).message, EXIT_INTERNAL)


async def _until_done(
    make_engine: Callable[[], Engine], work: Callable[[Engine, Stop], Coroutine[Any, Any, int]]
) -> int:
    engine = make_engine()
    reactions: list[Callable[[], object]] = []
    task = asyncio.ensure_future(work(engine, reactions.append))
    reactions.append(task.cancel)
    _react_to_signals(reactions)
    code = EXIT_INTERNAL
    try:
        code = await task
    except asyncio.CancelledError:
        code = EXIT_CANCELLED
    finally:
        try:
            sys.stdout.flush()
        finally:
            with leave_within(Timing().close_s, code):
                await engine.close()
    return code


def _react_to_signals(reactions: list[Callable[[], object]]) -> None:
    """The first Ctrl-C or SIGTERM runs the newest reaction; a second one leaves at once."""
    presses = 0

    def interrupted() -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            os._exit(EXIT_CANCELLED)
        reactions[-1]()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupted)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupted))


def _lost_output(error: OSError, code: int) -> int:
    """The exit code when stdout could not be written: `code` when whoever read it has just gone."""
    let_go(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return code
    return _say(f"Cannot write to the standard output: {error.strerror}.", EXIT_INTERNAL)


def _say_error(error: TransferError, code: int) -> int:
    details = ", ".join(filter(None, (error.code, error.request_id and f"request {error.request_id}")))
    return _say(f"{error.message} ({details})" if details else error.message, code)


def _say(message: str, code: int) -> int:
    with suppress(OSError):
        sys.stderr.write(f"downspout: {message}\n")
    return code
