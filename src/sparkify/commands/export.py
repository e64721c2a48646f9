"""`sparkify export`: write the star schema as Parquet files, for tools that do not ask the warehouse itself.

With `--whole` it writes all that lasts, for `sparkify import`.
"""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from pathlib import Path

from sparkify import backup, outputs, sql_queries, warehouse
from sparkify.command_line import Parser, add_config, folder_or_address
from sparkify.commands import Result, configuration, copy_for_readers
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.engines.exports import Export
from sparkify.engines.whole_export import MANIFEST
from sparkify.progress import Progress

HELP = "write the star schema, or the whole warehouse, as Parquet files, a folder for each table"
EXAMPLES = (
    "sparkify export parquet",
    "sparkify export s3://my-bucket/parquet --overwrite    # from Redshift",
    "sparkify export backup-2018-11-30 --whole    # for sparkify import",
)

PARTITION_COLUMNS = {"songplays": ("year", "month"), "page_views": ("year", "month")}
"""The columns by which the files of a table are divided into folders, as `year=2018/month=11`."""


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "target", metavar="DIR", type=folder_or_address, help="a folder; from Redshift, s3://bucket/prefix"
    )
    parser.add_argument("--whole", action="store_true", help="everything that a warehouse is, for import")
    parser.add_argument("--overwrite", action="store_true", help="replace the tables that are there")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    names = [*sql_queries.LASTING_TABLES, MANIFEST] if options.whole else sql_queries.names("export")
    _require_free(options.target, names, options.config, config)
    if options.whole:
        # Not the copy for readers: it lacks the salt of the forgotten users. The version may be an older one.
        with closing(warehouse.connect(config, progress, read_only=True)) as engine, engine.snapshot():
            names = backup.export(engine, options.target, progress, overwrite=options.overwrite)
    else:
        with copy_for_readers(config, progress) as engine, engine.snapshot():
            export(engine, options.target, progress, overwrite=options.overwrite)
    return Result([f"exported {', '.join(names)} of {engine.address} into {options.target}"])


def export(engine: Engine, target: str, progress: Progress, *, overwrite: bool) -> None:
    """Write each table into a folder of its name below a folder or an address, inside the caller's snapshot.

    Raises:
        ConfigError: a table is there already and `overwrite` is false, or the engine cannot write to such a target.
        AccessError: the target cannot be written.
    """
    tables = [
        Export(name, sql, PARTITION_COLUMNS.get(name, ()))
        for name in sql_queries.names("export")
        for sql in sql_queries.statements("export", name)
    ]
    with progress.phase(f"export into {target}", len(tables)) as done:
        engine.export(tables, target, done, overwrite=overwrite)


def _require_free(target: str, names: list[str], configuration_file: Path, config: Config) -> None:
    """Make sure that an export touches nothing that a load or the warehouse needs.

    Raises:
        ConfigError: the target is the data or the warehouse, lies below them, or holds them.
    """
    if config.cluster:
        outputs.require_free_prefix(target, names, config)
    elif "://" not in target:
        outputs.require_free_folder(Path(target), names, configuration_file, config)
