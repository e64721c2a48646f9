"""Bring the tables of an older warehouse up to this program's version: `sql/migrate` has a numbered file a step."""

from __future__ import annotations

from sparkify import sql_queries
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError
from sparkify.store import name_prefix

OLDEST_VERSION = 2
"""The oldest version that can be brought up to date."""


def migrate(engine: Engine, config: Config, version: int) -> None:
    """Run the steps that follow a version, in the caller's transaction; none if it is this program's.

    The names of loaded objects become keys below the SONG_DATA and LOG_DATA of the configuration.

    Raises:
        ConfigError: the version is older than the first step.
    """
    if version == sql_queries.WAREHOUSE_VERSION:
        return
    if version < OLDEST_VERSION:
        fix = "start afresh with create_tables.py --drop and a load"
        raise ConfigError(f"{engine.address}: a warehouse of version {version} cannot be brought up to date; {fix}")
    values = {
        "song_prefix": name_prefix(config.store.song_data, config.folder),
        "log_prefix": name_prefix(config.store.log_data, config.folder),
    }
    for step in range(version + 1, sql_queries.WAREHOUSE_VERSION + 1):
        for statement in sql_queries.statements("migrate", str(step)):
            engine.execute(sql_queries.opened_for(engine.name, statement), values)
    engine.execute("update warehouse set version = $version", {"version": sql_queries.WAREHOUSE_VERSION})
