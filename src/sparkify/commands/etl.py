"""`sparkify etl`: load what is new, then tell how that ended, by metrics, by lineage and by a command of the user's."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable

from sparkify import etl, hooks, lineage, metrics, summary
from sparkify.command_line import Parser, add_config, add_json, metrics_file, since
from sparkify.commands import Result, as_object, configuration, result_of
from sparkify.errors import LoadError
from sparkify.progress import Progress

HELP = "load what is new"
EXAMPLES = (
    "sparkify etl",
    "sparkify etl --dry-run",
    "sparkify etl --since 3d    # hourly: only logs, of the last days; the nightly run without --since finds the rest",
    "sparkify etl --quiet --json >> loads.jsonl",
    "sparkify etl --metrics /var/lib/prometheus/node-exporter/sparkify.prom",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "--since",
        type=since,
        metavar="DAY",
        help="list only logs, and none in folders of days before this: 2018-11-30, or 3d for three days ago (UTC)",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="only list what would be loaded")
    what.add_argument(
        "--metrics",
        type=metrics_file,
        metavar="FILE",
        help="write the numbers of the run into a .prom file, for Prometheus' node_exporter",
    )
    add_json(parser, "the summary")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    if options.dry_run:
        plan = etl.dry_run(configuration(options, progress), progress, options.since)
        return Result(summary.plan_lines(plan), summary.plan_fields(plan))
    observers: list[Observer] = []
    if options.metrics:
        observers.append(_metrics(options, progress))
    try:
        result = result_of(lambda: _load(options, progress, observers))
    except Exception as e:  # a fault of the program, which ends it with a traceback
        fault = LoadError(f"{type(e).__name__}, a fault of the program; its traceback is on stderr")
        _tell(observers, Result(fault=fault, stays=["`sparkify status` says what stays loaded"]), progress)
        raise
    _tell(observers, result, progress)
    return result


Observer = Callable[[Result], None]
"""A function that takes the result of the load. The warehouse is closed then."""


def _tell(observers: list[Observer], result: Result, progress: Progress) -> None:
    """Tell how the load ended. An interrupt ends what an observer does, and not the load, which has ended."""
    for observer in observers:
        try:
            observer(result)
        except KeyboardInterrupt:
            progress.warn("interrupted while this program told others how the load ended, which changes nothing of it")


def _load(options: Namespace, progress: Progress, observers: list[Observer]) -> Result:
    """Load, after adding the observers that need the configuration."""
    config = configuration(options, progress)
    events = lineage.Sender(config, progress, options.since)
    observers.append(lambda result: events.end(result.fault, result.fields))
    observers.append(lambda result: hooks.run(config, as_object(result, progress), progress))
    done = etl.run(config, progress, since=options.since)
    return Result(done.lines(), done.fields(), done.fault, summary.STAYS)


def _metrics(options: Namespace, progress: Progress) -> Observer:
    started = time.monotonic()

    def write(result: Result) -> None:
        seconds = time.monotonic() - started
        metrics.write(options.metrics, options.config, seconds, result.fault, result.fields, progress)

    return write
