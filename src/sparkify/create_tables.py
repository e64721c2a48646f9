"""Create the tables of the warehouse: what is missing, never destroying anything unless told to."""

from __future__ import annotations

from contextlib import closing

from sparkify import dictionary, history, sql_queries, warehouse
from sparkify.config import Config
from sparkify.progress import Progress


def run(config: Config, progress: Progress, *, drop: bool) -> str:
    """Create the missing tables and views, after dropping all of ours if `drop`; what was done, in a sentence.

    What they mean is laid beside them anew, for a view that is replaced loses its comments.

    Raises:
        ConfigError: the tables are of another version.
        AccessError: the warehouse cannot be reached or opened.
    """
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        found = history.version(engine)
        if found is not None and not drop:
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
