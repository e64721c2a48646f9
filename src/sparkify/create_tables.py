"""Create the tables of the warehouse: what is missing, never destroying anything unless told to."""

from __future__ import annotations

from contextlib import closing

from sparkify import dictionary, history, sql_queries, warehouse
from sparkify.config import Config
from sparkify.engines import Engine
from sparkify.errors import ConfigError
from sparkify.progress import Progress


def run(config: Config, progress: Progress, *, drop: bool) -> str:
    """Create the missing tables and views, after dropping all of ours if `drop`; what was done, in a sentence.

    What they mean is laid beside them anew, for a view that is replaced loses its comments.

    Raises:
        ConfigError: the tables are of another version, or of another program.
        AccessError: the warehouse cannot be reached or opened.
    """
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        found = history.version(engine)
        if found is None:
            _require_no_foreign_tables(engine)
        elif not drop:
            history.require_version(engine)
        with engine.transaction():
            for statement in sql_queries.drop_table_queries() if drop else ():
                engine.execute(statement)
            for statement in (*sql_queries.create_table_queries(engine.name), *dictionary.comment_queries()):
                engine.execute(statement)
            if found is None or drop:
                engine.insert("warehouse", [(sql_queries.WAREHOUSE_VERSION,)])
        engine.tidy()
        if drop and found is not None:
            return f"dropped and created the tables in {engine.place}"
        return f"the tables are there already in {engine.place}" if found else f"created the tables in {engine.place}"


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
