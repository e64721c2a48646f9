"""A warehouse beside its bucket, worked as a person works it: through the command line."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from unittest.mock import patch

import duckdb

from harness import oracle
from harness.attached import attached
from harness.program import PROGRAM, Outcome, run
from harness.records import JSONPATHS, packed
from harness.rows import Row
from sparkify import sql_queries


class Sparkify:
    """One warehouse and the bucket beside it, worked through the command line in this process.

    Here the engine is DuckDB and the bucket a folder. In `harness.in_s3` the bucket is in S3, in `harness.redshift` the
    engine is Redshift, too.
    """

    def __init__(self, folder: Path, **etl_settings: str | int) -> None:
        self.folder = folder
        self.bucket = folder / "bucket"
        self.config = folder / "dwh.cfg"
        self.database = folder / "sparkify.duckdb"
        for prefix in ("song_data", "log_data"):
            (self.bucket / prefix).mkdir(parents=True)
        self.put("log_json_path.json", JSONPATHS)
        self._write(self.store, "", "", etl_settings)

    @property
    def engine(self) -> str:
        """As `harness.engines.ENGINES` calls it."""
        return "duckdb"

    @property
    def reads_prefixes(self) -> bool:
        """Whether a run takes all that lies below a prefix for one object."""
        return False

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which its commands run, beside those that are set already."""
        return {}

    @property
    def store(self) -> str:
        """The bucket as the configuration names it."""
        return "bucket"

    def engine_settings(self) -> list[str]:
        """The lines of the configuration that name the engine, after those of [S3]."""
        return ["[DUCKDB]", "PATH = sparkify.duckdb"]

    def configure(self, store: str = "", *, songs: str | Path = "", more: str = "", **etl_settings: str | int) -> None:
        """Write the configuration; `store` is the folder or the s3:// address that holds the bucket's prefixes."""
        self._write(store or self.store, str(songs), more, etl_settings)

    def _write(self, store: str, songs: str, more: str, etl_settings: Mapping[str, str | int]) -> None:
        lines = [
            *("[S3]", f"LOG_DATA = {store}/log_data", f"LOG_JSONPATH = {store}/log_json_path.json"),
            *(f"SONG_DATA = {songs or f'{store}/song_data'}", *self.engine_settings()),
            *(["[ETL]"] if etl_settings else []),
            *(f"{key} = {value}" for key, value in etl_settings.items()),
            more,
        ]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.config.chmod(0o600)  # it may hold a password

    def created(self) -> Self:
        """The same, with its tables."""
        done = self.command("create-tables")
        assert done.exit_code == 0, done.err
        return self

    def with_tables(self) -> Self:
        """The same, with the tables that `create-tables` makes: made once for all tests of this process."""
        self.database.write_bytes(empty_warehouse())
        return self

    def command(self, name: str, *options: str) -> Outcome:
        """Run a command that reads the configuration."""
        with patch.dict(os.environ, self.environment):
            return run(name, "--config", str(self.config), *options)

    def started(self, name: str, *options: str) -> "subprocess.Popen[str]":
        """The command in a process of its own, whose outcome is `harness.program.outcome_of` it."""
        command = [*PROGRAM, name, "--config", str(self.config), *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=os.environ | self.environment, stdout=pipe, stderr=pipe, text=True)

    def etl(self, *options: str) -> Outcome:
        """Run the load."""
        return self.command("etl", *options)

    def loaded(self, *options: str) -> Outcome:
        """Run the load, which must succeed."""
        done = self.etl(*options)
        assert done.exit_code == 0, "\n".join(done.err.splitlines()[-5:])
        return done

    def refused(self, exit_code: int, *words: str) -> str:
        """The sentence with which a load ends that changes nothing; it holds these words."""
        before = self.content()
        message = self.etl().refusal(exit_code, *words)
        assert self.content() == before
        return message

    def put(self, key: str, content: str | bytes) -> Path:
        """Lay an object into the bucket, packed as its name says; where it lies, if the bucket is a folder."""
        self.put_as_it_is(key, packed(key, content))
        return self.bucket / key

    def put_as_it_is(self, key: str, content: bytes) -> None:
        """Lay an object into the bucket, in place of what has its name."""
        path = self.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(content)

    def put_all(self, folder: Path) -> None:
        """Lay all files of a folder into the bucket as they are."""
        shutil.copytree(folder, self.bucket, dirs_exist_ok=True, copy_function=shutil.copyfile)

    def remove(self, key: str) -> None:
        """Take an object out of the bucket."""
        (self.bucket / key).unlink()

    def queries(self, statements: Iterable[str]) -> list[list[Row]]:
        """The rows of each of some queries on the warehouse."""
        with attached(self.database) as connection:
            return [connection.execute(sql).fetchall() for sql in statements]

    def query(self, sql: str) -> list[Row]:
        """The rows of a query on the warehouse."""
        [rows] = self.queries([sql])
        return rows

    def change(self, *statements: str) -> None:
        """Run statements on the warehouse behind the program's back."""
        with duckdb.connect(self.database) as connection:
            for sql in statements:
                connection.execute(sql)

    def assert_runs_tell_the_plays(self) -> None:
        """Compare how many plays there are, and are matched, with what the runs noted of them."""
        noted = "select coalesce(sum(plays_change), 0), coalesce(sum(matched_change), 0) from runs"
        told, there = self.queries([noted, "select count(*), count(song_id) from songplays"])
        assert told == there

    def star(self) -> dict[str, list[Row]]:
        """The star schema, in the form in which the second computation gives it."""
        statements = [f'select {", ".join(columns)} from "{table}"' for table, columns in oracle.COLUMNS.items()]
        tables = zip(oracle.COLUMNS, self.queries(statements), strict=True)
        return {table: sorted(rows, key=lambda row: row[0]) for table, rows in tables}

    def content(self, *, with_runs: bool = False) -> dict[str, list[str]]:
        """All that the warehouse holds, save which runs there were."""
        tables = [table for table in sql_queries.LASTING_TABLES if with_runs or table != "runs"]
        rows = self.queries(f'select * from "{table}"' for table in tables)
        return {table: sorted(map(repr, found)) for table, found in zip(tables, rows, strict=True)}

    def history(self) -> dict[str, tuple[int, int, int]]:
        """Of every loaded object, by its key: records read, rows staged, records rejected."""
        rows = self.query("select object, records_read, rows_staged, rows_rejected from load_history")
        return {object_key(name): (read, staged, rejected) for name, read, staged, rejected in rows}

    def rejected(self) -> list[Row]:
        """The rejected records: object, line, column, reason, raw text."""
        rows = self.query("select object, line, column_name, reason, raw_text from rejected_records")
        return sorted(((object_key(name), *rest) for name, *rest in rows), key=repr)


@cache
def empty_warehouse() -> bytes:
    """The file of a warehouse with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        return Sparkify(Path(folder) / "sparkify").created().database.read_bytes()


def object_key(name: str) -> str:
    """The key inside the bucket of an object as the warehouse names it."""
    return re.sub(r"^(.*/)?bucket(-\d+)?/", "", name)
