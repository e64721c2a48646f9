"""Which engine holds the warehouse, by the configuration. Drivers are imported here and not before."""

from __future__ import annotations

from pathlib import Path

from sparkify import program
from sparkify.config import Cluster, Config
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError
from sparkify.progress import Progress


def connect(config: Config, progress: Progress, *, create: bool = False, read_only: bool = False) -> Engine:
    """Open the warehouse; `create` makes the database when it is not there, `read_only` allows no change.

    Raises:
        AccessError: the warehouse cannot be reached or opened.
        ConfigError: there is none yet.
    """
    if config.cluster:
        return _redshift(config, config.cluster, progress, create=create)
    if not create and not _is_there(config.duckdb_path):
        fix = f"run {program.command('create-tables')} first"
        raise ConfigError(f"{config.duckdb_path}: there is no warehouse yet; {fix}")
    from sparkify.engines.duckdb.engine import DuckDB

    return DuckDB(config, progress, read_only=read_only)


def _is_there(path: Path) -> bool:
    """Whether a file is there; where that may not be known, opening it tells why."""
    try:
        return path.exists()
    except OSError:
        return True


def _redshift(config: Config, cluster: Cluster, progress: Progress, *, create: bool) -> Engine:
    try:
        from sparkify.engines.redshift.engine import Redshift
    except ModuleNotFoundError as e:
        raise ConfigError(f"[CLUSTER] HOST is set, and {e.name} is missing: pip install 'sparkify[redshift]'") from e
    return Redshift(config, cluster, progress, create=create)
