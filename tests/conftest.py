"""What the tests share: a warehouse beside its bucket, worked as a person works it, and a quiet environment."""

import gzip
import io
import json
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import botocore.loaders
import botocore.session
import duckdb
import oracle
import pytest
import zstandard
from hypothesis import HealthCheck, settings

from sparkify import sql_queries
from sparkify.cli import main

if TYPE_CHECKING:
    from engines import Servers
    from s3_double import S3Double

Row = tuple[Any, ...]
Record = Mapping[str, Any]

JSONPATHS = json.dumps({"jsonpaths": [f"$['{key}']" for key in oracle.EVENT_KEYS]})

ENGINES = ("duckdb", "redshift", "redshift without WORK")
"""Where a test can be run: the last reads whole prefixes."""

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))
"""How many times as many examples as usual a property gets; EXAMPLES_TIMES=20 makes a long search of it."""

settings.register_profile(
    "everywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, which a shell keeps from what it runs in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what could not be run here, and what was run on generated data."""
    reasons = {str(skipped.longrepr[2]) for skipped in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing asks the network for credentials."""
    for variable in [name for name in os.environ if name.startswith(("DWH_", "AWS_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))


@pytest.fixture(scope="session", autouse=True)
def models_of_aws() -> Iterator[None]:
    """Boto3 reads its descriptions of AWS once for all tests of this process: a quarter of a load on Redshift."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda search_path: loader)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator["Servers"]:
    """Redshift and S3 for all tests of this process, started when the first of them asks.

    Their folder is none of pytest's: that is closed to other users whenever a pytest begins, and root's PostgreSQL runs
    as one.
    """
    import engines  # which needs this module

    with TemporaryDirectory(prefix="servers-") as folder, engines.running(Path(folder)) as running:
        yield running


@pytest.fixture
def sparkify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Sparkify"]:
    """A warehouse with its tables, beside an empty bucket; in DuckDB, unless the test names an engine of `ENGINES`."""
    with opened(request, getattr(request, "param", "duckdb"), tmp_path / "sparkify") as made:
        yield made


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Double"]:
    """An S3 server in this process; its bucket `music` holds a JSONPaths file, and the environment has its address."""
    import s3_double

    s3_double.make_quick(monkeypatch)
    with s3_double.running() as server:
        server.buckets["music"] = {"log_json_path.json": JSONPATHS.encode()}
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "jXkQ1vZ8")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield server


@contextmanager
def opened(
    request: pytest.FixtureRequest, engine: str, folder: Path, **etl_settings: str | int
) -> Iterator["Sparkify"]:
    """A warehouse with its tables in an engine of `ENGINES`, until the end of the block."""
    if engine == "duckdb":
        yield Sparkify(folder, **etl_settings).with_tables()
        return
    servers: Servers = request.getfixturevalue("servers")
    with servers.sparkify(folder, has_work=engine == "redshift", **etl_settings) as made:
        yield made


@cache
def empty_warehouse() -> bytes:
    """The file of a warehouse with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        return Sparkify(Path(folder) / "sparkify").created().database.read_bytes()


class Outcome(NamedTuple):
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str


class Sparkify:
    """One warehouse and the bucket beside it, worked through the command line in this process.

    Here the engine is DuckDB and the bucket a folder; `engines.OnRedshift` is the same in Redshift and S3.
    """

    engine = "duckdb"
    """As `ENGINES` calls it."""

    reads_prefixes = False
    """Whether a run takes all that lies below a prefix for one object."""

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
        return run(name, "--config", str(self.config), *options)

    def etl(self, *options: str) -> Outcome:
        """Run the load."""
        return self.command("etl", *options)

    def loaded(self, *options: str) -> Outcome:
        """Run the load, which must succeed."""
        done = self.etl(*options)
        assert done.exit_code == 0, "\n".join(done.err.splitlines()[-5:])
        return done

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
        with duckdb.connect(self.database, read_only=True) as connection:
            return [connection.execute(sql).fetchall() for sql in statements]

    def query(self, sql: str) -> list[Row]:
        """The rows of a query on the warehouse."""
        [rows] = self.queries([sql])
        return rows

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
