"""The command line: which of the window, `get`, `ls` and `resume` is meant, and with what."""

from __future__ import annotations

import argparse
import gc
import io
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from app import logs
from app.core.objects import DEMO_BUCKET, Addressing, ConnectionSpec
from app.core.patterns import EXCLUDE, INCLUDE
from app.core.policy import MAX_PART_BYTES, MIN_PART_BYTES, IfExists, InFlight
from app.core.units import parse_size, size_text
from app.core.uris import SCHEME
from app.receipt_file import receipt_problem

EXIT_USAGE, EXIT_CANCELLED = 2, 130
MAX_JOBS = 256
OBJECTS_A_COLLECTION = 50_000
"""Python's own 700 have its collector look through the rows of a batch all the time, for a tenth of the CPU;
downloads make next to no cycles (measured: 900 objects of 5,000 downloads)."""
MIN_RATE_BPS = 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code. `argv` is without the program's name."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = words[0] if words and words[0] in ("get", "ls", "resume") else ""
    if argv is not None:
        return _run(command, words)
    if command:
        _leave_on_signals()
    _mend_streams()
    logs.catch_crashes()
    return _run_and_leave(command, words) if command else _run(command, words)


def _run_and_leave(command: str, words: list[str]) -> NoReturn:
    """Run a command as the whole life of this process."""
    gc.set_threshold(OBJECTS_A_COLLECTION)
    try:
        code = _run(command, words)
    finally:
        _leave_on_signals()  # for the loop has put back Python's own
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    # What is left is to free what Python holds, object by object, which takes 50 ms.
    os._exit(code)


def _run(command: str, words: list[str]) -> int:
    if not command:
        options = _window_parser().parse_args(words)
        _set_logging(options)
        from app.window import open_window  # Qt is imported for the window alone

        return open_window(connection_spec(options), options.location, is_demo=options.demo)
    from app import cli

    parser, run = {
        "get": (_get_parser(), cli.run_get),
        "ls": (_ls_parser(), cli.run_ls),
        "resume": (_resume_parser(), cli.run_resume),
    }[command]
    options = parser.parse_args(words[1:])
    if command == "get":
        _check_places(parser, options)
    if command in ("get", "resume") and options.receipt and not options.dry_run:
        destination = options.places[-1] if command == "get" and options.places else ""
        _check_receipt(parser, options.receipt, destination)
    _set_logging(options)
    return run(options, connection_spec(options))


def _leave_on_signals() -> None:
    """Until the engine's loop listens to them, and after it, Ctrl-C and SIGTERM end the process at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(EXIT_CANCELLED))


def _mend_streams() -> None:
    """Make output possible where stdout or stderr is closed or cannot hold every character of a key."""
    # A closed one is None; typeshed does not say so.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def connection_spec(options: argparse.Namespace) -> ConnectionSpec:
    """The CONNECTION options as a value."""
    return ConnectionSpec(
        profile=options.profile or "",
        endpoint_url=options.endpoint_url or "",
        region=options.region or "",
        addressing=Addressing(options.addressing),
        is_anonymous=options.no_sign_request,
        ca_bundle=options.ca_bundle or "",
        requester_pays=options.requester_pays,
    )


def _window_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="downspout",
        description="A download manager for S3. Without a command it opens the window.",
        epilog="Commands: downspout get, downspout ls, downspout resume (each with --help).",
        allow_abbrev=False,
    )
    parser.add_argument("location", nargs="?", default="", metavar="s3://BUCKET[/PREFIX]")
    _add_connection(parser)
    return parser


def _get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="downspout get", description="Download objects into a folder.", allow_abbrev=False
    )
    parser.add_argument(
        "places", nargs="*", metavar="SOURCE... DEST", help="s3://bucket/key or s3://bucket/prefix/"
    )
    parser.add_argument(
        "--from-receipt",
        default="",
        metavar="FILE",
        help="instead of SOURCE and DEST: whatever of that batch is not done",
    )
    _add_connection(parser)
    _add_get(parser)
    group = parser.add_argument_group("patterns on the key below SOURCE; the last one that matches wins")
    group.add_argument("--include", action=_Rule, metavar="GLOB", help="given first: nothing else is wanted")
    group.add_argument(
        "--exclude", action=_Rule, metavar="GLOB", help="* is any text, / too; ? is one character"
    )
    parser.set_defaults(rules=())
    return parser


def _ls_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="downspout ls", description="List objects.", allow_abbrev=False)
    parser.add_argument(
        "source", metavar="SOURCE", help="s3://bucket, s3://bucket/prefix/ or s3://bucket/key"
    )
    parser.add_argument("--recursive", action="store_true", help="everything below SOURCE")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    _add_connection(parser)
    return parser


def _resume_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="downspout resume", description="Go on with an unfinished batch.", allow_abbrev=False
    )
    parser.add_argument("batch_id", nargs="?", default="", metavar="BATCH_ID")
    _add_connection(parser)
    _add_get(parser)
    return parser


def _add_connection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument("--profile", metavar="NAME", help="AWS profile")
    group.add_argument("--endpoint-url", metavar="URL", help="an S3-compatible server")
    group.add_argument("--region", metavar="NAME")
    group.add_argument("--addressing", choices=[style.value for style in Addressing], default="auto")
    group.add_argument("--no-sign-request", action="store_true", help="anonymous")
    group.add_argument("--ca-bundle", metavar="FILE")
    group.add_argument("--requester-pays", action="store_true")
    group.add_argument("--demo", action="store_true", help=f"the embedded demo bucket, s3://{DEMO_BUCKET}/")
    group.add_argument("--log-level", choices=logs.LEVELS, default="warning")
    group.add_argument("--log-file", metavar="FILE")


def _add_get(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("get")
    stop = group.add_mutually_exclusive_group()
    # None is what a new batch does by itself, or what the unfinished one was told.
    stop.add_argument("--stop-on-first-error", dest="stop", action="store_true", default=None, help="default")
    stop.add_argument("--keep-going", dest="stop", action="store_false")
    group.add_argument("--in-flight", choices=[choice.value for choice in InFlight], help="default keep")
    group.add_argument("--if-exists", choices=[choice.value for choice in IfExists], help="default auto")
    group.add_argument("--jobs", type=_jobs, metavar="N", help="requests in flight, default 32")
    group.add_argument("--part-size", type=_part_size, metavar="SIZE", help="range size, default 8MiB")
    group.add_argument("--limit-rate", type=_rate, metavar="RATE", help="bytes a second, such as 10MiB")
    group.add_argument("--strict", action="store_true", help="a file that no checksum can verify fails")
    group.add_argument("--receipt", metavar="FILE", help="write the receipt as JSON")
    group.add_argument("--json", action="store_true", help="one JSON object a state change on stdout")
    group.add_argument("--quiet", action="store_true", help="no progress line")
    group.add_argument("--dry-run", action="store_true", help="plan only, fetch nothing")


def _part_size(text: str) -> int:
    size = parse_size(text)
    if size is None or not MIN_PART_BYTES <= size <= MAX_PART_BYTES:
        least, most = size_text(MIN_PART_BYTES), size_text(MAX_PART_BYTES)
        raise argparse.ArgumentTypeError(f"{text!r} is not a size from {least} to {most}, such as 8MiB")
    return size


def _rate(text: str) -> int:
    rate_bps = parse_size(text)
    if not rate_bps or rate_bps < MIN_RATE_BPS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a rate of at least {size_text(MIN_RATE_BPS)} a second, such as 10MiB"
        )
    return rate_bps


class _Rule(argparse.Action):
    """Collects `--include` and `--exclude` in their order."""

    def __call__(
        self, _: object, options: argparse.Namespace, value: object, option: str | None = None
    ) -> None:
        sign = INCLUDE if option == "--include" else EXCLUDE
        options.rules = (*options.rules, f"{sign}{value}")


def _jobs(text: str) -> int:
    try:
        jobs = int(text)
    except ValueError:
        jobs = 0
    if not 1 <= jobs <= MAX_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MAX_JOBS}")
    return jobs


def _check_places(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    places: Sequence[str] = options.places
    if options.from_receipt:
        if places or options.rules:
            parser.error("--from-receipt takes the place of SOURCE, its patterns and DEST")
        return
    if len(places) < 2:
        parser.error("at least one SOURCE and a DEST are needed")
    if not places[-1] or places[-1].startswith(SCHEME):
        parser.error(f"DEST must be a folder of this computer, not {places[-1]!r}")


def _check_receipt(parser: argparse.ArgumentParser, receipt: str, destination: str) -> None:
    problem = receipt_problem(receipt, destination)
    if problem:
        parser.error(f"cannot write the receipt {receipt}: {problem}")


def _set_logging(options: argparse.Namespace) -> None:
    try:
        logs.begin(options.log_level, options.log_file or "")
    except OSError as error:
        sys.stderr.write(f"downspout: cannot write the log {options.log_file}: {error.strerror}\n")
        raise SystemExit(EXIT_USAGE) from error


if __name__ == "__main__":
    sys.exit(main())
