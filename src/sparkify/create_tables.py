"""Create the tables of the warehouse, or bring older ones up to date. Nothing is destroyed unless told to."""

from __future__ import annotations

from contextlib import closing

from sparkify import dictionary, history, migrations, sql_queries, warehouse
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError
from sparkify.progress import Progress


def run(config: Config, progress: Progress, *, drop: bool) -> str:
    """Create the missing tables and views, after dropping all of ours if `drop`; what was done, as a sentence.

    Their descriptions are written beside them again, for a view that is replaced loses its comments.

    Raises:
        ConfigError: the tables are of a newer version, or of another program.
        AccessError: the warehouse cannot be reached or opened.
    """
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        version = history.version(engine)
        if version is None:
            _require_no_foreign_tables(engine)
        elif not drop:
            history.require_no_newer_version(engine, version)
        is_older = version is not None and version < sql_queries.WAREHOUSE_VERSION and not drop
        with engine.transaction():
            for statement in sql_queries.drop_table_queries() if drop else ():
                engine.execute(statement)
            if version is not None and is_older:
                migrations.migrate(engine, config, version)
            for statement in sql_queries.create_table_queries(engine.name, _names(engine)):
                engine.execute(statement)
            for statement in dictionary.comment_queries(_names(engine)):
                engine.execute(statement)
            if version is None or drop:
                engine.insert("warehouse", [(sql_queries.WAREHOUSE_VERSION,)])
        engine.after_commit()
    if drop and version is not None:
        return f"dropped and created the tables in {engine.place}"
    if is_older:
        versions = f"from version {version} to {sql_queries.WAREHOUSE_VERSION}"
        return f"brought the tables in {engine.place} up {versions}; all that they held is kept"
    return f"the tables are there already in {engine.place}" if version else f"created the tables in {engine.place}"


def _names(engine: Engine) -> tuple[str, ...]:
    """The tables and views to create; where each load makes staging and work tables of its own, not these."""
    if engine.has_temporary_staging:
        return (*sql_queries.LASTING_TABLES, "plays")
    return (*sql_queries.TABLES, *sql_queries.VIEWS)


def _require_no_foreign_tables(engine: Engine) -> None:
    """Make sure that nothing of another program would be replaced or dropped.

    Tables of this program never stand without their version, for all are created in one transaction.

    Raises:
        ConfigError: a table or view has a name that a warehouse needs.
    """
    if names := history.foreign_tables(engine):
        key = "[CLUSTER] SCHEMA to another schema" if engine.name == "redshift" else "[DUCKDB] PATH to another file"
        raise ConfigError(
            f"{engine.place}: this is no warehouse of this program, and {', '.join(names)} is there already, a name "
            f"that a warehouse needs; set {key}"
        )
