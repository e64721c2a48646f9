"""A check against a real cluster: load a sample into a schema of its own, compare it with DuckDB's, and drop it.

    make redshift-smoke PREFIX=s3://my-bucket/smoke [CONFIG=dwh.cfg]
    .venv/bin/python infra/smoke.py s3://my-bucket/smoke --export s3://my-bucket/export

Compared are every table, the answer to every question, an answer in portions, the descriptions of tables and columns,
and with --export what an export wrote. Then the probes (infra/probes) say how Redshift behaves where its documentation
says nothing, a line each; what they say does not make the check fail, but report it with the rest. The sample is
written below the prefix; it, the export and the schema are deleted in the end. CONFIG tells how to log in, the role,
and WORK. The user needs the right to create a schema in the database, and to read the export.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import duckdb
from botocore.exceptions import ClientError

import probes
from probes.place import Place
from sparkify import config as configuration
from sparkify import dictionary, etl, questions, sample, sql_queries, warehouse
from sparkify.commands.create_tables import create
from sparkify.commands.export import export
from sparkify.config import Config
from sparkify.engines.answer import Rows
from sparkify.engines.engine import Engine
from sparkify.errors import AccessError, ConfigError, SparkifyError
from sparkify.progress import Progress, for_terminal
from sparkify.store import Stores

SONGS, EVENTS = 1_000, 20_000

COMPARED = {
    "songplays": "*",
    "users": "*",
    "songs": "*",
    "artists": "*",
    "time": "*",
    "catalogue": "song_id, artist_id, title, artist_name, artist_location, duration, year",
}

OF_ITS_TIME = ("freshness", "last_runs")
"""The questions whose answers tell when the load was."""

DESCRIPTIONS = (
    """
    select c.relname, '', obj_description(c.oid)
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = $schema
    """,
    """
    select c.relname, a.attname, col_description(c.oid, a.attnum)
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    inner join pg_attribute as a on a.attrelid = c.oid
    where n.nspname = $schema and a.attnum > 0
    """,
)

STATISTICS = """
select trim(table_name), trim(status), loaded_rows, source_file_count, source_file_bytes, duration, error_count
from sys_load_history
where start_time >= $since
order by start_time
"""


def main() -> int:
    """Run the check; 0 when all is the same."""
    parser = argparse.ArgumentParser(description="Check the load into a real Redshift against DuckDB.")
    parser.add_argument("prefix", metavar="s3://bucket/prefix", help="where the sample may be written")
    parser.add_argument("--export", metavar="s3://bucket/prefix", help="where the role may write an export")
    parser.add_argument("--config", type=Path, default=Path("dwh.cfg"))
    options = parser.parse_args()
    progress = for_terminal()
    try:
        return smoke(_settings(options.config, options.prefix), options.export, progress)
    except SparkifyError as e:
        progress.say(f"error: {e}")
        return e.exit_code


def smoke(settings: Config, exports: str | None, progress: Progress) -> int:
    """Load, compare, and leave nothing behind."""
    assert settings.cluster
    with tempfile.TemporaryDirectory() as folder:
        sample.write_sample(Path(folder), SONGS, EVENTS, seed=1)
        store = Stores(settings).open_s3(settings.store.log_data.removesuffix("/log_data"))
        try:
            for path in filter(Path.is_file, Path(folder).rglob("*")):
                store.put(path.relative_to(folder).as_posix(), path.read_bytes())
            ours = _loaded(settings, progress)
            theirs = _loaded(_in_duckdb(settings, Path(folder)), progress)
            with closing(ours), closing(theirs):
                checks = [
                    *(_is_same(name, partial(_rows, ours, name), partial(_rows, theirs, name)) for name in COMPARED),
                    *(
                        _is_same(each.name, partial(_answer, ours, each), partial(_answer, theirs, each))
                        for each in questions.all_questions()
                    ),
                    _is_same("descriptions", partial(_comments, ours, settings.cluster.schema), _descriptions),
                    _is_same("an answer in portions", partial(_portions, ours), partial(_portions, theirs)),
                    _refuses_to_write(ours),
                    *(_exports(ours, theirs, settings, exports, progress) if exports else ()),
                    probes.run(Place(settings, settings.cluster, store, progress)),
                ]
                return int(not all(checks))
        finally:
            store.delete("")
            with closing(warehouse.connect(settings, progress)) as engine:
                engine.execute(f"drop schema if exists {settings.cluster.schema} cascade")
                progress.say(f"dropped the schema {settings.cluster.schema}, and the sample")


def _settings(path: Path, prefix: str) -> Config:
    """The configuration for a schema and data of the check's own."""
    address = _new_folder(prefix)
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


def _new_folder(place: str) -> str:
    return f"{place.rstrip('/')}/sparkify-smoke-{uuid4().hex[:8]}"


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
    create(settings, progress, drop=False)
    with closing(warehouse.connect(settings, progress)) as engine:
        [(since,)] = engine.query("select cast(getdate() as timestamp)") if settings.cluster else [(None,)]
    for what in ("first load", "nothing new"):
        started = time.monotonic()
        summary = etl.run(settings, progress)
        if summary.fault:
            raise summary.fault
        print(f"{summary.warehouse}: {what} in {time.monotonic() - started:.1f} s, {summary.counts['events']:,} events")
    engine = warehouse.connect(settings, progress)
    if settings.cluster:
        print("COPY: table, status, rows, files, bytes, microseconds, errors")
        for row in engine.query(STATISTICS, {"since": since}):
            print("     ", *row)
    return engine


def _rows(engine: Engine, table: str) -> Rows:
    with engine.snapshot():
        return engine.query(f'select {COMPARED[table]} from "{table}"')


def _answer(engine: Engine, question: questions.Question) -> Rows:
    """The answer's rows with their numbers, for their order counts. DuckDB alone records the second, idle run."""
    without_times = question.name in OF_ITS_TIME
    with engine.snapshot():
        rows = questions.ask(engine, question, questions.Filter()).rows
        of_both = [row for row in rows if question.name != "last_runs" or row[0] == 1]
    return [(n, *(_comparable(value, without_times) for value in row)) for n, row in enumerate(of_both, 1)]


def _portions(engine: Engine) -> Rows:
    """The rows of an answer that Redshift gives by a cursor."""
    with engine.snapshot():
        return [*engine.ask("select start_time, user_id, level from songplays", in_portions=True).rows]


def _comparable(value: Any, without_times: bool) -> Any:
    """A value as it has to be on both sides. The last digits of a mean depend on the order in which it was summed."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return None if without_times and isinstance(value, datetime) else value


def _comments(engine: Engine, schema: str) -> Rows:
    """The name of each table, that of the column or nothing, and its description, as the database has them."""
    return [row for query in DESCRIPTIONS for row in engine.query(query, {"schema": schema}) if row[2]]


def _descriptions() -> Rows:
    """The same as the program has them."""
    described = [dictionary.table(name) for name in sql_queries.LASTING]
    columns = [(table.name, column.name, column.description) for table in described for column in table.columns]
    return [*((table.name, "", table.comment) for table in described), *columns]


def _refuses_to_write(engine: Engine) -> bool:
    try:
        with engine.snapshot():
            engine.execute("delete from songplays")
        said = "it was done"
    except SparkifyError as e:
        said = str(e)
    is_refused = "read-only" in said
    print(f"{'✓' if is_refused else '✗'} a write in a snapshot: {said}")
    return is_refused


def _exports(ours: Engine, theirs: Engine, settings: Config, place: str, progress: Progress) -> Iterator[bool]:
    """Whether each table comes back from the files of an export that took the place of another."""
    address = _new_folder(place)
    with tempfile.TemporaryDirectory() as folder:
        try:
            for overwrite in (False, True):
                with ours.snapshot():
                    export(ours, address, progress, overwrite=overwrite)
            _download(settings, address, Path(folder))
        finally:
            Stores(settings).open_s3(address).delete("")
            progress.say("deleted the export")
        for table in sql_queries.names("export"):
            [query] = sql_queries.statements("export", table)
            wanted = theirs.ask(query)
            files = f"read_parquet('{folder}/{table}/**/*.parquet', hive_partitioning = true)"
            written = duckdb.execute(f"select {', '.join(wanted.columns)} from {files}")
            yield _is_same(f"export of {table}", written.fetchall, partial(list, wanted.rows))


def _download(settings: Config, address: str, folder: Path) -> None:
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    store = settings.store
    session = boto3.Session(store.key or None, store.secret or None, region_name=store.region or None)
    client = session.client("s3")
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            for item in page.get("Contents", ()):
                path = folder / item["Key"].removeprefix(f"{prefix}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                client.download_file(bucket, item["Key"], str(path))
    except ClientError as e:
        raise AccessError(f"{address}: cannot be read; let whoever runs this list and read it ({e})") from e


def _is_same(what: str, ours: Callable[[], Rows], theirs: Callable[[], Rows]) -> bool:
    """Whether Redshift has the same rows as DuckDB; prints the first that only one of them has."""
    try:
        a, b = Counter(ours()), Counter(theirs())
    except SparkifyError as e:
        print(f"✗ {what}: {e}")
        return False
    print(f"{'✓' if a == b else '✗'} {what}: {a.total():,} rows")
    for name, rows in (("Redshift", a - b), ("DuckDB", b - a)):
        for row in [*rows][:3]:
            print(f"    only in {name}: {row}")
    return a == b


if __name__ == "__main__":
    sys.exit(main())
