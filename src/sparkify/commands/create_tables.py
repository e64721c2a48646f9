"""`sparkify create-tables`: create the tables that are missing; `--drop` alone destroys anything."""

from __future__ import annotations

from argparse import Namespace
from contextlib import closing
from functools import partial

from sparkify import history, migrations, program, sql_queries, tables, warehouse
from sparkify.command_line import Parser, add_config
from sparkify.commands import Result, configuration, require_yes
from sparkify.config import Config
from sparkify.engines.engine import Engine, in_transaction
from sparkify.progress import Progress

HELP = "create the tables that are missing"
EXAMPLES = (
    "sparkify create-tables",
    "sparkify create-tables --drop --yes    # start afresh; etl loads all again",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument("--drop", action="store_true", help="drop all tables first, with everything in them")
    parser.add_argument("--yes", action="store_true", help="do not ask before dropping")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    if options.drop and not options.yes:
        question = (
            f"Drop all tables of {config.warehouse}, with everything in them? "
            "Without the list of forgotten users, a load brings them back."
        )
        require_yes(question, "--drop destroys the warehouse", options)
    return Result([create(config, progress, drop=options.drop)])


def create(config: Config, progress: Progress, *, drop: bool) -> str:
    """Create the missing tables and views, after dropping all of the warehouse if `drop`; a sentence about it.

    The tables of an older version are brought up to date.

    Raises:
        ConfigError: the tables are of a newer version, or of another program.
        AccessError: the warehouse cannot be reached or opened.
    """
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        done = "the tables are dropped and created" if drop else "the tables are there, in this program's version"
        with tables.changed_as_a_whole(engine, done) as committed:
            version, again = in_transaction(engine, progress, partial(_change, engine, config, drop=drop))
            committed()
            engine.after_commit()
    return _summary(config, version, drop=drop) + again


def _change(engine: Engine, config: Config, *, drop: bool) -> tuple[int | None, str]:
    """Do it in the caller's transaction; the version that was there, and what the next load does because of that.

    Raises:
        ConfigError: the tables are of a newer version, or of another program.
    """
    again = ""
    version = history.version(engine)
    if version is None:
        tables.require_no_others(engine)
    if drop:
        tables.drop(engine, version)
    elif version is not None:
        history.require_no_newer_version(engine, version)
        names = migrations.new_names(version)
        tables.require_free(engine, names, f"this is a warehouse of version {version}", "rename what is yours")
        migrations.migrate(engine, config, version)
        again = migrations.what_is_read_again(engine, version)
    tables.create_missing(engine)
    if version is None or drop:
        engine.insert("warehouse", [(sql_queries.WAREHOUSE_VERSION,)])
    return version, again


def _summary(config: Config, version: int | None, *, drop: bool) -> str:
    address = config.warehouse
    if version is None:
        return f"created the tables in {address}"
    if drop:
        is_kept = config.publish is not None and config.publish.exists()
        kept = f"; {config.publish}, its copy for readers, is as it was until the next {program.command('etl')}"
        return f"dropped and created the tables in {address}{kept if is_kept else ''}"
    if version < sql_queries.WAREHOUSE_VERSION:
        versions = f"from version {version} to {sql_queries.WAREHOUSE_VERSION}"
        return f"brought the tables in {address} up {versions}; all that they held is kept"
    return f"the tables are there already in {address}"
