"""Whole runs of the program on warehouses that have loaded (nearly) all that a bucket holds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5
from itertools import islice
from pathlib import Path

import duckdb
from bucket import BUCKET, JSONPATHS_KEY, LAST_HOUR, LOGS, SONGS, Server, content_of, log_keys, running, song_keys
from measuring import ROOT

sys.path.insert(0, str(ROOT))

import redshift_stand_in
from redshift_stand_in import StandIn

MOST_MEMORY = 300_000_000

FIRST_DAY = str(LAST_HOUR.date() - timedelta(days=2))
"""Of three days of logs, for `--since`."""

MEASURED = """
import re, sys, time
from sparkify.cli import main
code = main(sys.argv[2:])
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]
open(sys.argv[1], "w").write(f"{int(peak) * 1024} {time.process_time()}")
sys.exit(code)
"""
"""The program, which then writes how much memory and processor time it took; Linux counts both since it began."""

RUN = """
insert into runs (
    run_id, started_at, finished_at, status, batches, objects, bytes, events, plays_staged, plays_inserted, plays_known,
    songs, rejected, songs_gone, plays_change, matched_change
) values (1, '2018-11-30', '2018-11-30', 'done', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""


@dataclass(frozen=True)
class Run:
    """One process: seconds of wall time and of processor time, bytes of memory at its peak, and what it printed."""

    seconds: float
    processor: float
    memory: int
    out: str


def sparkify(*arguments: object, environment: Mapping[str, str]) -> Run:
    """Run a command of the program to its end."""
    with tempfile.NamedTemporaryFile("r") as measures:
        command = [sys.executable, "-c", MEASURED, measures.name, *map(str, arguments)]
        started = time.perf_counter()
        done = subprocess.run(command, env={**environment}, stdout=subprocess.PIPE, text=True, check=True)
        seconds = time.perf_counter() - started
        memory, processor = measures.read().split()
        return Run(seconds, float(processor), int(memory), done.stdout)


def configured(folder: Path, environment: Mapping[str, str], stand_in: StandIn | None) -> Path:
    """A dwh.cfg for the bucket, and for the stand-in or a DuckDB file beside it, with the tables made."""
    lines = [
        "[S3]",
        f"LOG_DATA = s3://{BUCKET}/{LOGS}",
        f"SONG_DATA = s3://{BUCKET}/{SONGS}",
        f"LOG_JSONPATH = s3://{BUCKET}/{JSONPATHS_KEY}",
    ]
    if stand_in:
        login = {"HOST": stand_in.host, "DB_PORT": stand_in.port, "DB_NAME": stand_in.database, "SSLMODE": "disable"}
        user = {"DB_USER": stand_in.user, "DB_PASSWORD": stand_in.password}
        lines += [f"WORK = s3://{BUCKET}/work", "[IAM_ROLE]", "ARN = arn:aws:iam::123456789012:role/bench", "[CLUSTER]"]
        lines += [f"{key} = {value}" for key, value in (login | user).items()]
    folder.mkdir()
    config = folder / "dwh.cfg"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    sparkify("create-tables", "--quiet", "--config", config, environment=environment)
    return config


def history(songs: int, logs: int, seed: int) -> Iterator[str]:
    """The load history of a bucket's objects, as lines of tab-separated values."""
    keys = [("songs", SONGS, song_keys(songs, seed)), ("events", LOGS, log_keys(logs))]
    for kind, prefix, of_kind in keys:
        for key in of_kind:
            data = content_of(key)
            values = (key.removeprefix(prefix), f"s3://{BUCKET}/{key}", f'"{md5(data).hexdigest()}"', len(data))
            yield "\t".join([kind, *map(str, values), "1", "1", "1", "1", "0", "2018-11-30 00:00:00"]) + "\n"


@contextmanager
def warehouses(songs: int, logs: int, *, new: int = 0, seed: int = 1) -> Iterator[Iterator[tuple[str, Path, Server]]]:
    """For each engine a warehouse that has loaded a bucket, save some of its songs: its name, dwh.cfg and bucket."""
    with (
        tempfile.TemporaryDirectory() as text,
        running(songs, logs=logs, seed=seed) as server,
        redshift_stand_in.running(folder := Path(text)) as stand_in,
    ):
        lines = folder / "history.tsv"
        with lines.open("w") as file:
            file.writelines(islice(history(songs, logs, seed), new, None))

        def filled() -> Iterator[tuple[str, Path, Server]]:
            config = configured(folder / "DuckDB", server.environment, None)
            with duckdb.connect(config.with_name("sparkify.duckdb")) as database:
                database.execute(f"copy load_history from '{lines}' (delimiter '\t', quote '', header false)")
                database.execute(RUN)
            yield "DuckDB", config, server
            config = configured(folder / "Redshift", server.environment, stand_in)
            with stand_in.postgres() as postgres, lines.open("rb") as file:
                postgres.copy_in("copy load_history from stdin", iter(lambda: file.read(1_000_000), b""))
                postgres.query(RUN)
            yield "Redshift", config, server

        yield filled()


def show(count: int, seed: int) -> bool:
    """Measure runs with nothing new as a Markdown table; whether they took no more memory than they may."""
    print(f"{count:,} objects loaded, nothing new\n")
    print("| run | LIST | GET | seconds | of processor time | most memory |\n|---|---|---|---|---|---|")
    is_within = True
    with warehouses(count - count // 10, count // 10, seed=seed) as filled:
        for name, config, server in filled:
            for options in ((), ("--since", FIRST_DAY)):
                before = server.ask("counts")["requests"]
                run = sparkify("etl", "--quiet", "--json", *options, "--config", config, environment=server.environment)
                requests = server.ask("counts")["requests"]
                lists, gets = (f"{requests[kind] - before.get(kind, 0):,}" for kind in ("LIST", "GET"))
                measures = f"{run.seconds:.1f} | {run.processor:.1f} | {run.memory / 1e6:.0f} MB"
                print(f"| `{' '.join(('etl', *options))}`, {name} | {lists} | {gets} | {measures} |", flush=True)
                is_within = is_within and run.memory <= MOST_MEMORY
                if json.loads(run.out)["objects"]["new"]:
                    raise SystemExit("objects that are loaded were loaded again")
    return is_within
