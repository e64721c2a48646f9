"""`sparkify import`: make a warehouse of what `export --whole` wrote, in either engine."""

from __future__ import annotations

from argparse import Namespace

from sparkify import restore, sql_queries
from sparkify.command_line import Parser, add_config, folder_or_address
from sparkify.commands import Result, configuration
from sparkify.progress import Progress
from sparkify.restore import Restored
from sparkify.words import counted

HELP = "make a warehouse of an export --whole, of either engine, in one transaction"
EXAMPLES = (
    "sparkify import backup-2018-11-30",
    "sparkify import s3://my-bucket/backup --config redshift.cfg    # moves a warehouse into Redshift",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "source", metavar="SOURCE", type=folder_or_address, help="what export --whole wrote: a folder, or s3://bucket/…"
    )


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    return Result(_lines(restore.run(config, progress, options.source), options.source))


def _lines(restored: Restored, source: str) -> list[str]:
    """A line for each table, and a sentence about all."""
    ours = sql_queries.WAREHOUSE_VERSION
    up = f", and brought it up from version {restored.version} to {ours}" if restored.version < ours else ""
    return [
        *(f"{name:<16}  {counted(rows, 'row')}" for name, rows in restored.rows.items()),
        f"imported the warehouse of {source} into {restored.warehouse}{up}{restored.again}",
    ]
