"""`sparkify report`: write the report as one HTML file."""

from __future__ import annotations

import shlex
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from sparkify import outputs
from sparkify.command_line import Parser, add_config, add_filters, file
from sparkify.commands import Result, configuration, copy_for_readers
from sparkify.progress import Progress

HELP = "write the report: one HTML file that needs nothing else"
EXAMPLES = (
    "sparkify report",
    "sparkify report --from 2018-11-01 --to 2018-11-30 --level paid --output november.html",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "--output", type=file, default=Path("report.html"), metavar="FILE", help="the file (default: report.html)"
    )
    add_filters(parser)


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    from sparkify import report

    config = configuration(options, progress)
    outputs.require_free_file(options.output, options.config, config)
    now = datetime.now(UTC).replace(tzinfo=None)
    with copy_for_readers(config, progress) as engine, engine.snapshot(), progress.phase("report"):
        page = report.page(engine, options.first_day, options.last_day, options.level, now, _config_option(options))
    with outputs.replaced(options.output) as new:
        new.write_text(page, encoding="utf-8")
    return Result([str(options.output)])


def _config_option(options: Namespace) -> str:
    """The option with which the command lines of the report find the same warehouse; empty for the default."""
    return "" if options.config == Path("dwh.cfg") else shlex.join(["--config", str(options.config)])
