"""The star schema as Parquet files, for tools that do not ask the warehouse itself."""

from __future__ import annotations

from pathlib import Path

from sparkify import outputs, sql_queries
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.engines.exports import Export
from sparkify.progress import Progress

FOLDERS = {"songplays": ("year", "month")}
"""The columns by whose values the files of a table lie in folders of their own, as `year=2018/month=11`."""


def require_free(place: str, configuration: Path, config: Config) -> None:
    """Make sure that an export touches nothing that a load or the warehouse needs.

    Raises:
        ConfigError: it would lie among the data, on the warehouse, or around them.
    """
    names = sql_queries.names("export")
    if config.cluster:
        outputs.require_free_prefix(place, names, config)
    elif "://" not in place:
        outputs.require_free_folder(Path(place), names, configuration, config)


def run(engine: Engine, place: str, progress: Progress, *, overwrite: bool) -> str:
    """Write each table below a place, inside the caller's snapshot; what was done, in a sentence.

    Raises:
        ConfigError: a table is there already, and `overwrite` is not said, or the engine cannot write there.
        AccessError: the place cannot be written.
    """
    names = sql_queries.names("export")
    tables = [
        Export(name, sql, FOLDERS.get(name, ())) for name in names for sql in sql_queries.statements("export", name)
    ]
    with progress.phase(f"export into {place}", len(tables)) as done:
        engine.export(tables, place, done, overwrite=overwrite)
    return f"exported {', '.join(names)} of {engine.place} into {place}"
