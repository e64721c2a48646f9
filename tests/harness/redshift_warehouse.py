"""A bucket, and a warehouse in Redshift that is loaded from it while something happens."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redshift_connector.error import InterfaceError

from harness.folders import quick_folder
from harness.program import Outcome, run
from harness.records import JSONPATHS, event, lines, packed, song
from redshift_stand_in.cloud import Cloud

PROGRAM = "import sys; from sparkify.cli import main; sys.exit(main(sys.argv[1:]))"

CLUSTER_KEYS = {
    "host": "HOST",
    "port": "DB_PORT",
    "database": "DB_NAME",
    "password": "DB_PASSWORD",
    "sslmode": "SSLMODE",
}

STAR = ("songplays", "users", "songs", "artists", "time", "catalogue", "load_history")


class Servers(Cloud):
    """Redshift and S3, with a database that others are copied from."""

    tables = ""
    """A database that has the tables and no rows."""

    def new_database(self, template: str) -> str:
        name = f"copy{next(self._numbers)}"
        with self.stand_in.postgres("postgres") as server:
            server.query(f"create database {name} template {template} strategy wal_log")
        return name

    def drop_database(self, name: str) -> None:
        with self.stand_in.postgres("postgres") as server:
            server.query(f"drop database {name} with (force)")


class Warehouse:
    """A bucket, and a warehouse that is loaded from it through the command line."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.servers, self.stand_in, self.s3 = servers, servers.stand_in, servers.s3
        self.folder = folder
        self.bucket = servers.new_bucket()
        self.put("log_json_path.json", JSONPATHS)
        if not servers.tables:
            servers.tables = self.stand_in.new_database()
            self.configure(database=servers.tables)
            created = self.command("create-tables")
            assert created.exit_code == 0, created.err
        self.database = servers.new_database(servers.tables)
        self.configure()

    def configure(self, *, role: str = "reader", work: str | None = "work", user: str = "worker", **more: Any) -> None:
        """Write the configuration. `more` holds values of [ETL], and in small letters some of [CLUSTER]."""
        cluster = {CLUSTER_KEYS[name]: value for name, value in more.items() if name in CLUSTER_KEYS}
        etl_settings = [f"{key} = {value}" for key, value in more.items() if key not in CLUSTER_KEYS]
        place = f"s3://{self.bucket}"
        address = work if not work or "://" in work else f"{place}/{work}"
        text = self.servers.configuration(place, getattr(self, "database", ""), work=address, role=role, **cluster)
        self.config = self.folder / "dwh.cfg"
        self.config.write_text("\n".join([text, "[ETL]", *etl_settings, ""]))
        self.config.chmod(0o600)  # it holds a password
        self.environment = self.servers.environment(user)

    def use(self, database: str) -> None:
        """Load into another database from now on."""
        text = self.config.read_text()
        self.config.write_text(text.replace(f"DB_NAME = {self.database}\n", f"DB_NAME = {database}\n"))
        self.database = database

    def command(self, name: str, *options: str) -> Outcome:
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self.environment.items():
                patch.setenv(variable, value)
            return run(name, "--config", str(self.config), *options)

    def etl(self, *options: str) -> Outcome:
        return self.command("etl", *options)

    def loaded(self) -> Outcome:
        """Run the load, which must succeed."""
        done = self.etl()
        assert done.exit_code == 0, done.err
        return done

    def started(self, *options: str) -> subprocess.Popen[str]:
        """The load in a process of its own."""
        command = [sys.executable, "-c", PROGRAM, "etl", "--config", str(self.config), *options]
        environment = os.environ | self.environment
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def put(self, key: str, content: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=packed(key, content))

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> set[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return {item["Key"] for item in found.get("Contents", ())}

    def query(self, sql: str) -> list[tuple[str | None, ...]]:
        """Rows, past the rules of Redshift, every value as text."""
        with self.stand_in.postgres(self.database) as server:
            return [tuple(row) for row in server.query(sql)]

    def content(self) -> dict[str, list[str | None]]:
        """The star schema, the catalogue and the load history, save in which run and when an object was loaded."""
        rows = "select to_jsonb(t) - 'run_id' - 'batch' - 'loaded_at' from \"{}\" as t order by 1"
        return {table: [text for (text,) in self.query(rows.format(table))] for table in STAR}

    def batches(self) -> int:
        """How many batches were committed."""
        [(batches,)] = self.query("select coalesce(sum(batches), 0) from runs")
        return int(batches or 0)

    def sums(self) -> dict[str, tuple[int, int, int]]:
        """Of every loaded object, by its key: records read, rows staged, records rejected."""
        rows = self.query("select object, records_read, rows_staged, rows_rejected from load_history")
        store = f"s3://{self.bucket}/"
        return {str(name).removeprefix(store): (int(a or 0), int(b or 0), int(c or 0)) for name, a, b, c in rows}

    def rejected(self) -> list[tuple[str | None, ...]]:
        """The rejected records: key, line, column, reason, raw text."""
        found = f"replace(object, 's3://{self.bucket}/', ''), line, column_name, reason, raw_text"
        return self.query(f"select {found} from rejected_records order by object, line")

    @contextmanager
    def held(self, *tables: str) -> Iterator[Any]:
        """A session that holds some tables meanwhile, or until it is closed."""
        session = self.stand_in.connect(self.database)
        session.cursor().execute(f"lock table {', '.join(tables)}")
        try:
            yield session
        finally:
            with suppress(InterfaceError):
                session.close()


@contextmanager
def running() -> Iterator[Servers]:
    """Both servers, in a folder that PostgreSQL's own user can reach, which pytest closes to all others."""
    with quick_folder() as folder, Servers.running(folder) as both:
        yield both


@contextmanager
def delivered(servers: Servers, folder: Path) -> Iterator[Warehouse]:
    """A warehouse with its tables, and a bucket with a song and a small log."""
    made = Warehouse(folder, servers)
    made.put("song_data/A/a.json", lines([song()]))
    made.put("log_data/2018/11/a.json", lines([event(), event(page="Home", ts=1), event(userId="", itemInSession=1)]))
    yield made
    servers.stand_in.disarm()
    if not servers.stand_in.is_running():
        servers.stand_in.restart()
    servers.drop_database(made.database)


def refusal(warehouse: Warehouse, code: int, *words: str) -> str:
    """The sentence with which a load ends that changes nothing."""
    before = warehouse.content()
    outcome = warehouse.etl()
    assert outcome.exit_code == code, outcome.err
    *_, said, stays = outcome.err.splitlines()
    assert said.startswith("error: "), outcome.err
    assert stays == "nothing was changed", outcome.err
    assert outcome.out == ""
    for word in words:
        assert word in said
    assert len(said) < 600, said
    assert warehouse.content() == before
    return said


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
