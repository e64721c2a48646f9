"""What the tests share: a warehouse beside its bucket folder, worked as a person works it, and a quiet environment."""

import gzip
import io
import json
import os
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import oracle
import pytest
import zstandard
from hypothesis import HealthCheck, settings

from sparkify import sql_queries
from sparkify.cli import main

Row = tuple[Any, ...]
Record = Mapping[str, Any]

JSONPATHS = json.dumps({"jsonpaths": [f"$['{key}']" for key in oracle.EVENT_KEYS]})

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))
"""How many times as many examples as usual a property gets; EXAMPLES_TIMES=20 makes a long search of it."""

settings.register_profile(
    "everywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing asks the network for credentials."""
    for variable in [name for name in os.environ if name.startswith(("DWH_", "AWS_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))


@pytest.fixture
def sparkify(tmp_path: Path) -> "Sparkify":
    """A warehouse with its tables, beside an empty bucket folder."""
    return Sparkify(tmp_path / "sparkify").created()


class Outcome(NamedTuple):
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str


class Sparkify:
    """One warehouse and the bucket folder beside it, worked through the command line in this process."""

    def __init__(self, folder: Path, **etl_settings: str | int) -> None:
        self.folder = folder
        self.bucket = folder / "bucket"
        self.config = folder / "dwh.cfg"
        self.database = folder / "sparkify.duckdb"
        for prefix in ("song_data", "log_data"):
            (self.bucket / prefix).mkdir(parents=True)
        self.put("log_json_path.json", JSONPATHS)
        self._write("bucket", "", "", etl_settings)

    def configure(
        self, store: str = "bucket", *, songs: str | Path = "", more: str = "", **etl_settings: str | int
    ) -> None:
        """Write the configuration; `store` is the folder or the s3:// address that holds the bucket's prefixes."""
        self._write(store, str(songs), more, etl_settings)

    def _write(self, store: str, songs: str, more: str, etl_settings: Mapping[str, str | int]) -> None:
        lines = [
            *("[S3]", f"LOG_DATA = {store}/log_data", f"LOG_JSONPATH = {store}/log_json_path.json"),
            *(f"SONG_DATA = {songs or f'{store}/song_data'}", "[DUCKDB]", "PATH = sparkify.duckdb", "[ETL]"),
            *(f"{key} = {value}" for key, value in etl_settings.items()),
            more,
        ]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def created(self) -> "Sparkify":
        """The same, with its tables."""
        done = self.command("create-tables")
        assert done.exit_code == 0, done.err
        return self

    def command(self, name: str, *options: str) -> Outcome:
        """Run a command that reads the configuration."""
        return run(name, "--config", str(self.config), *options)

    def etl(self, *options: str) -> Outcome:
        """Run the load."""
        return self.command("etl", *options)

    def loaded(self) -> Outcome:
        """Run the load, which must succeed."""
        done = self.etl()
        assert done.exit_code == 0, "\n".join(done.err.splitlines()[-5:])
        return done

    def put(self, key: str, content: str | bytes) -> Path:
        """Lay an object into the bucket, in place of what has its name, packed as its name says."""
        path = self.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(packed(key, content))
        return path

    def query(self, sql: str) -> list[Row]:
        """The rows of a query on the warehouse."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def star(self) -> dict[str, list[Row]]:
        """The star schema, in the form in which the second computation gives it."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return {
                table: sorted(
                    connection.execute(f'select {", ".join(columns)} from "{table}"').fetchall(),
                    key=lambda row: row[0],
                )
                for table, columns in oracle.COLUMNS.items()
            }

    def content(self) -> dict[str, list[str]]:
        """All that the warehouse holds, save which runs there were."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return {
                table: sorted(map(repr, connection.execute(f'from "{table}"').fetchall()))
                for table in sql_queries.TABLES
                if table != "runs"
            }

    def history(self) -> dict[str, tuple[int, int, int]]:
        """Of every loaded object, by its key: records read, rows staged, records rejected."""
        rows = self.query("select object, records_read, rows_staged, rows_rejected from load_history")
        return {object_key(name): (read, staged, rejected) for name, read, staged, rejected in rows}

    def rejected(self) -> list[Row]:
        """The rejected records: object, line, column, reason, raw text."""
        rows = self.query("select object, line, column_name, reason, raw_text from rejected_records")
        return sorted(((object_key(name), *rest) for name, *rest in rows), key=repr)


def run(*arguments: str) -> Outcome:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exit_code = main(arguments)
        except SystemExit as e:  # argparse refuses a command line so
            exit_code = int(e.code or 0)
    return Outcome(int(exit_code), out.getvalue(), err.getvalue())


def object_key(name: str) -> str:
    """The key inside the bucket of an object as the warehouse names it."""
    return f"/{name}".rpartition("/bucket/")[2]


def packed(key: str, content: str | bytes) -> bytes:
    """The bytes of an object whose name says whether they are packed."""
    content = content.encode() if isinstance(content, str) else content
    if key.endswith(".gz"):
        return gzip.compress(content)
    return zstandard.compress(content) if key.endswith(".zst") else content


def lines(records: Iterable[Record]) -> str:
    """Records as the real logs hold them: one a line, and no newline at the end."""
    return "\n".join(map(json.dumps, records))


def song(**changes: object) -> dict[str, Any]:
    """A song record with all keys."""
    return {
        "num_songs": 1,
        "artist_id": "AR1",
        "artist_latitude": None,
        "artist_longitude": None,
        "artist_location": "",
        "artist_name": "Adele",
        "song_id": "SO1",
        "title": "Hello",
        "duration": 295.5,
        "year": 2015,
    } | changes


def event(**changes: object) -> dict[str, Any]:
    """A play with all keys."""
    return {
        "artist": "Adele",
        "auth": "Logged In",
        "firstName": "Lily",
        "gender": "F",
        "itemInSession": 0,
        "lastName": "Koch",
        "length": 295.5,
        "level": "paid",
        "location": "Chicago-Naperville-Elgin, IL-IN-WI",
        "method": "PUT",
        "page": "NextSong",
        "registration": 1541048010796.0,
        "sessionId": 818,
        "song": "Hello",
        "status": 200,
        "ts": 1542845032796,
        "userAgent": '"Mozilla/5.0 (X11; Linux x86_64)"',
        "userId": "15",
    } | changes


def many_events(size: int, **changes: object) -> list[str]:
    """Lines of good log, more than `size` bytes of them together; every line is a play of its own."""
    count = size // len(json.dumps(event(**changes))) + 1
    return [json.dumps(event(sessionId=100_000, itemInSession=n, **changes)) for n in range(count)]


def assert_is(found: Mapping[str, Sequence[Row]], expected: Mapping[str, Sequence[Row]]) -> None:
    """Fail with the rows of the first table that is not as expected."""
    for table, rows in expected.items():
        wanted, there = Counter(rows), Counter(found[table])
        missing, unexpected = [*(wanted - there).elements()], [*(there - wanted).elements()]
        assert not missing, f"{table} lacks {missing[:3]} and has {unexpected[:3]} instead"
        assert not unexpected, f"{table} has {unexpected[:3]} that must not be there, or not twice"


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
