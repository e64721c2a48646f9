"""`sparkify report`: write the report as one HTML file."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from sparkify import outputs, own_questions
from sparkify.command_line import Parser, add_config, add_filters, file
from sparkify.commands import Result, configuration, copy_for_readers
from sparkify.errors import ConfigError
from sparkify.progress import Progress
from sparkify.questions import GRAINS, LEVELS, Filter

HELP = "write the report: one HTML file that needs nothing else"
EXAMPLES = (
    "sparkify report",
    "sparkify report --from 2018-11-01 --to 2018-11-30 --no-names --output november.html",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "--output", type=file, default=Path("report.html"), metavar="FILE", help="the file (default: report.html)"
    )
    add_filters(parser, LEVELS)
    parser.add_argument("--by", choices=GRAINS, help="what charts of days count by (default: by their length)")
    parser.add_argument("--no-names", action="store_true", help="name no listener; their ids stay")
    parser.add_argument("--force", action="store_true", help="replace a report by one on a period without plays, too")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    from sparkify import report

    chosen = Filter(options.first_day, options.last_day, options.level, options.by)
    config = configuration(options, progress)
    outputs.require_free_file(options.output, options.config, config)
    now = datetime.now(UTC).replace(tzinfo=None)
    own = own_questions.all_usable(config.questions, progress.warn) if config.questions else []
    with copy_for_readers(config, progress) as engine, engine.snapshot():
        context = report.context(engine, chosen, now, has_names=not options.no_names)
        if not context.plays and options.output.is_file() and not options.force:
            raise ConfigError(f"{options.output} is kept: {context.no_plays} --force replaces it all the same")
        page = report.page(engine, context, progress, own)
    with outputs.replaced(options.output) as new:
        new.write_text(page, encoding="utf-8")
    return Result([str(options.output)])
