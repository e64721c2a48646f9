"""A check against a real cluster: load a sample into a schema of its own, compare every table with DuckDB's, drop it.

    make redshift-smoke PREFIX=s3://my-bucket/smoke [CONFIG=dwh.cfg]

The sample is written below PREFIX and deleted in the end, as the schema is. CONFIG tells how to log in, the role, and
WORK. The user needs the right to create a schema in the database.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from sparkify import config as configuration
from sparkify import create_tables, etl, sample, warehouse
from sparkify.config import Config
from sparkify.engines import Engine
from sparkify.errors import ConfigError, SparkifyError
from sparkify.lake import Lake
from sparkify.progress import Progress, for_terminal

SONGS, EVENTS = 1_000, 20_000

COMPARED = {
    "songplays": "*",
    "users": "*",
    "songs": "*",
    "artists": "*",
    "time": "*",
    "staging_songs": "song_id, artist_id, title, artist_name, artist_location, duration, year",
}

STATISTICS = """
select trim(table_name), trim(status), loaded_rows, source_file_count, source_file_bytes, duration, error_count
from sys_load_history
where start_time >= $since
order by start_time
"""


def main() -> int:
    """Run the check; 0 when every table is the same."""
    parser = argparse.ArgumentParser(description="Check the load into a real Redshift against DuckDB.")
    parser.add_argument("prefix", metavar="s3://bucket/prefix", help="where the sample may be written")
    parser.add_argument("--config", type=Path, default=Path("dwh.cfg"))
    options = parser.parse_args()
    progress = for_terminal()
    try:
        return smoke(_settings(options.config, options.prefix), progress)
    except SparkifyError as e:
        progress.say(f"error: {e}")
        return e.exit_code


def smoke(settings: Config, progress: Progress) -> int:
    """Load, compare, and leave nothing behind."""
    assert settings.cluster
    with tempfile.TemporaryDirectory() as folder:
        sample.write_sample(Path(folder), SONGS, EVENTS, seed=1)
        lake = Lake(settings.store.log_data.removesuffix("/log_data"), settings)
        try:
            for path in filter(Path.is_file, Path(folder).rglob("*")):
                lake.put(path.relative_to(folder).as_posix(), path.read_bytes())
            ours = _loaded(settings, progress)
            theirs = _loaded(_in_duckdb(settings, Path(folder)), progress)
            with closing(ours), closing(theirs):
                return sum([_differs(ours, theirs, table) for table in COMPARED])
        finally:
            lake.delete("")
            with closing(warehouse.connect(settings, progress)) as engine:
                engine.execute(f"drop schema if exists {settings.cluster.schema} cascade")
                progress.say(f"dropped the schema {settings.cluster.schema}, and the sample")


def _settings(path: Path, prefix: str) -> Config:
    """The configuration for a schema and data of the check's own."""
    address = f"{prefix.rstrip('/')}/sparkify-smoke-{uuid4().hex[:8]}"
    environment = {
        "DWH_S3_LOG_DATA": f"{address}/log_data",
        "DWH_S3_SONG_DATA": f"{address}/song_data",
        "DWH_S3_LOG_JSONPATH": f"{address}/log_json_path.json",
        "DWH_CLUSTER_SCHEMA": f"sparkify_smoke_{uuid4().hex[:8]}",
    }
    read = configuration.load(path, {**os.environ, **environment})
    if not read.cluster:
        raise ConfigError(f"{path}: [CLUSTER] HOST is not set; this check is for Redshift")
    return read


def _in_duckdb(settings: Config, folder: Path) -> Config:
    data = replace(
        settings.store,
        log_data=f"{folder}/log_data",
        song_data=f"{folder}/song_data",
        log_jsonpath=f"{folder}/log_json_path.json",
    )
    return replace(settings, cluster=None, store=data, duckdb_path=folder / "smoke.duckdb")


def _loaded(settings: Config, progress: Progress) -> Engine:
    """The warehouse after a load, and after one that finds nothing new; prints how long they took."""
    create_tables.run(settings, progress, drop=False)
    with closing(warehouse.connect(settings, progress)) as engine:
        [(since,)] = engine.query("select cast(getdate() as timestamp)") if settings.cluster else [(None,)]
    for what in ("first load", "nothing new"):
        started = time.monotonic()
        summary = etl.run(settings, progress)
        print(f"{summary.warehouse}: {what} in {time.monotonic() - started:.1f} s, {summary.counts['events']:,} events")
    engine = warehouse.connect(settings, progress)
    if settings.cluster:
        print("COPY: table, status, rows, files, bytes, microseconds, errors")
        for row in engine.query(STATISTICS, {"since": since}):
            print("     ", *row)
    return engine


def _differs(ours: Engine, theirs: Engine, table: str) -> bool:
    """Whether a table holds other rows in the one than in the other; prints the first of them."""
    query = f'select {COMPARED[table]} from "{table}"'
    a, b = Counter(ours.query(query)), Counter(theirs.query(query))
    print(f"{'✓' if a == b else '✗'} {table}: {a.total():,} rows")
    for engine, rows in ((ours, a - b), (theirs, b - a)):
        for row in [*rows][:3]:
            print(f"    only in {engine.place}: {row}")
    return a != b


if __name__ == "__main__":
    sys.exit(main())
