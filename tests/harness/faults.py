"""A command of the program that something happens to at a chosen step, and the states that it may leave behind.

A *step* is whatever reaches out of the process: opening and closing the warehouse, every statement (begin, commit and
checkpoint among them), every page of a listing (`list`; of a folder, `walk`), every object and every piece of one that
is read. A `Watch` sees each step before and after it is done, and may end the process there, raise a fault, or send a
signal.

A *scene* is a bucket with something new, a warehouse before it is loaded, and the states that the warehouse may be
in after the command was disturbed: the one before, and the one after each whole batch. What a state must be comes
from elsewhere: from loads of buckets that hold those batches' objects and no more, and from `oracle.py`.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import obstore

import sparkify.store.folder
import sparkify.store.s3
from harness import oracle, reading, s3_folder
from harness.paths import ROOT
from sparkify.cli import main
from sparkify.store import StoredObject
from sparkify.store.folder import Folder

T = TypeVar("T")
Row = tuple[Any, ...]
State = dict[str, list[Row]]

NOW = datetime(2020, 2, 2)
"""The time of every run: runs that do the same then leave the same bytes behind."""

BY_FILES = 64_000
"""Logs of more bytes than this are read by DuckDB itself."""

# ---------------------------------------------------------------- steps


@dataclass
class Watch:
    """Sees every step of a command; on its own it only counts them."""

    steps: list[str] = field(default_factory=list)

    def before(self, number: int, step: str) -> None:
        """Step `number`, counted from 1, is about to be done."""

    def after(self, number: int, step: str) -> None:
        """Step `number` is done."""


@dataclass
class Signal(Watch):
    """The process sends itself a signal just before or just after a step."""

    at: int = 0
    is_before: bool = True
    number: int = signal.SIGKILL

    def before(self, number: int, step: str) -> None:
        if self.is_before and number == self.at:
            os.kill(os.getpid(), self.number)

    def after(self, number: int, step: str) -> None:
        if not self.is_before and number == self.at:
            os.kill(os.getpid(), self.number)


@contextmanager
def watched(watch: Watch, buckets: Path) -> Iterator[None]:
    """Show every step of the program to a watch. Each S3 bucket is the folder of its name in `buckets`."""
    lock = threading.Lock()

    def step(name: str, do: Callable[[], T]) -> T:
        with lock:
            watch.steps.append(name)
            number = len(watch.steps)
            watch.before(number, name)
        done = do()
        watch.after(number, name)
        return done

    get, walk, read = obstore.get, sparkify.store.folder.walk, Folder.read

    def read_file(folder: Folder, item: StoredObject) -> bytes:
        content: bytes = step("file", lambda: read(folder, item))
        return content

    watching: list[tuple[Any, str, Any]] = [
        (duckdb, "connect", lambda *a, **o: _Database(step("open", lambda: _connect(*a, **o)), step)),
        (obstore, "get", lambda *a, **o: _Content(step("read", lambda: get(*a, **o)), step)),
        (sparkify.store.s3, "Account", lambda settings: s3_folder.Account(buckets, step)),
        (sparkify.store.s3, "S3Store", s3_folder.reader(buckets)),
        (sparkify.store.s3, "ATTEMPTS", 1),  # else an answer that breaks off would be read on
        (sparkify.store.folder, "walk", lambda root, location: step("walk", lambda: walk(root, location))),
        (Folder, "read", read_file),
    ]
    unwatched = [(owner, name, getattr(owner, name)) for owner, name, _ in watching]
    for owner, name, watching_it in watching:
        setattr(owner, name, watching_it)
    try:
        yield
    finally:
        for owner, name, original in unwatched:
            setattr(owner, name, original)


_real_connect = duckdb.connect


def _connect(*arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:
    """A connection that works in one thread: so little data gives no other anything to do."""
    connection = _real_connect(*arguments, **options)
    connection.execute("set threads = 1")
    return connection


class _Database:
    """A connection to DuckDB whose statements are steps, named by their first word."""

    def __init__(self, connection: Any, step: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._connection, self._step = connection, step

    def execute(self, sql: str, values: Any = None) -> Any:
        if sql.startswith("comment on column"):  # a hundred of them, and each is like the comment on its table
            return self._connection.execute(sql, _at_once(values))
        return self._step(sql.split()[0], lambda: self._connection.execute(sql, _at_once(values)))

    def close(self) -> None:
        self._step("close", self._connection.close)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Content:
    """An object of the store: the answer is a step, and so is its content."""

    def __init__(self, content: Any, step: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._content, self._step = content, step
        self.meta = content.meta

    def bytes(self) -> Any:
        return self._step("read", self._content.bytes)


def _at_once(value: Any) -> Any:
    """A bound value in which the time is always `NOW`; what the objects tell is older."""
    match value:
        case datetime():
            return NOW if value > NOW else value
        case list():
            return [_at_once(each) for each in value]
        case dict():
            return {name: _at_once(each) for name, each in value.items()}
    return value


# ---------------------------------------------------------------- commands


@dataclass(frozen=True)
class Outcome:
    """What a command left for the person: exit code, stdout, stderr; and the steps that it went."""

    exit_code: int
    stdout: str
    stderr: str
    steps: tuple[str, ...]

    @property
    def batches_said_to_stay(self) -> int:
        """How many batches of the run stay loaded, as the last line of stderr tells the person."""
        said = self.stderr.strip().splitlines()[-1]
        if said == "nothing was changed":
            return 0
        counts = [word for word in re.findall(r"\w+", said) if word.isdecimal()]
        assert len(counts) == 1, f"the last line does not say what stays: {said!r}"
        assert "batch" in said
        assert "stay" in said
        return int(counts[0])


def run(scene: Scene, warehouse: Path, *arguments: str, watch: Watch | None = None, lock_timeout: int = 30) -> Outcome:
    """Run a command of the program here, on the scene's bucket and a warehouse of its own."""
    watch = watch or Watch()
    stdout, stderr = io.StringIO(), io.StringIO()
    settings = {
        "DWH_DUCKDB_PATH": str(warehouse),
        "DWH_ETL_LOCK_TIMEOUT": str(lock_timeout),
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    with (
        _environment(
            {name: text for name, text in os.environ.items() if not name.startswith(("DWH_", "AWS_"))} | settings
        ),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        watched(watch, scene.folder),
    ):
        exit_code = main([*arguments, "--config", str(scene.configuration)])
    return Outcome(int(exit_code), stdout.getvalue(), stderr.getvalue(), tuple(watch.steps))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These environment variables and no others."""
    outside = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(outside)


@dataclass(frozen=True)
class Child:
    """A command that runs in a process of its own."""

    process: ForkServerProcess
    answer: Connection

    def result(self) -> Outcome | int:
        """What the command left when it has ended; the number of the signal that killed it, as Python negates it."""
        try:
            outcome: Outcome | None = self.answer.recv()
        except EOFError:
            outcome = None
        self.process.join()
        exit_code = self.process.exitcode
        assert exit_code is not None
        return exit_code if outcome is None else outcome


@cache
def _server() -> ForkServerContext:
    """The process from which children are forked: it has imported everything and done nothing, so it has one thread."""
    server = multiprocessing.get_context("forkserver")
    program = ["cli", "etl", "create_tables", "summary", "engines.duckdb"]
    server.set_forkserver_preload(["harness.faults", "sparkify.store.s3", *(f"sparkify.{name}" for name in program)])
    path = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    with _environment({**os.environ, "PYTHONPATH": path}):
        forkserver.ensure_running()
    return server


def start(scene: Scene, warehouse: Path, *arguments: str, watch: Watch, most_bytes: int | None = None) -> Child:
    """Start a command in a process of its own, that was forked from one that imported everything and did nothing.

    No file that it writes may grow beyond `most_bytes`.
    """
    server = _server()
    answer, told = server.Pipe(duplex=False)
    process = server.Process(target=_run_in_child, args=(scene, warehouse, arguments, watch, most_bytes, told))
    process.start()
    told.close()
    return Child(process, answer)


def hold(warehouse: Path, *, read_only: bool) -> tuple[ForkServerProcess, Connection]:
    """Another process that opens the warehouse and holds it until it is sent a word."""
    server = _server()
    here, there = server.Pipe()
    process = server.Process(target=_hold_in_child, args=(warehouse, read_only, there))
    process.start()
    here.recv()
    return process, here


def _hold_in_child(warehouse: Path, read_only: bool, there: Connection) -> None:
    with duckdb.connect(warehouse, read_only=read_only):
        there.send("held")
        there.recv()


def pipe() -> tuple[Connection, Connection]:
    """The two ends of a line between this process and a child."""
    return _server().Pipe()


def _run_in_child(
    scene: Scene, warehouse: Path, arguments: Sequence[str], watch: Watch, most_bytes: int | None, told: Connection
) -> None:
    threads = Path(f"/proc/{os.getppid()}/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1, "a process with threads cannot be forked safely"
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    told.send(run(scene, warehouse, *arguments, watch=watch))


# ---------------------------------------------------------------- states

COMPARED: dict[str, tuple[str, ...]] = {
    **oracle.COLUMNS,
    "catalogue": ("source_file", "song_id", "artist_id", "title", "artist_name", "duration", "year"),
    "load_history": ("object", "etag", "size", "records_read", "rows_staged", "rows_rejected"),
    "rejected_records": ("object", "line", "column_name", "reason", "raw_text"),
}
"""What makes two warehouses the same. Which run and batch loaded an object is not part of it."""

NO_ROWS: State = {table: [] for table in COMPARED}
"""A warehouse with its tables and nothing in them."""


def state_of(warehouse: Path) -> State:
    """All rows that count, in order; no tables where there are none."""
    return state_and_runs(warehouse)[0]


def state_and_runs(warehouse: Path) -> tuple[State, list[str]]:
    """All rows that count, and how the runs ended, in order; neither where there are no tables."""
    if not warehouse.exists():
        return {}, []
    with duckdb.connect(warehouse, read_only=True) as connection:
        there = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        rows = {name: _rows(connection, name, columns) for name, columns in COMPARED.items() if name in there}
        runs = connection.execute("select status from runs order by run_id").fetchall() if "runs" in there else []
    return rows, [status for (status,) in runs]


def _rows(connection: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> list[Row]:
    wanted = ", ".join(f'"{column}"' for column in columns)
    return sorted(connection.execute(f'select {wanted} from "{table}"').fetchall(), key=repr)


def files_of(warehouse: Path) -> list[Path]:
    """The warehouse's file and its log, as far as they are there."""
    return sorted(warehouse.parent.glob(f"{warehouse.name}*"))


# ---------------------------------------------------------------- scenes


@dataclass(frozen=True)
class Scene:
    """A folder with a bucket and a configuration, a warehouse, and what may come of a command."""

    folder: Path
    command: tuple[str, ...]
    warehouse: Path
    states: tuple[State, ...] = ()

    @property
    def configuration(self) -> Path:
        return self.folder / "dwh.cfg"

    def copied(self, name: str) -> Path:
        """The warehouse as it was before the command, in a new folder."""
        folder = self.folder / name
        folder.mkdir()
        for file in files_of(self.warehouse):
            shutil.copyfile(file, folder / file.name)
        return folder / self.warehouse.name

    @cached_property
    def recovered(self) -> set[tuple[object, ...]]:
        """What was left behind and found to recover right: the state, how the runs ended, and the size of the files."""
        return set()

    def state_left(self, warehouse: Path) -> int:
        """Which of the allowed states is there; a plain run must then end as an undisturbed one, with checks passed.

        Where the same was left before, by the rows and by the size of the files, it is not recovered a second time.
        The copy is gone afterwards.
        """
        sizes = [(file.name, file.stat().st_size) for file in files_of(warehouse)]
        left, runs = state_and_runs(warehouse)
        assert left in self.states, f"half done: {differences(left, self.states)}"
        number = self.states.index(left)
        if (same := (number, *runs, *sizes)) not in self.recovered:
            self._recover(warehouse)
            self.recovered.add(same)
        shutil.rmtree(warehouse.parent)
        return number

    def _recover(self, warehouse: Path) -> None:
        for command in (*self.repairs, ("etl",), ("check",)):
            outcome = run(self, warehouse, *command)
            assert outcome.exit_code == 0, outcome.stderr
        again, (*former, last) = state_and_runs(warehouse)
        assert again == self.states[-1], f"recovered wrong: {differences(again, self.states[-1:])}"
        assert last == "done"
        assert "running" not in former

    @property
    def repairs(self) -> list[tuple[str, ...]]:
        """What a person types before `etl`, after the command was disturbed."""
        return [("create-tables",)] if self.command[0] == "create-tables" else []


def differences(found: State, allowed: Sequence[State]) -> list[list[str]]:
    """The tables in which a state is not the allowed one, for each of several that are allowed."""
    return [
        [
            f"{table}: {len(found.get(table, []))} rows of {len(rows)}"
            for table, rows in state.items()
            if found.get(table) != rows
        ]
        for state in allowed
    ]


CONFIGURATION = """\
[S3]
LOG_DATA = {place}/log_data
LOG_JSONPATH = {place}/log_json_path.json
SONG_DATA = {place}/song_data
[ETL]
MAX_ERRORS = 5
BATCH_SIZE = {batch_size}
"""

SONGS = {
    "song_data/A/A.json": {"song_id": "SOA", "title": "Dark Forest", "artist_id": "ARA", "artist_name": "Ada Sol"},
    "song_data/A/B.json": {"song_id": "SOB", "title": "Still River", "artist_id": "ARB", "artist_name": "Bo Ray"},
}
LATER_SONGS = {
    "song_data/A/A.json": {"song_id": "SOA", "title": "Dark Woods", "artist_id": "ARA", "artist_name": "Ada Sol"},
    "song_data/B/C.json": {"song_id": "SOC", "title": "Far Coast", "artist_id": "ARC", "artist_name": "Ada"},
}
HEARD = [("Dark Forest", "Ada Sol"), ("Still River", "Bo Ray"), ("Far Coast", "Ada"), ("Dark Woods", "Ada Sol")]
HOUR = 3_600_000
BROKEN = '{"page": "NextSong", "ts": 15410'


def song(words: Mapping[str, str]) -> dict[str, Any]:
    """A record of the catalogue."""
    unknown = {"artist_latitude": None, "artist_longitude": None, "artist_location": ""}
    return {"num_songs": 1, **unknown, **words, "duration": 200.5, "year": 0}


def event(number: int, **other: Any) -> dict[str, Any]:
    """The n-th event of the log, of five users; every fourth is no play."""
    title, artist = HEARD[number // 2 % len(HEARD)]
    is_play = number % 4 > 0
    return {
        "artist": artist if is_play else None,
        "auth": "Logged In",
        "firstName": f"First{number % 5}",
        "gender": "F",
        "itemInSession": number // 5,
        "lastName": "Last",
        "length": 200.0 if is_play else None,
        "level": "paid" if number > 60 else "free",
        "location": "Lodz",
        "method": "PUT" if is_play else "GET",
        "page": "NextSong" if is_play else "Home",
        "registration": 1540000000000.0,
        "sessionId": number % 5,
        "song": title if is_play else None,
        "status": 200,
        "ts": 1541030400000 + number * HOUR,
        "userAgent": "Mozilla " * 80,
        "userId": f"{number % 5}",
        **other,
    }


LOGS = {
    "log_data/2018/01.json": [event(n) for n in range(8)],
    "log_data/2018/02.json": [event(n) for n in range(8, 80)],
}
CHANGED = event(9, level="paid", location="Zurich")
LATER_LOGS = {
    "log_data/2018/00.json": [event(n) for n in range(-4, 0)],
    "log_data/2018/02.json": [*LOGS["log_data/2018/02.json"], CHANGED, *(event(n) for n in range(80, 84))],
}


def deliver(bucket: Path, songs: Mapping[str, Mapping[str, str]], logs: Mapping[str, Sequence[Any]], end: str) -> None:
    """Lay objects over a bucket; `end` is what the largest log ends with."""
    for key, words in songs.items():
        put(bucket / key, json.dumps(song(words)))
    for key, events in logs.items():
        lines = "".join(f"{json.dumps(each)}\n" for each in events)
        put(bucket / key, lines + (end if len(lines) > BY_FILES else ""))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def first_load(folder: Path, place: str = "bucket") -> Scene:
    """Two songs and two logs for an empty warehouse, from a folder and in one batch; the larger log goes by files."""
    scene = empty(folder, place, batch_size="1 GB")
    assert run(scene, scene.warehouse, "create-tables").exit_code == 0
    deliver(folder / "bucket", SONGS, LOGS, end="")
    return with_states(scene, batches=1)


def second_load(folder: Path) -> Scene:
    """A second delivery, from S3 and in two batches; the first delivery is loaded.

    The first batch holds a song in another version, a song that plays waited for, and an older log; the second a log
    that has grown. That one holds a play in another version and a broken line, so that it goes by files and, as that
    does not do, then by lines.
    """
    scene = empty(folder, place="s3://bucket", batch_size="64 KB")
    deliver(folder / "bucket", SONGS, LOGS, end="")
    assert run(scene, scene.warehouse, "create-tables").exit_code == 0
    assert run(scene, scene.warehouse, "etl").exit_code == 0
    deliver(folder / "bucket", LATER_SONGS, LATER_LOGS, end=f"{BROKEN}\n")
    return with_states(scene, batches=2)


def empty(folder: Path, place: str, batch_size: str) -> Scene:
    """No warehouse yet, and a bucket that holds nothing but its JSONPaths file."""
    for prefix in ("song_data", "log_data"):
        (folder / "bucket" / prefix).mkdir(parents=True)
    paths = {"jsonpaths": [f"$['{key}']" for key in reading.EVENT_KEYS]}
    (folder / "bucket" / "log_json_path.json").write_text(json.dumps(paths))
    scene = Scene(folder, ("etl",), folder / "sparkify.duckdb")
    scene.configuration.write_text(CONFIGURATION.format(place=place, batch_size=batch_size))
    return scene


def with_states(scene: Scene, batches: int) -> Scene:
    """The scene with the states after each whole batch: what a bucket of the objects of those batches comes to."""
    plan = json.loads(run(scene, scene.warehouse, "etl", "--dry-run", "--json").stdout)["batches"]
    assert len(plan) == batches
    keys = [[entry["object"].partition("bucket/")[2] for entry in batch] for batch in plan]
    parts = [[key for batch in keys[:n] for key in batch] for n in range(1, batches + 1)]
    states = [state_of(scene.warehouse), *(_state_of_part(scene, part) for part in parts)]
    assert all(state not in states[:n] for n, state in enumerate(states)), "the states cannot be told apart"
    return Scene(scene.folder, scene.command, scene.warehouse, tuple(states))


def _state_of_part(scene: Scene, keys: Iterable[str]) -> State:
    """What a load of some objects of the bucket comes to; as hard links they keep their ETags."""
    warehouse = scene.copied("part")
    part = warehouse.parent
    for key in ("log_json_path.json", *keys):
        link = part / "bucket" / key
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(scene.folder / "bucket" / key, link)
    for prefix in ("song_data", "log_data"):
        (part / "bucket" / prefix).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(scene.configuration, part / "dwh.cfg")
    outcome = run(Scene(part, scene.command, warehouse), warehouse, "etl")
    assert outcome.exit_code == 0, outcome.stderr
    state = state_of(warehouse)
    shutil.rmtree(part)
    return state


def star_schema(*deliveries: tuple[Mapping[str, Mapping[str, str]], Mapping[str, Sequence[Any]]]) -> State:
    """The star schema of some deliveries by the second computation, in the form of a state."""
    songs: dict[str, list[dict[str, Any]]] = {}
    events: list[Any] = []
    for delivered_songs, delivered_logs in deliveries:
        songs |= {key: [song(words)] for key, words in delivered_songs.items()}
        events += [each for log in delivered_logs.values() for each in log]
    return {table: sorted(rows, key=repr) for table, rows in oracle.warehouse(songs, events).items()}


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A new folder, in memory where the system offers that, gone afterwards."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="sparkify-test-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        yield Path(name).resolve()
