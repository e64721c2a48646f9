"""`sparkify etl`: load what is new."""

from __future__ import annotations

from argparse import Namespace

from sparkify import etl, summary
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, configuration
from sparkify.progress import Progress

HELP = "load what is new"
EXAMPLES = ("sparkify etl", "sparkify etl --dry-run", "sparkify etl --quiet --json >> loads.jsonl")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be loaded")
    add_json(parser, "the summary")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    if options.dry_run:
        plan = etl.dry_run(config, progress)
        return Result(summary.plan_lines(plan), summary.plan_fields(plan))
    done = etl.run(config, progress)
    return Result(done.lines(), done.fields())
