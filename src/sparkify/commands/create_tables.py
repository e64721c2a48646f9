"""`sparkify create-tables`: create the tables that are missing; `--drop` alone destroys anything."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from contextlib import closing

from sparkify import dictionary, history, migrations, sql_queries, warehouse
from sparkify.command_line import Parser, add_config
from sparkify.commands import Result, configuration, require_yes
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError
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

    The tables of an older version are brought up to date. The comments on tables and columns are written where they are
    not there: a view that is replaced loses its own.

    Raises:
        ConfigError: the tables are of a newer version, or of another program.
        AccessError: the warehouse cannot be reached or opened.
    """
    again = ""
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        version = history.version(engine)
        if version is None:
            key = "[CLUSTER] SCHEMA to another schema" if engine.name == "redshift" else "[DUCKDB] PATH to another file"
            names = (*sql_queries.TABLES, *sql_queries.VIEWS)
            _require_free(engine, names, "this is no warehouse of this program", f"set {key}")
        elif not drop:
            history.require_no_newer_version(engine, version)
            names = tuple(migrations.new_names(version))
            _require_free(engine, names, f"this is a warehouse of version {version}", "rename what is yours")
        with engine.transaction():
            if drop:
                current = sql_queries.WAREHOUSE_VERSION if version is None else version
                _execute(engine, sql_queries.drop_table_queries(engine.name, current))
            elif version is not None:
                migrations.migrate(engine, config, version)
                again = migrations.what_is_read_again(engine, version)
            _execute(engine, sql_queries.create_table_queries(engine.name))
            _execute(engine, dictionary.comment_queries(engine.name, engine.comments()))
            if version is None or drop:
                engine.insert("warehouse", [(sql_queries.WAREHOUSE_VERSION,)])
        engine.after_commit()
    return _summary(engine.address, version, drop=drop) + again


def _execute(engine: Engine, statements: Iterable[str]) -> None:
    for statement in statements:
        engine.execute(statement)


def _summary(address: str, version: int | None, *, drop: bool) -> str:
    if version is None:
        return f"created the tables in {address}"
    if drop:
        return f"dropped and created the tables in {address}"
    if version < sql_queries.WAREHOUSE_VERSION:
        versions = f"from version {version} to {sql_queries.WAREHOUSE_VERSION}"
        return f"brought the tables in {address} up {versions}; all that they held is kept"
    return f"the tables are there already in {address}"


def _require_free(engine: Engine, needed: Iterable[str], what: str, fix: str) -> None:
    """Make sure that no table of another program is replaced or dropped.

    Tables of this program always have their version beside them, because one transaction creates all.

    Raises:
        ConfigError: a table or view has a name that a warehouse needs.
    """
    if names := history.tables_named(engine, needed):
        raise ConfigError(
            f"{engine.address}: {what}, and {', '.join(names)} is there already, a name that a warehouse needs; {fix}"
        )
